"""Adding, changing and removing values of headers, and their parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.args import Parsed
from siprouter.modules.textops.args import HeaderArg, HeaderName
from siprouter.modules.textops.headers import find_all
from siprouter.modules.textops_s.state import SerTextOps
from siprouter.modules.textops_s.values import (
    Found,
    Value,
    all_values,
    find_param,
    find_word_param,
    parts_of,
    pick,
    values_of,
)
from siprouter.script.xl_format import XlFormat
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.util.errors import SourceLocation

_REFERENCE = re.compile(
    r"\s*([\w-]+)\s*(?:\[\s*(?P<index>\*|[+-]?\d{1,5})?\s*(?P<closed>\])\s*)?(?:\.\s*([\w-]+))?", re.ASCII
)
NONE, ONE, ANY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Reference:
    """`header[index].param`: `index` counts from 1, negative ones from the end; `every` is `[*]`."""

    header: HeaderName
    index: int
    indexed: bool
    every: bool
    param: str


def parse_reference(
    text: str, env: LoadEnv, location: SourceLocation, *, index: int, every: bool, param: bool, default: int
) -> Reference:
    """Parse a reference; the flags say what it may have. Raises ValueError."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"expected header[index].parameter, found '{text}'")
    name, number, closed, param_name = found.groups()
    if number == "*" and not (every or (index == ANY and param_name)):
        raise ValueError("[*] cannot be used here" if index != ANY else "[*] needs a parameter here")
    if closed and index == NONE:
        raise ValueError("no index can be used here")
    if param_name and not param:
        raise ValueError("no parameter can be used here")
    place = default if number in (None, "*") else int(number) or default
    return Reference(HeaderArg().convert_text(name), place, closed is not None, number == "*", param_name or "")


def reference(index: int = NONE, *, every: bool = False, param: bool = False, default: int = 1) -> Parsed:
    """The argument type; `index`: NONE, ONE, or ANY, which has `[*]` with a parameter."""
    parse = partial(parse_reference, index=index, every=every, param=param, default=default)
    return Parsed("header", parse, "header[index].parameter")


def _one_line(inst: SerTextOps, ctx: Context, text: XlFormat) -> str | None:
    """The text for this message; None (logged) where it would break the header."""
    expanded = inst.expand(ctx, text)
    if expanded is not None and ("\n" in expanded or "\r" in expanded):
        inst.log.error("a header value cannot contain a line end", source="textops")
        return None
    return expanded


def _new_header(msg: Message, name: HeaderName, text: str) -> int:
    msg.append_header(b"%b: %b\r\n" % (to_bytes(name.name), to_bytes(text)))
    return 1


def _insert(msg: Message, header: Header, pos: int, text: str) -> int:
    """One more value at a place between two others, or at the end."""
    data = to_bytes(text)
    if header.start < header.end:
        data = b"," + data if pos == header.end else data + b","
    msg.insert(pos, data)
    return 1


def append_hf_value(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """append_hf_value(header[index], value): behind a value, or as new header at the end"""
    expanded = _one_line(inst, ctx, text)
    if expanded is None:
        return -1
    msg: Message = ctx.msg
    value = pick(all_values(msg, ref.header), ref.index) if ref.indexed else None
    if value is None:
        return _new_header(msg, ref.header, expanded)
    return _insert(msg, value.header, value.area_end, expanded)


def insert_hf_value(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """insert_hf_value(header[index], value): before a value, or as new header before the first one of this name"""
    expanded = _one_line(inst, ctx, text)
    if expanded is None:
        return -1
    msg: Message = ctx.msg
    value = pick(all_values(msg, ref.header), ref.index)
    if value is None:
        return _new_header(msg, ref.header, expanded) if ref.index == 1 else -1
    if not ref.indexed:
        msg.insert(value.header.name_start, b"%b: %b\r\n" % (to_bytes(ref.header.name), to_bytes(expanded)))
        return 1
    return _insert(msg, value.header, value.area_start, expanded)


def _remove(msg: Message, header: Header, doomed: list[Value]) -> None:
    """Values of one header; the whole line where nothing is left."""
    values = values_of(msg, header)
    gone = {value.area_start for value in doomed}
    kept = [place for place, value in enumerate(values) if value.area_start not in gone]
    if not kept:
        msg.delete(header.name_start, header.line_end - header.name_start)
        return
    for value in values[: kept[-1]]:
        if value.area_start in gone:
            msg.delete(value.area_start, value.area_end - value.area_start)
    comma = values[kept[-1]].area_end - 1
    if kept[-1] < len(values) - 1:
        msg.delete(comma, header.end - comma)


def _set_found(msg: Message, found: Found, value: str | None) -> None:
    """Change a parameter: None removes it, "" leaves the name alone."""
    if value is None:
        msg.delete(found.start, found.end - found.start)
    else:
        new = b"=" + to_bytes(value) if value else b""
        msg.replace(found.rest_start, found.rest_end - found.rest_start, new)


def _new_param(name: str, value: str) -> bytes:
    return to_bytes(f"{name}={value}" if value else name)


def _change_param(msg: Message, value: Value, name: str, new: str | None) -> bool:
    """Set the first parameter of a name, or remove all of them."""
    start = parts_of(msg, value).params
    found, end = find_param(msg, start, value.end, name)
    if found is None:
        if new is not None:
            msg.insert(end, b";" + _new_param(name, new))
        return new is not None
    while found is not None:
        _set_found(msg, found, new)
        if new is not None:
            break
        found, _ = find_param(msg, found.end, value.end, name)
    return True


def _change_word_param(msg: Message, header: Header, name: str, new: str | None) -> bool:
    """The same for `Digest a=b, c=d`."""
    found, delimiter = find_word_param(msg, header.start, header.end, name)
    if found is None:
        if new is not None:
            msg.insert(header.end, delimiter.encode() + _new_param(name, new))
        return new is not None
    while found is not None:
        _set_found(msg, found, new)
        if new is not None:
            break
        found, _ = find_word_param(msg, found.end, header.end, name)
    return True


def _change_values(msg: Message, ref: Reference, new: str | None) -> int:
    """Of the values that a reference means: set or remove the parameter, or without one the value."""
    values = all_values(msg, ref.header)
    if ref.every and not ref.param:
        for header in find_all(msg, ref.header):
            msg.delete(header.name_start, header.line_end - header.name_start)
        return 1 if values else -1
    if not ref.every:
        one = pick(values, ref.index)
        values = [] if one is None else [one]
    if ref.param:
        changed = [_change_param(msg, value, ref.param, new) for value in values]
        return 1 if True in changed else -1
    for value in values:
        if new is None:
            _remove(msg, value.header, [value])
        else:
            msg.replace(value.start, value.end - value.start, to_bytes(new))
    return 1 if values else -1


def _change_headers(msg: Message, ref: Reference, new: str | None) -> int:
    """The same where a header is one value."""
    headers = find_all(msg, ref.header)
    if not ref.every:
        one = pick(headers, ref.index)
        headers = [] if one is None else [one]
    if ref.param:
        changed = [_change_word_param(msg, header, ref.param, new) for header in headers]
        return 1 if True in changed else -1
    for header in headers:
        if new is None:
            msg.delete(header.name_start, header.line_end - header.name_start)
        else:
            msg.replace(header.start, header.end - header.start, to_bytes(new))
    return 1 if headers else -1


def remove_hf_value(inst: SerTextOps, ctx: Context, ref: Reference) -> int:
    """remove_hf_value(header[index].param)"""
    return _change_values(ctx.msg, ref, None)


def remove_hf_value2(inst: SerTextOps, ctx: Context, ref: Reference) -> int:
    """remove_hf_value2(header[index].param)"""
    return _change_headers(ctx.msg, ref, None)


def assign_hf_value(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """assign_hf_value(header[index].param, value)"""
    expanded = _one_line(inst, ctx, text)
    return -1 if expanded is None else _change_values(ctx.msg, ref, expanded)


def assign_hf_value2(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """assign_hf_value2(header[index].param, value)"""
    expanded = _one_line(inst, ctx, text)
    return -1 if expanded is None else _change_headers(ctx.msg, ref, expanded)


# --- sets of values


def has_value(msg: Message, name: HeaderName, text: str) -> bool:
    """Whether one of the values is `text`, in any case."""
    wanted = text.lower()
    return bool(text) and any(value.text(msg).lower() == wanted for value in all_values(msg, name))


def hf_value_exists(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """hf_value_exists(header, value)"""
    expanded = inst.expand(ctx, text)
    return 1 if expanded and has_value(ctx.msg, ref.header, expanded) else -1


def include_hf_value(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """include_hf_value(header, value): unless it is there, at the end of the first header of this name"""
    expanded = _one_line(inst, ctx, text)
    if not expanded:
        return -1
    msg: Message = ctx.msg
    if has_value(msg, ref.header, expanded):
        return 1
    headers = find_all(msg, ref.header)
    return _insert(msg, headers[0], headers[0].end, expanded) if headers else _new_header(msg, ref.header, expanded)


def exclude_hf_value(inst: SerTextOps, ctx: Context, ref: Reference, text: XlFormat) -> int:
    """exclude_hf_value(header, value): wherever it is"""
    expanded = inst.expand(ctx, text)
    if not expanded:
        return -1
    msg: Message = ctx.msg
    wanted = expanded.lower()
    for header in find_all(msg, ref.header):
        doomed = [value for value in values_of(msg, header) if value.text(msg).lower() == wanted]
        if doomed:
            _remove(msg, header, doomed)
    return 1
