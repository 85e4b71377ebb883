"""Hashes whose values can be seen from outside, and the one that finds the owner of a call."""

from zlib import crc32


def core_hash(first: bytes, second: bytes = b"", size: int = 0) -> int:
    """SIP Router's core hash of one or two strings, 32 bits; taken modulo `size` (a power of two) unless that is 0.

    Dispatcher, tables and the location store give the same slots as there. An absent second string and an empty one
    are the same.
    """
    value = _finish(_mix(_mix(0, first, False), second, False))
    return value & (size - 1) if size else value


def core_case_hash(first: bytes, second: bytes = b"", size: int = 0) -> int:
    """`core_hash` with ASCII letters taken as lower case."""
    value = _finish(_mix(_mix(0, first, True), second, True))
    return value & (size - 1) if size else value


def call_shard(call_id: bytes, shards: int) -> int:
    """Which of `shards` workers owns the calls with this Call-ID."""
    return crc32(call_id) % shards


def _mix(value: int, data: bytes, fold: bool) -> int:
    """Adds words of four bytes, then the rest; bytes count as signed, as where char is signed."""
    word = 0
    filled = 0
    for index in range(len(data)):
        byte = data[index]
        if fold and 65 <= byte <= 90:
            byte += 32
        if byte > 127:
            byte -= 256
        word = ((word << 8) + byte) & 0xFFFFFFFF
        filled += 1
        if filled == 4:
            value = (value + (word ^ (word >> 3))) & 0xFFFFFFFF
            word = 0
            filled = 0
    return (value + (word ^ (word >> 3))) & 0xFFFFFFFF


def _finish(value: int) -> int:
    return (value + (value >> 11) + (value >> 13) + (value >> 23)) & 0xFFFFFFFF
