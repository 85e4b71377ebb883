"""Nonces: when they were made and until when they are good, sealed with a secret. No clock, no randomness, no state.

A nonce is base64 of: the time it expires and the time it was made (4 octets each, seconds since the epoch), its number
(4), the pool that its number belongs to and whether it is numbered (2), the seal (16), and, where extra checks were
asked for, a second seal (16) over what must not change in the message between challenge and answer.
"""

from __future__ import annotations

import binascii
import hashlib
import struct
from hmac import compare_digest

FIELDS = struct.Struct(">IIIH")
SEAL = 16
LENGTH = FIELDS.size + SEAL
LENGTH_CHECKED = LENGTH + SEAL
TEXT_LENGTHS = (-(-LENGTH // 3) * 4, -(-LENGTH_CHECKED // 3) * 4)

NUMBERED = 0x8000
POOL_MASK = 0x7FFF

VALID = 0
STALE = 1
FORGED = 2
MOVED = 3
"""made by us, but for a message that differs in what the extra checks look at"""


class ReadNonce:
    """What a nonce says: `state` (VALID …); `number` and `pool` count only where `numbered`."""

    __slots__ = ("number", "numbered", "pool", "state")

    def __init__(self, state: int, number: int = 0, pool: int = 0, numbered: bool = False) -> None:
        self.state = state
        self.number = number
        self.pool = pool
        self.numbered = numbered


class Nonces:
    """Makes nonces and reads them; all with the same secret (octets) understand one another."""

    def __init__(self, secret: bytes, started_at: float, max_drift: int) -> None:
        self.key = hashlib.blake2b(secret, digest_size=32, person=b"nonce").digest()
        check_key = hashlib.blake2b(secret, digest_size=32, person=b"nonce checks").digest()
        # copied for each nonce: that is quicker than to begin anew with the key
        self.sealer = hashlib.blake2b(digest_size=SEAL, key=self.key)
        self.check_sealer = hashlib.blake2b(digest_size=SEAL, key=check_key)
        self.started_at = int(started_at)
        self.max_drift = max_drift

    def _seal(self, fields: bytes) -> bytes:
        sealer = self.sealer.copy()
        sealer.update(fields)
        return sealer.digest()

    def _seal_checked(self, fields: bytes, checked: bytes) -> bytes:
        sealer = self.check_sealer.copy()
        sealer.update(fields + checked)
        return sealer.digest()

    def make(self, now: float, life: int, checked: bytes | None, number: int | None = None, pool: int = 0) -> str:
        """A nonce that is good for `life` seconds; `checked` is what its answer must have in common with now."""
        made = int(now)
        place = 0 if number is None else NUMBERED | pool & POOL_MASK
        fields = FIELDS.pack(made + life & 0xFFFFFFFF, made & 0xFFFFFFFF, number or 0, place)
        data = fields + self._seal(fields)
        if checked is not None:
            data += self._seal_checked(fields, checked)
        return binascii.b2a_base64(data, newline=False).decode("ascii")

    def read(self, nonce: str, now: float, checked: bytes | None) -> ReadNonce:
        """What a nonce that came back is worth now.

        One from before the start, or from the future by more than `max_drift` seconds, is stale.
        """
        if len(nonce) not in TEXT_LENGTHS:
            return ReadNonce(FORGED)
        try:
            data = binascii.a2b_base64(nonce.encode("ascii"), strict_mode=True)
        except ValueError:
            return ReadNonce(FORGED)
        if len(data) not in (LENGTH, LENGTH_CHECKED):
            return ReadNonce(FORGED)
        fields = data[: FIELDS.size]
        if not compare_digest(data[FIELDS.size : LENGTH], self._seal(fields)):
            return ReadNonce(FORGED)
        expires, made, number, place = FIELDS.unpack(fields)
        state = VALID
        if expires < now or made < self.started_at or made - now > self.max_drift:
            state = STALE
        elif checked is not None and not compare_digest(data[LENGTH:], self._seal_checked(fields, checked)):
            state = MOVED
        return ReadNonce(state, number, place & POOL_MASK, bool(place & NUMBERED))
