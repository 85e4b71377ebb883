"""Adding, removing and looking for header lines; what is asked about the message's own headers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siprouter.modules.textops.args import PRIVACY_VALUES, HeaderName, Methods
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.sip.names import H_OTHER, H_PRIVACY
from siprouter.sip.privacy import parse_privacy
from siprouter.util.regex import Regex
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.textops.state import TextOps

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def find_all(msg: Message, name: HeaderName) -> list[Header]:
    """All headers of a name."""
    return msg.all(name.id) if name.id != H_OTHER else msg.find(name.name)


def whole_lines(text: str) -> bytes:
    """`text` as header lines, with the line end that it may lack."""
    data = to_bytes(text)
    return data if data.endswith(b"\n") or not data else data + b"\r\n"


def append_hf(inst: TextOps, ctx: Context, text: str, name: HeaderName | None = None) -> int:
    """append_hf(text[, header]): behind the last header, or behind the first one called `header`"""
    msg: Message = ctx.msg
    found = [] if name is None else find_all(msg, name)
    if found:
        first = found[0]
        msg.insert(first.line_end, whole_lines(text))
    else:
        msg.append_header(whole_lines(text))
    return 1


def insert_hf(inst: TextOps, ctx: Context, text: str, name: HeaderName | None = None) -> int:
    """insert_hf(text[, header]): before the first header, or before the first one called `header`"""
    msg: Message = ctx.msg
    found = [] if name is None else find_all(msg, name)
    if found:
        first = found[0]
        msg.insert(first.name_start, whole_lines(text))
    else:
        msg.insert_header(whole_lines(text))
    return 1


def append_urihf(inst: TextOps, ctx: Context, prefix: str, suffix: str) -> int:
    """append_urihf(prefix, suffix): the received request URI between them"""
    msg: Message = ctx.msg
    msg.append_header(whole_lines(f"{prefix}{msg.uri}{suffix}"))
    return 1


def append_to_reply(inst: TextOps, ctx: Context, text: str) -> int:
    """append_to_reply(text): header lines for the replies to this request"""
    ctx.add_reply_header(whole_lines(text))
    return 1


def append_time(inst: TextOps, ctx: Context) -> int:
    """append_time(): a Date header for the replies to this request"""
    ctx.add_reply_header(date_line(inst.worker.wall_clock()))
    return 1


def date_line(seconds: float) -> bytes:
    """A Date header line (RFC 3261 section 20.17)."""
    now = time.gmtime(seconds)
    day, month = _DAYS[now.tm_wday], _MONTHS[now.tm_mon - 1]
    clock = f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}"
    return f"Date: {day}, {now.tm_mday:02d} {month} {now.tm_year} {clock} GMT\r\n".encode()


def _delete(msg: Message, headers: list[Header]) -> int:
    for header in headers:
        msg.delete(header.name_start, header.line_end - header.name_start)
    return 1 if headers else -1


def _matching(msg: Message, regex: Regex | None) -> list[Header]:
    if regex is None:
        return []
    return [header for header in msg.headers if regex.matches(to_str(msg.buf[header.name_start : header.name_end]))]


def remove_hf(inst: TextOps, ctx: Context, name: HeaderName) -> int:
    """remove_hf(header): all of this name"""
    return _delete(ctx.msg, find_all(ctx.msg, name))


def remove_hf_re(inst: TextOps, ctx: Context, regex: Regex | None) -> int:
    """remove_hf_re(regex): all whose name matches"""
    return _delete(ctx.msg, _matching(ctx.msg, regex))


def is_present_hf(inst: TextOps, ctx: Context, name: HeaderName) -> int:
    """is_present_hf(header)"""
    return 1 if find_all(ctx.msg, name) else -1


def is_present_hf_re(inst: TextOps, ctx: Context, regex: Regex | None) -> int:
    """is_present_hf_re(regex)"""
    return 1 if _matching(ctx.msg, regex) else -1


def is_method(inst: TextOps, ctx: Context, methods: Methods) -> int:
    """is_method(methods): in replies the method of CSeq counts"""
    msg: Message = ctx.msg
    return 1 if methods.has(msg.method_id, msg.method) else -1


def privacy_values(msg: Message) -> int:
    """The bits of the Privacy header (RFC 3323); 0 where it is absent or wrong."""
    header = msg.get(H_PRIVACY)
    if header is None:
        return 0
    bits = [PRIVACY_VALUES.get(word, 0) for word in parse_privacy(msg.value(header))]
    none = PRIVACY_VALUES["none"]
    return 0 if 0 in bits or (none in bits and len(bits) > 1) else sum(bits)


def is_privacy(inst: TextOps, ctx: Context, bit: int) -> int:
    """is_privacy(value)"""
    return 1 if privacy_values(ctx.msg) & bit else -1
