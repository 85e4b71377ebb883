"""Searching and replacing in the message, header lines by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.route_info import SENDING, Sending
from siprouter.modules.textops import search as common
from siprouter.modules.textops.headers import whole_lines
from siprouter.modules.textops_s.state import SerTextOps
from siprouter.script.xl_format import XlFormat
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.util.regex import Regex
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context


def search(inst: SerTextOps, ctx: Context, regex: Regex | None) -> int:
    """search(regex): anywhere in the message; in an onsend route in the one that is about to leave"""
    sending: Sending | None = None if ctx.var_map is None else ctx.var_map.get(SENDING)
    data = ctx.msg.buf if sending is None else sending.data
    return 1 if common.find(inst, regex, data, 0) is not None else -1


def search_append(inst: SerTextOps, ctx: Context, regex: Regex | None, text: XlFormat) -> int:
    """search_append(regex, text): text behind the first match"""
    expanded = inst.expand(ctx, text)
    return -1 if expanded is None else common.search_append(inst, ctx, regex, expanded)


def replace(inst: SerTextOps, ctx: Context, regex: Regex | None, text: XlFormat) -> int:
    """replace(regex, text): the first match behind the first line"""
    expanded = inst.expand(ctx, text)
    return -1 if expanded is None else common.replace(inst, ctx, regex, expanded)


def replace_all(inst: SerTextOps, ctx: Context, regex: Regex | None, text: XlFormat) -> int:
    """replace_all(regex, text)"""
    expanded = inst.expand(ctx, text)
    return -1 if expanded is None else common.replace_all(inst, ctx, regex, expanded)


def append_hf(inst: SerTextOps, ctx: Context, text: XlFormat) -> int:
    """append_hf(text): behind the last header"""
    expanded = inst.expand(ctx, text)
    if expanded is None:
        return -1
    msg: Message = ctx.msg
    msg.append_header(whole_lines(expanded))
    return 1


def append_urihf(inst: SerTextOps, ctx: Context, prefix: XlFormat, suffix: XlFormat) -> int:
    """append_urihf(prefix, suffix): the received request URI between them"""
    before, behind = inst.expand(ctx, prefix), inst.expand(ctx, suffix)
    if before is None or behind is None:
        return -1
    msg: Message = ctx.msg
    msg.append_header(whole_lines(f"{before}{msg.uri}{behind}"))
    return 1


def append_to_reply(inst: SerTextOps, ctx: Context, text: XlFormat) -> int:
    """append_to_reply(text): header lines for the replies to this request"""
    expanded = inst.expand(ctx, text)
    if expanded is None:
        return -1
    ctx.add_reply_header(whole_lines(expanded))
    return 1


def _named(msg: Message, name: str | None) -> list[Header]:
    """The headers whose name is written so, in any case; compact names are other names here."""
    wanted = to_bytes(name or "").lower()
    return [header for header in msg.headers if msg.buf[header.name_start : header.name_end].lower() == wanted]


def remove_hf(inst: SerTextOps, ctx: Context, name: str | None) -> int:
    """remove_hf(name): all that are written so"""
    msg: Message = ctx.msg
    found = _named(msg, name)
    for header in found:
        msg.delete(header.name_start, header.line_end - header.name_start)
    return 1 if found else -1


def is_present_hf(inst: SerTextOps, ctx: Context, name: str | None) -> int:
    """is_present_hf(name)"""
    return 1 if _named(ctx.msg, name) else -1
