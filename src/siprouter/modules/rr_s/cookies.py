"""Dialog cookies: attributes that travel in Record-Route and come back with later requests of the dialog.

A cookie is base64 without padding of 8 octets of HMAC-SHA256 over the rest, and the attributes one after the other: an
octet (bit 0: the name is text, bit 1: the value is text, bits 4 and 5: the list), the name and the value. Text is its
length (16 bits) and its octets, a name that is a number 16 bits, a value that is one 32 bits; all little-endian.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterator
from struct import Struct

from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO, AvpName, AvpStore
from siprouter.util.text import to_bytes, to_str

LISTS = (TRACK_FROM | CLASS_URI, TRACK_TO | CLASS_URI, TRACK_FROM | CLASS_USER, TRACK_TO | CLASS_USER)
MAX_COOKIE = 1024
"""octets before base64"""
SIGNATURE = 8
NAME_TEXT = 1
VALUE_TEXT = 2
LIST_SHIFT = 4
_LENGTH = Struct("<H")
_NUMBER = Struct("<i")


class CookieError(ValueError):
    """A cookie that nobody with our key has made, or a broken one."""


def _sign(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")[:SIGNATURE]


def _text(value: str) -> bytes:
    data = to_bytes(value)[:0xFFFF]
    return _LENGTH.pack(len(data)) + data


def _entry(place: int, name: AvpName, value: str | int) -> bytes:
    kind = place << LIST_SHIFT | (NAME_TEXT if isinstance(name, str) else 0)
    name_data = _text(name) if isinstance(name, str) else _LENGTH.pack(name & 0xFFFF)
    if isinstance(value, str):
        return bytes([kind | VALUE_TEXT]) + name_data + _text(value)
    wrapped = (value + (1 << 31)) % (1 << 32) - (1 << 31)
    return bytes([kind]) + name_data + _NUMBER.pack(wrapped)


def make_cookie(avps: AvpStore, flag: int, key: bytes) -> tuple[str, bool]:
    """The cookie of the attributes with the bit `flag` ("" for none), and whether all of them fitted in."""
    data = b""
    for (klass, name), values in avps.lists.items():
        if klass not in LISTS or not avps.flags.get((klass, name), 0) >> flag & 1:
            continue
        # the oldest first: who adds them one after the other has the order back
        for value in reversed(values):
            entry = b"" if value is None else _entry(LISTS.index(klass), name, value)
            if SIGNATURE + len(data) + len(entry) > MAX_COOKIE:
                return _encode(data, key), False
            data += entry
    return _encode(data, key), True


def _encode(data: bytes, key: bytes) -> str:
    return base64.b64encode(_sign(key, data) + data).decode().rstrip("=") if data else ""


def read_cookie(cookie: str, key: bytes) -> list[tuple[int, AvpName, str | int]]:
    """(class, name, value) of each attribute. Raises CookieError."""
    if len(cookie) > MAX_COOKIE * 2:
        raise CookieError("too long")
    try:
        data = base64.b64decode(cookie.rstrip("=") + "=" * (-len(cookie.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CookieError("not base64") from None
    if not hmac.compare_digest(data[:SIGNATURE], _sign(key, data[SIGNATURE:])):
        raise CookieError("wrong signature")
    return list(_entries(data[SIGNATURE:]))


def _entries(data: bytes) -> Iterator[tuple[int, AvpName, str | int]]:
    pos = 0

    def take(count: int) -> bytes:
        nonlocal pos
        if pos + count > len(data):
            raise CookieError("cut off")
        pos += count
        return data[pos - count : pos]

    def text() -> str:
        return to_str(take(_LENGTH.unpack(take(_LENGTH.size))[0]))

    while pos < len(data):
        kind = take(1)[0]
        place = kind >> LIST_SHIFT
        if place >= len(LISTS):
            raise CookieError("unknown list")
        name: AvpName = text() if kind & NAME_TEXT else int(_LENGTH.unpack(take(_LENGTH.size))[0])
        value: str | int = text() if kind & VALUE_TEXT else int(_NUMBER.unpack(take(_NUMBER.size))[0])
        yield LISTS[place], name, value


def restore(
    avps: AvpStore,
    cookie: str,
    key: bytes,
    flag: int,
    reverse: bool,
    wanted: Callable[[str], bool],
) -> None:
    """Add the attributes of a cookie whose name is `wanted` (a number reads `i:5`), with the bit `flag`.

    `reverse`: what belonged to From belongs to To now, and the other way round. Raises CookieError.
    """
    for klass, name, value in read_cookie(cookie, key):
        if not wanted(name if isinstance(name, str) else f"i:{name}"):
            continue
        if reverse:
            klass ^= TRACK_TO
        avps.add(name, value, klass)
        avps.flags[klass, name] = avps.flags.get((klass, name), 0) | 1 << flag
