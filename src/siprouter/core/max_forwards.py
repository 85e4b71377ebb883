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
_NUMBERS = tuple(str(number).encode() for number in range(256))


def hops_left(ctx: Context) -> int:
    """Max-Forwards as far as it was counted down, ABSENT, or BROKEN (logged)."""
    if ctx.hops >= 0:
        return ctx.hops
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
        value = _NUMBERS[hops] if 0 <= hops <= 255 else str(hops).encode()
        msg.replace(header.start, header.end - header.start, value)
        ctx.hops = hops


def add_hops(ctx: Context, hops: int) -> None:
    """Put a Max-Forwards header before all others."""
    msg: Message = ctx.msg
    msg.insert_header(b"Max-Forwards: %d\r\n" % hops)
