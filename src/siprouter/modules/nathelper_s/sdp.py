"""fix_nated_sdp(): addresses and attributes of session descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.nathelper.sdp import (
    ACTIVE,
    ADD_DIRECTION,
    ADD_NORTPPROXY,
    FIX_CONNECTION,
    OLD_ADDRESS,
    find_sdp,
    replace_address,
)
from siprouter.sip.sdp import parse_sdp
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper_s.state import SerNathelper
    from siprouter.sip.message import Message

ADD_PASSIVE = 8
PASSIVE = b"\r\na=direction:passive"
NO_RTP_PROXY = b"\r\na=nortpproxy:yes"
HELD = "0.0.0.0"


def fix_nated_sdp(inst: SerNathelper, ctx: Context, flags: int | None) -> int:
    """Changes the session description; `flags` is a sum of 1 (active), 2 (addresses), 4 (nortpproxy), 8 (passive).

    -1 where there is none, or no number; where no IPv4 address is found, the rest is done all the same.
    """
    if flags is None:
        return -1
    msg: Message = ctx.msg
    place = find_sdp(msg)
    if place is None:
        inst.worker.log.error("fix_nated_sdp(): no session description", source="nathelper")
        return -1
    start, end = place
    added = b""
    for flag, line in ((ADD_DIRECTION, ACTIVE), (ADD_PASSIVE, PASSIVE), (ADD_NORTPPROXY, NO_RTP_PROXY)):
        if flags & flag:
            added += line
    if flags & FIX_CONNECTION:
        found = [one for one in parse_sdp(msg.buf[start:end]).connections if one.family == 4]
        if not found:
            inst.worker.log.error("fix_nated_sdp(): no IPv4 address to change", source="nathelper")
        for address in found:
            if address.address not in (HELD, ctx.source.ip):
                added += OLD_ADDRESS + to_bytes(address.address)
                replace_address(msg, start, address, ctx.source.ip)
    if added:
        msg.insert(end, added)
    return 1
