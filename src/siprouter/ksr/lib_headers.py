"""`KSR.hdr.…`: headers of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.args import compile_regex
from siprouter.core.format import NULL_TEXT
from siprouter.core.values import Value
from siprouter.ksr.library import BOOL, INT, VALUE, LibraryFunction, entry
from siprouter.ksr.values import CallError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.ksr.api import HostApi
    from siprouter.sip.headers import Header

Call = Callable[..., Any]


def header_line(text: str) -> bytes:
    """`text` as a header line, with the line end that it may lack. Raises CallError where it is none."""
    data = to_bytes(text).rstrip(b"\r\n")
    if b":" not in data:
        raise CallError(f"a header line is needed, not {text!r}", suggestion='"Name: value\\r\\n"')
    return data + b"\r\n"


def _headers(ctx: Context, name: str) -> list[Header]:
    found: list[Header] = ctx.msg.find(name)
    return found


def _append(api: HostApi, ctx: Context, text: str) -> int:
    ctx.msg.append_header(header_line(text))
    return 1


def _append_after(api: HostApi, ctx: Context, text: str, name: str) -> int:
    found = _headers(ctx, name)
    if not found:
        return _append(api, ctx, text)
    ctx.msg.insert(found[0].line_end, header_line(text))
    return 1


def _insert(api: HostApi, ctx: Context, text: str) -> int:
    ctx.msg.insert_header(header_line(text))
    return 1


def _insert_before(api: HostApi, ctx: Context, text: str, name: str) -> int:
    found = _headers(ctx, name)
    if not found:
        return _insert(api, ctx, text)
    ctx.msg.insert(found[0].name_start, header_line(text))
    return 1


def _remove(api: HostApi, ctx: Context, name: str) -> int:
    found = _headers(ctx, name)
    for header in found:
        ctx.msg.delete(header.name_start, header.line_end - header.name_start)
    return 1 if found else -1


def _remove_append(api: HostApi, ctx: Context, name: str, text: str) -> int:
    _remove(api, ctx, name)
    return _append(api, ctx, text)


def _remove_insert(api: HostApi, ctx: Context, name: str, text: str) -> int:
    _remove(api, ctx, name)
    return _insert(api, ctx, text)


def _is_present(api: HostApi, ctx: Context, name: str) -> int:
    return 1 if _headers(ctx, name) else -1


def _append_to_reply(api: HostApi, ctx: Context, text: str) -> int:
    ctx.add_reply_header(header_line(text))
    return 1


def _value_at(ctx: Context, name: str, index: int) -> str | None:
    found = _headers(ctx, name)
    if not -len(found) <= index < len(found):
        return None
    value: str = ctx.msg.value(found[index])
    return value


def _getter(null: Value) -> Call:
    def read(api: HostApi, ctx: Context, name: str) -> Value:
        value = _value_at(ctx, name, 0)
        return null if value is None else value

    return read


def _index_getter(null: Value) -> Call:
    def read(api: HostApi, ctx: Context, name: str, index: int) -> Value:
        value = _value_at(ctx, name, index)
        return null if value is None else value

    return read


def _pattern_found(value: str, pattern: str) -> bool:
    try:
        found: bool = compile_regex(pattern).matches(value)
    except ValueError as error:
        raise CallError(f"bad regular expression {pattern!r}: {error}") from None
    return found


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda value, text: value == text,
    "ne": lambda value, text: value != text,
    "sw": lambda value, text: value.startswith(text),
    "in": lambda value, text: text in value,
    "re": _pattern_found,
}


def _match_content(api: HostApi, ctx: Context, name: str, operator: str, text: str, which: str) -> bool:
    test = OPERATORS.get(operator)
    if test is None:
        raise CallError(f"unknown operator {operator!r}", suggestion=", ".join(OPERATORS))
    values = [ctx.msg.value(header) for header in _headers(ctx, name)]
    if which not in ("f", "l", "a", "o"):
        raise CallError(f"unknown choice {which!r}", suggestion="f the first, l the last, a all, o at least one")
    if not values:
        return False
    if which == "f":
        return test(values[0], text)
    if which == "l":
        return test(values[-1], text)
    found = (test(value, text) for value in values)
    return all(found) if which == "a" else any(found)


FUNCTIONS: tuple[LibraryFunction, ...] = (
    entry("hdr.append", _append, "line:s", INT, "add a header line behind the others"),
    entry("hdr.append_after", _append_after, "line:s name:s", INT, "add a header line behind the first of a name"),
    entry("hdr.insert", _insert, "line:s", INT, "add a header line before the others"),
    entry("hdr.insert_before", _insert_before, "line:s name:s", INT, "add a header line before the first of a name"),
    entry("hdr.remove", _remove, "name:s", INT, "remove all headers of a name"),
    entry("hdr.rmappend", _remove_append, "name:s line:s", INT, "remove, then append"),
    entry("hdr.rminsert", _remove_insert, "name:s line:s", INT, "remove, then insert"),
    entry("hdr.is_present", _is_present, "name:s", INT, "whether there is a header of this name"),
    entry("hdr.append_to_reply", _append_to_reply, "line:s", INT, "add a header line to the replies made here"),
    entry("hdr.get", _getter(None), "name:s", VALUE, "the first header of a name"),
    entry("hdr.gete", _getter(""), "name:s", VALUE, "the first header of a name, empty for none"),
    entry("hdr.getw", _getter(NULL_TEXT), "name:s", VALUE, "the first header of a name, <null> for none"),
    entry("hdr.get_idx", _index_getter(None), "name:s index:i", VALUE, "a header of a name, from 0, -1 the last"),
    entry("hdr.gete_idx", _index_getter(""), "name:s index:i", VALUE, "the same, empty for none"),
    entry("hdr.getw_idx", _index_getter(NULL_TEXT), "name:s index:i", VALUE, "the same, <null> for none"),
    entry(
        "hdr.match_content",
        _match_content,
        "name:s operator:s text:s which:s",
        BOOL,
        "compare headers of a name: eq, ne, sw, in or re; f the first, l the last, a all, o at least one",
    ),
)
