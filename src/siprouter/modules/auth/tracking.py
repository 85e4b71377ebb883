"""What was seen of the nonces made last: their highest nonce count, and whether they were used. Memory is bounded.

Nonces are numbered; a number's cell is used again after as many numbers as there are cells, and a nonce whose cell
went to another is as good as stale.
"""

from __future__ import annotations

NUMBERS = 1 << 32
MAX_COUNT = 255


def round_down(size: int) -> int:
    """The largest power of two that is not above `size` (at least 1)."""
    return 1 << max(size, 1).bit_length() - 1


class NonceTracker:
    """Cells for `counts` nonces with a count and `once` nonces without; each a power of two, or 0.

    The first number is unguessable, so that nonces of an earlier run have no cell here. Cells that no nonce of this
    run has taken refuse everything.
    """

    def __init__(self, counts: int, once: int, first: int) -> None:
        self.counts = bytearray(b"\xff") * counts
        self.used = bytearray(b"\xff") * (-(-once // 8))
        self.once = once
        self.next = first % NUMBERS

    def issue(self) -> int:
        """A number for a new nonce."""
        number = self.next
        self.next = (number + 1) % NUMBERS
        if self.counts:
            self.counts[number & len(self.counts) - 1] = 0
        if self.once:
            cell = number & self.once - 1
            self.used[cell >> 3] &= ~(1 << (cell & 7)) & 0xFF
        return number

    def _is_kept(self, number: int, cells: int) -> bool:
        return (self.next - 1 - number) % NUMBERS < cells

    def may_count(self, number: int, count: int) -> bool:
        """Whether an answer with this nonce count would be the first one."""
        if count > MAX_COUNT or not self._is_kept(number, len(self.counts)):
            return False
        return self.counts[number & len(self.counts) - 1] < count

    def take_count(self, number: int, count: int) -> bool:
        """Like `may_count`; from now on only higher counts are good."""
        if not self.may_count(number, count):
            return False
        self.counts[number & len(self.counts) - 1] = count
        return True

    def may_use(self, number: int) -> bool:
        """Whether the nonce was not used yet."""
        if not self._is_kept(number, self.once):
            return False
        cell = number & self.once - 1
        return not self.used[cell >> 3] >> (cell & 7) & 1

    def take(self, number: int) -> bool:
        """Like `may_use`; from now on it is used."""
        if not self.may_use(number):
            return False
        cell = number & self.once - 1
        self.used[cell >> 3] |= 1 << (cell & 7)
        return True
