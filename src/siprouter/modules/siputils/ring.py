"""Calls whose 183 replies are turned into 180 for some seconds, so that the caller's phone makes the ringing tone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.message import parse_message
from siprouter.sip.names import H_CONTENT_TYPE
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.siputils.state import SipUtils

_STATUS_LINE = b"SIP/2.0 183"


def ring_insert_callid(inst: SipUtils, ctx: Context) -> int:
    """ring_insert_callid()"""
    timeout = inst.cfg.ring_timeout
    if timeout <= 0:
        inst.log.error("ring_insert_callid() needs the parameter ring_timeout", source="siputils")
        return -1
    call_id: str = ctx.msg.call_id
    if inst.ringing.get(call_id) is None:
        inst.ringing.put(call_id, 1, timeout)
    return 1


def convert(inst: SipUtils, data: bytes) -> bytes | None:
    """A received message as it is to be parsed: a 183 of a known call becomes a 180 without body. None: unchanged."""
    if not data.startswith(_STATUS_LINE):
        return None
    try:
        msg = parse_message(data)
    except PeerError:
        return None
    if msg.status != 183 or inst.ringing.get(msg.call_id) is None:
        return None
    msg.replace(0, msg.headers_start, b"SIP/2.0 180 Ringing\r\n")
    for header in msg.all(H_CONTENT_TYPE):
        msg.delete(header.name_start, header.line_end - header.name_start)
    if msg.body:
        msg.replace_body(b"")
    return bytes(msg.apply_edits().buf)
