"""What the script asked for the sending of one message: bits of `ctx.send_flags`, and the address to advertise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from siprouter.transport.endpoint import SEND_CLOSE, SEND_REUSE_ONLY

if TYPE_CHECKING:
    from siprouter.core.context import Context

FORWARD_NO_CONNECT = SEND_REUSE_ONLY
FORWARD_CLOSE = SEND_CLOSE
REPLY_SHIFT = 4
REPLY_NO_CONNECT = SEND_REUSE_ONLY << REPLY_SHIFT
REPLY_CLOSE = SEND_CLOSE << REPLY_SHIFT
ADD_LOCAL_RPORT = 0x100
MTU_SHIFT = 12
ENDPOINT_MASK = SEND_REUSE_ONLY | SEND_CLOSE

ADVERTISED = "core.advertised"
"""key of `ctx.vars`: the Advertised of set_advertised_address() and set_advertised_port()"""


class Advertised(NamedTuple):
    """What to put into Via and Record-Route for this message; "" and 0: as usual."""

    address: str = ""
    port: int = 0


def forward_flags(ctx: Context) -> int:
    """Endpoint flags for the message when it is forwarded."""
    return ctx.send_flags & ENDPOINT_MASK


def reply_flags(ctx: Context) -> int:
    """Endpoint flags for replies to the message."""
    return ctx.send_flags >> REPLY_SHIFT & ENDPOINT_MASK


def large_message_proto(ctx: Context) -> int:
    """The protocol for a message that is too large for UDP as udp_mtu_try_proto() said; 0: it did not."""
    return ctx.send_flags >> MTU_SHIFT & 0xF


def set_large_message_proto(ctx: Context, proto: int) -> None:
    """udp_mtu_try_proto()."""
    ctx.send_flags = (ctx.send_flags & ~(0xF << MTU_SHIFT)) | proto << MTU_SHIFT


def advertised(ctx: Context) -> Advertised:
    """What the script set for this message."""
    if ctx.var_map is None:
        return Advertised()
    found: Advertised = ctx.var_map.get(ADVERTISED, Advertised())
    return found
