"""Looking at the body, exchanging it, and keeping one part of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.route_info import REPLY_BODY
from siprouter.sip.message import Message
from siprouter.sip.names import H_CONTENT_LENGTH, H_CONTENT_TYPE
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.textops.state import TextOps

DEFAULT_TYPE = "application/sdp"
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_PART_TYPE = re.compile(rb"^content-type[ \t]*:[ \t]*([^\s;]+)", re.IGNORECASE | re.MULTILINE)
MAX_PARTS = 1000


def media_type(msg: Message) -> str:
    """`type/subtype` of the message in lower case; SDP where it says nothing."""
    header = msg.get(H_CONTENT_TYPE)
    if header is None:
        return DEFAULT_TYPE
    return msg.value(header).partition(";")[0].strip().lower()


def has_body(inst: TextOps, ctx: Context, wanted: str = "") -> int:
    """has_body([type]): by Content-Length, which must be there"""
    msg: Message = ctx.msg
    if msg.get(H_CONTENT_LENGTH) is None or not msg.body:
        return -1
    return 1 if not wanted or media_type(msg) == wanted else -1


def set_body(inst: TextOps, ctx: Context, text: str, content_type: str) -> int:
    """set_body(text, type): Content-Type and Content-Length follow"""
    if not text or not content_type:
        inst.log.error("set_body: no text or no type", source="textops")
        return -1
    msg: Message = ctx.msg
    header = msg.get(H_CONTENT_TYPE)
    if header is None or msg.value(header) != content_type:
        if header is not None:
            msg.delete(header.name_start, header.line_end - header.name_start)
        msg.append_header(b"Content-Type: %b\r\n" % to_bytes(content_type))
    msg.replace_body(to_bytes(text))
    return 1


def set_reply_body(inst: TextOps, ctx: Context, text: str, content_type: str) -> int:
    """set_reply_body(text, type): of the replies to this request"""
    if not text or not content_type:
        inst.log.error("set_reply_body: no text or no type", source="textops")
        return -1
    ctx.add_reply_header(b"Content-Type: %b\r\n" % to_bytes(content_type))
    ctx.vars[REPLY_BODY] = to_bytes(text)
    return 1


def filter_body(inst: TextOps, ctx: Context, wanted: str) -> int:
    """filter_body(type): of a multipart/mixed body only the first part of this type stays; its headers go too"""
    msg: Message = ctx.msg
    if not msg.body or media_type(msg) != "multipart/mixed":
        return -1
    header = msg.get(H_CONTENT_TYPE)
    found = None if header is None else _BOUNDARY.search(msg.value(header))
    if found is None:
        inst.log.error("filter_body: Content-Type without boundary", source="textops")
        return -1
    span = _find_part(msg.body, b"--" + to_bytes(found.group(1) or found.group(2)), wanted.strip().lower())
    if span is None:
        return -1
    start, end = span
    msg.delete(msg.body_start, start)
    msg.delete(msg.body_start + end, len(msg.body) - end)
    return 1


def _find_part(body: bytes, delimiter: bytes, wanted: str) -> tuple[int, int] | None:
    """Where the content of the first part of a type is, its last line end included (RFC 2046 section 5.1.1)."""
    pos = _next_line(body, delimiter, 0)
    for _ in range(MAX_PARTS):
        if pos < 0 or body.startswith(b"--", pos + len(delimiter)):
            return None
        following = _next_line(body, delimiter, pos + len(delimiter))
        if following < 0:
            return None
        line_end = body.find(b"\r\n", pos, following)
        content = body.find(b"\r\n\r\n", line_end, following)
        if content >= 0:
            kind = _PART_TYPE.search(body, line_end + 2, content)
            if kind is not None and kind.group(1).decode("latin-1").lower() == wanted:
                return content + 4, following
        pos = following
    return None


def _next_line(body: bytes, start: bytes, pos: int) -> int:
    """Where the next line at `pos` or later begins with `start`, -1 where none does."""
    while True:
        found = body.find(start, pos)
        if found <= 0 or body[found - 1 : found] == b"\n":
            return found
        pos = found + 1
