"""Attributes as headers. A value that would end its line is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.values import to_text
from siprouter.modules.avp_s.arguments import named
from siprouter.script.attributes import Attribute
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.avp_s.state import Avp

_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z", re.ASCII)


def _lines(inst: Avp, ctx: Context, name: str | None, attribute: Attribute | None) -> list[bytes]:
    """A line for each value, the newest first; none where there is no value or they cannot be headers."""
    source = attribute if attribute is not None else named(name)
    if not name or not _NAME.match(name):
        inst.fail("no name of a header: %r", name)
        return []
    texts = [] if source is None else [to_text(value) for value in source.values(ctx)]
    if any("\r" in text or "\n" in text or "\0" in text for text in texts):
        inst.fail("header %s: a value has a line end", name)
        return []
    return [to_bytes(f"{name}: {text}\r\n") for text in texts]


def _present(msg: Message, name: str | None) -> list[Header]:
    wanted = to_bytes(name or "").lower()
    return [header for header in msg.headers if msg.buf[header.name_start : header.name_end].lower() == wanted]


def insert(inst: Avp, ctx: Context, name: str | None, attribute: Attribute | None = None) -> int:
    """insert_attr_hf(name[, attribute])"""
    lines = _lines(inst, ctx, name, attribute)
    found = _present(ctx.msg, name)
    data = b"".join(lines)
    if data and found:
        ctx.msg.insert(found[0].name_start, data)
    elif data:
        ctx.msg.append_header(data)
    return 1 if data else -1


def append(inst: Avp, ctx: Context, name: str | None, attribute: Attribute | None = None) -> int:
    """append_attr_hf(name[, attribute])"""
    data = b"".join(reversed(_lines(inst, ctx, name, attribute)))
    found = _present(ctx.msg, name)
    if data and found:
        ctx.msg.insert(found[-1].line_end, data)
    elif data:
        ctx.msg.append_header(data)
    return 1 if data else -1


def replace(inst: Avp, ctx: Context, name: str | None, attribute: Attribute | None = None) -> int:
    """replace_attr_hf(name[, attribute]): without a value the headers stay."""
    data = b"".join(reversed(_lines(inst, ctx, name, attribute)))
    if not data:
        return -1
    for header in _present(ctx.msg, name):
        ctx.msg.delete(header.name_start, header.line_end - header.name_start)
    ctx.msg.append_header(data)
    return 1


def to_reply(inst: Avp, ctx: Context, name: str | None, attribute: Attribute | None = None) -> int:
    """attr_to_reply(name[, attribute])"""
    lines = _lines(inst, ctx, name, attribute)
    for line in reversed(lines):
        ctx.add_reply_header(line)
    return 1 if lines else -1
