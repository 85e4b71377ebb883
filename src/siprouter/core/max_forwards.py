"""Max-Forwards of the present message, as far as the script has counted it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.message import Message
from siprouter.sip.names import H_MAX_FORWARDS
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context

ABSENT = -1
BROKEN = -2
HOPS_LEFT = "maxfwd.hops_left"


def hops_left(ctx: Context) -> int:
    """Max-Forwards as far as it was counted down, ABSENT, or BROKEN (logged)."""
    if ctx.var_map is not None:
        counted = ctx.var_map.get(HOPS_LEFT)
        if counted is not None:
            return int(counted)
    msg: Message = ctx.msg
    try:
        return msg.max_forwards
    except PeerError:
        ctx.worker.log.error("Max-Forwards is not a number", source="maxfwd")
        return BROKEN


def set_hops(ctx: Context, hops: int) -> None:
    """Exchange the value of the first Max-Forwards header; without one nothing happens."""
    msg: Message = ctx.msg
    header = msg.get(H_MAX_FORWARDS)
    if header is not None:
        msg.replace(header.start, header.end - header.start, str(hops).encode())
        ctx.variables()[HOPS_LEFT] = hops


def add_hops(ctx: Context, hops: int) -> None:
    """Put a Max-Forwards header before all others."""
    msg: Message = ctx.msg
    msg.insert_header(b"Max-Forwards: %d\r\n" % hops)
