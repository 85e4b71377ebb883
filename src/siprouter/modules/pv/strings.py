"""The `s.` transformations: text is counted and cut in octets, as SIP Router does; null or a failure gives null."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from siprouter.core.values import Value, wrap_int
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ESCAPED = str.maketrans({"'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0"})
_UNESCAPED = {"'": "'", '"': '"', "\\": "\\", "0": "\0"}
# RFC 3261 section 25.1: unreserved and user-unreserved but "/", which SIP Router escapes
USER_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,;?")
PARAM_ESCAPED = frozenset(' ?&=,;"+')


def octets(value: str | int) -> str:
    """The octets of a value as text with one character each."""
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else to_bytes(text).decode("latin-1")


def from_octets(text: str) -> str:
    """The inverse of `octets`."""
    return text if text.isascii() else to_str(text.encode("latin-1"))


def length(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.len}: octets."""
    return None if value is None else len(octets(value))


def integer(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.int}: a decimal integer with or without sign."""
    if not isinstance(value, str):
        return value
    digits = value[1:] if value[:1] in ("+", "-") else value
    if digits == "" and value:
        return 0
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 4000:
        return None
    return wrap_int(-int(digits) if value[0] == "-" else int(digits))


def md5(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.md5}: 32 hexadecimal digits."""
    if value is None:
        return None
    return hashlib.md5(to_bytes(str(value)), usedforsecurity=False).hexdigest()


def encode_hexa(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.encode.hexa}: two lower-case digits for each octet."""
    return None if value is None else to_bytes(str(value)).hex()


def decode_hexa(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.decode.hexa}: an odd digit at the end is left out; anything but digits gives null."""
    if value is None:
        return None
    text = str(value)
    text = text[: len(text) // 2 * 2]
    if not text.isalnum():
        return None if text else ""
    try:
        return to_str(bytes.fromhex(text))
    except ValueError:
        return None


def escape_common(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.escape.common}: backslash before quotes and backslashes, NUL as \\0."""
    return None if value is None else str(value).translate(_ESCAPED)


def unescape_common(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.unescape.common}."""
    if value is None:
        return None
    text = str(value)
    if "\\" not in text:
        return text
    out: list[str] = []
    pos = 0
    while pos < len(text):
        following = _UNESCAPED.get(text[pos + 1 : pos + 2]) if text[pos] == "\\" else None
        out.append(text[pos] if following is None else following)
        pos += 1 if following is None else 2
    return "".join(out)


def _percent(text: str, plain: frozenset[str], escaped: frozenset[str]) -> str | None:
    """`text` with %xx for what is in `escaped`, or not in `plain` where that is given."""
    out: list[str] = []
    for char in text:
        if not " " <= char <= "~":
            return None
        keep = char in plain if plain else char not in escaped
        out.append(char if keep else f"%{ord(char):02x}")
    return "".join(out)


def escape_user(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.escape.user}: printable ASCII that may not stand in the user part of a URI as %xx; other octets give null."""
    return None if value is None else _percent(str(value), USER_CHARS, frozenset())


def escape_param(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.escape.param}: what ends a URI parameter as %xx; other than printable ASCII gives null."""
    return None if value is None else _percent(str(value), frozenset(), PARAM_ESCAPED)


def unescape_percent(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.unescape.user}, {s.unescape.param}: %xx resolved; only printable ASCII may be escaped, else null."""
    if value is None:
        return None
    parts = str(value).split("%")
    out = [parts[0]]
    for part in parts[1:]:
        if len(part) < 2 or not part[:2].isalnum() or not part[:2].isascii():
            return None
        try:
            code = int(part[:2], 16)
        except ValueError:
            return None
        if not 32 <= code <= 126:
            return None
        out.append(chr(code) + part[2:])
    return "".join(out)


def substr(inst: Pv, ctx: Context, value: Value, start: int, count: int) -> Value:
    """{s.substr,start,count}: a negative start counts from the end, count 0 means to the end."""
    if value is None or count < 0:
        return None
    text = octets(value)
    size = len(text)
    if start >= size or -start > size:
        return None
    if start < 0:
        start += size
    return from_octets(text[start : start + count] if count else text[start:])


def select(inst: Pv, ctx: Context, value: Value, index: int, separator: str) -> Value:
    """{s.select,index,separator}: one field; a negative index counts from the last. None there: empty."""
    if value is None:
        return None
    if separator.isascii():
        text = str(value)
        fields = text.split(separator)
        return fields[index] if -len(fields) <= index < len(fields) else ""
    fields = octets(value).split(octets(separator)[0])
    return from_octets(fields[index]) if -len(fields) <= index < len(fields) else ""


def to_lower(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.tolower}: ASCII letters only."""
    return value.translate(_LOWER) if isinstance(value, str) else value


def to_upper(inst: Pv, ctx: Context, value: Value) -> Value:
    """{s.toupper}: ASCII letters only."""
    return value.translate(_UPPER) if isinstance(value, str) else value


def strip(inst: Pv, ctx: Context, value: Value, count: int) -> Value:
    """{s.strip,n}: without the first n octets."""
    if value is None:
        return None
    return str(value) if count <= 0 else from_octets(octets(value)[count:])


def strip_tail(inst: Pv, ctx: Context, value: Value, count: int) -> Value:
    """{s.striptail,n}: without the last n octets."""
    if value is None:
        return None
    return str(value) if count <= 0 else from_octets(octets(value)[:-count])
