"""IP addresses and networks as text, bytes and numbers. No name is ever looked up here."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton


def parse_ip(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address, IPv6 with or without brackets; None where `text` is no address.

    Three colons count as two, as a mistake in the grammar of RFC 3261 has some write them (RFC 5118 section 4.10).
    """
    if ":" in text:
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1]
        text = text.replace(":::", "::", 1)
        family = AF_INET6
    else:
        if not text or not "0" <= text[-1] <= "9" or not "0" <= text[0] <= "9":  # most texts are names: no exception
            return None
        family = AF_INET
    try:
        return inet_pton(family, text)
    except (OSError, ValueError):  # ValueError: a NUL or a surrogate inside
        return None


def is_ip(text: str) -> bool:
    """True for an IPv4 or IPv6 address (brackets allowed)."""
    return parse_ip(text) is not None


def is_ipv4(text: str) -> bool:
    """True for a dotted quad."""
    return is_dotted_quad(text)


def is_dotted_quad(text: str) -> bool:
    """True for four numbers from 0 to 255 without leading zeros; the same as inet_pton says, without asking it."""
    size = len(text)
    if not 7 <= size <= 15:
        return False
    parts = 1
    digits = value = 0
    for i in range(size):
        c = ord(text[i])
        if 48 <= c <= 57:
            if digits and value == 0:
                return False
            value = value * 10 + c - 48
            digits += 1
            if value > 255:
                return False
        elif c == 46 and digits and parts < 4:
            parts += 1
            digits = value = 0
        else:
            return False
    return parts == 4 and digits > 0


def is_ipv6(text: str) -> bool:
    """True for an IPv6 address, brackets allowed."""
    return ":" in text and parse_ip(text) is not None


def format_ip(packed: bytes) -> str:
    """Text of a packed address, without brackets; raises ValueError for other lengths than 4 and 16."""
    if len(packed) == 4:
        return inet_ntop(AF_INET, packed)
    return inet_ntop(AF_INET6, packed)


def normalize_ip(text: str) -> str | None:
    """The one way to write this address (no brackets, IPv6 shortened, lower case); None where it is none."""
    if is_dotted_quad(text):
        return text  # there is one way only to write it
    packed = parse_ip(text) if ":" in text else None
    return None if packed is None else format_ip(packed)


def same_ip(one: str, other: str) -> bool:
    """True where both are the same address, however written; False where one is no address."""
    if ":" not in one and ":" not in other:
        return one == other and is_dotted_quad(one)
    packed = parse_ip(one)
    return packed is not None and packed == parse_ip(other)


def is_private_ipv4(packed: bytes) -> bool:
    """RFC 1918: 10/8, 172.16/12 and 192.168/16."""
    if len(packed) != 4:
        return False
    first = packed[0]
    second = packed[1]
    return first == 10 or (first == 172 and 16 <= second <= 31) or (first == 192 and second == 168)


class Network:
    """A block of addresses. `a.b.c.d`, `a.b.c.d/bits`, `a.b.c.d/mask`, the same in IPv6."""

    __slots__ = ("address", "bits", "mask", "width")

    def __init__(self, address: int, mask: int, width: int) -> None:
        self.address = address & mask
        self.mask = mask
        self.width = width  # bits in an address: 32 or 128
        self.bits = mask.bit_count()

    @staticmethod
    def parse(text: str) -> Network:
        """Raises ValueError, which says what is wrong, where `text` is no network."""
        host, slash, mask_text = text.strip().partition("/")
        packed = parse_ip(host)
        if packed is None:
            raise ValueError(f"{host!r} is not an IP address")
        width = len(packed) * 8
        mask = _parse_mask(mask_text, width) if slash else (1 << width) - 1
        return Network(int.from_bytes(packed, "big"), mask, width)

    def contains(self, text: str) -> bool:
        """True where the address `text` lies inside; False for other families and for what is no address."""
        packed = parse_ip(text)
        return packed is not None and self.contains_packed(packed)

    def contains_packed(self, packed: bytes) -> bool:
        """`contains` for 4 or 16 bytes."""
        return len(packed) * 8 == self.width and int.from_bytes(packed, "big") & self.mask == self.address

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self.contains(text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return (self.address, self.mask, self.width) == (other.address, other.mask, other.width)

    def __hash__(self) -> int:
        return hash((self.address, self.mask, self.width))

    def __str__(self) -> str:
        return f"{format_ip(self.address.to_bytes(self.width // 8, 'big'))}/{self.bits}"

    def __repr__(self) -> str:
        return f"<Network {self}>"


def _parse_mask(text: str, width: int) -> int:
    full = (1 << width) - 1
    if text.isascii() and text.isdigit():
        bits = int(text) if len(text) < 4 else width + 1
        if bits > width:
            raise ValueError(f"a mask has 0 to {width} bits, not {text}")
        return full & ~(full >> bits)
    packed = parse_ip(text)
    if packed is None or len(packed) * 8 != width:
        raise ValueError(f"{text!r} is not a mask for this address")
    mask = int.from_bytes(packed, "big")
    inverse = full & ~mask
    if inverse & (inverse + 1):
        raise ValueError(f"{text} is not a mask: its bits are not contiguous")
    return mask
