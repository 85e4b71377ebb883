"""Fields of headers, `name=value`, as attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.values import Value, str_to_int
from siprouter.modules.avp_s.arguments import HeaderFields

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.avp_s.state import Avp

MAX_NAME = 50
MAX_ITEMS = 100
MAX_FIELDS = 256
_FIELD = re.compile(r"\s*([A-Za-z0-9_-]+)\s*", re.ASCII)
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)


def read_fields(inst: Avp, ctx: Context, header: HeaderFields, prefix: str | None) -> int:
    """hdr_body2attrs(header, prefix): `a=1,b=2`; never false."""
    return _read(inst, ctx, header, prefix or "", ",", "")


def read_lists(inst: Avp, ctx: Context, header: HeaderFields, prefix: str | None) -> int:
    """hdr_body2attrs2(header, prefix): `a=1,2;b=3` gives a#1, a#2 and b; never false."""
    return _read(inst, ctx, header, prefix or "", ";", ",")


def _read(inst: Avp, ctx: Context, header: HeaderFields, prefix: str, between: str, within: str) -> int:
    found = ctx.msg.find(header.name)
    text = ctx.msg.value(found[0]) if found else ""
    for name, value in parse_fields(text, between, within):
        wanted = header.texts if isinstance(value, str) else header.numbers
        if not wanted or value == "":
            continue
        if len(prefix) + len(name) > MAX_NAME:
            inst.fail("the name of an attribute would be too long: %s%s", prefix, name[:MAX_NAME])
            continue
        ctx.avps.add(prefix + name, value)
    return 1


def parse_fields(text: str, between: str, within: str) -> list[tuple[str, Value]]:
    """Names and values; those of a list have `#1`, `#2` … behind their name. What cannot be read ends the fields."""
    found: list[tuple[str, Value]] = []
    pos = 0
    while pos < len(text) and len(found) < MAX_FIELDS:
        field = _FIELD.match(text, pos)
        if field is None:
            break
        pos = field.end()
        if text[pos : pos + 1] == "=":
            items, pos = _parse_items(text, pos + 1, between, within)
            several = len(items) > 1
            found += [(f"{field[1]}#{number}" if several else field[1], item) for number, item in enumerate(items, 1)]
        if text[pos : pos + 1] != between:
            break
        pos += 1
    return found[:MAX_FIELDS]


def _parse_items(text: str, pos: int, between: str, within: str) -> tuple[list[Value], int]:
    """The values behind an equals sign, and where they end."""
    plain = re.compile(rf"\s*([^\s{re.escape(between + within)}]*)\s*")
    items: list[Value] = []
    while True:
        quoted = _QUOTED.match(text, pos)
        match = quoted or plain.match(text, pos)
        assert match is not None
        items.append(match[1] if quoted else _plain_value(match[1]))
        pos = match.end()
        if not within or text[pos : pos + 1] != within or len(items) >= MAX_ITEMS:
            return items, pos
        pos += 1


def _plain_value(text: str) -> Value:
    """A number where all of it is one that fits."""
    number = str_to_int(text)
    fits = number is not None and not text.lower().startswith(("0x", "+0x", "-0x")) and int(text) == number
    return number if fits else text
