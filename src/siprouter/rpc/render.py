"""Replies as text, in the form that kamcmd prints them: a value a line, structures in braces, arrays in brackets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from siprouter.rpc.values import NULL_TEXT, Pairs, RpcValue, is_struct, members
from siprouter.util.text import to_str

INDENT = "\t"


def reply_lines(values: Sequence[RpcValue]) -> Iterator[str]:
    """The lines of a reply."""
    for value in values:
        yield from _lines("", value, 0)


def _lines(name: str, value: RpcValue, level: int) -> Iterator[str]:
    head = INDENT * level + (f"{name}: " if name else "")
    if isinstance(value, Pairs) or is_struct(value):
        yield head + "{"
        for key, member in members(value):  # type: ignore[arg-type]
            yield from _lines(key, member, level + 1)
        yield INDENT * level + "}"
    elif isinstance(value, list | tuple):
        yield head + "["
        for item in value:
            yield from _lines("", item, level + 1)
        yield INDENT * level + "]"
    else:
        yield head + _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return NULL_TEXT
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:f}"
    if isinstance(value, bytes):
        return to_str(value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def parse_argument(text: str) -> RpcValue:
    """A word of a command line: an integer or a number where it looks like one; `s:` before it makes it a string."""
    if text.startswith("s:"):
        return text[2:]
    if len(text) <= 32 and "_" not in text:
        for convert in (int, float):
            try:
                number = convert(text)
            except ValueError:
                continue
            if number - number == 0:  # "nan" and "inf" are words
                return number
    return text
