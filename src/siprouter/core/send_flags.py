"""What the script asked for the sending of one message: bits of `ctx.send_flags`, and the address to advertise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from siprouter.transport.endpoint import SEND_CLOSE, SEND_IGNORE_SHIFT, SEND_REUSE_ONLY, Listener

if TYPE_CHECKING:
    from siprouter.core.context import Context

FORWARD_NO_CONNECT = SEND_REUSE_ONLY
FORWARD_CLOSE = SEND_CLOSE
REPLY_SHIFT = 4
REPLY_NO_CONNECT = SEND_REUSE_ONLY << REPLY_SHIFT
REPLY_CLOSE = SEND_CLOSE << REPLY_SHIFT
ADD_LOCAL_RPORT = 0x100
MTU_SHIFT = 12
FORWARD_IGNORE_SHIFT = 16
REPLY_IGNORE_SHIFT = 24
IGNORE_MASK = 0xFF
ENDPOINT_MASK = SEND_REUSE_ONLY | SEND_CLOSE

ADVERTISED = "core.advertised"
"""key of `ctx.vars`: the Advertised of set_advertised_address() and set_advertised_port()"""


class Advertised(NamedTuple):
    """What to put into Via and Record-Route for this message; "" and 0: as usual."""

    address: str = ""
    port: int = 0


def forward_flags(send_flags: int) -> int:
    """Endpoint flags for the message when it is forwarded."""
    if not send_flags:
        return 0
    return (send_flags & ENDPOINT_MASK) | (send_flags >> FORWARD_IGNORE_SHIFT & IGNORE_MASK) << SEND_IGNORE_SHIFT


def reply_flags(send_flags: int) -> int:
    """Endpoint flags for replies to the message."""
    if not send_flags:
        return 0
    kept = send_flags >> REPLY_SHIFT & ENDPOINT_MASK
    return kept | (send_flags >> REPLY_IGNORE_SHIFT & IGNORE_MASK) << SEND_IGNORE_SHIFT


def large_message_proto(send_flags: int) -> int:
    """The protocol for a message that is too large for UDP as udp_mtu_try_proto() said; 0: it did not."""
    return send_flags >> MTU_SHIFT & 0xF


def set_large_message_proto(ctx: Context, proto: int) -> None:
    """udp_mtu_try_proto()."""
    ctx.send_flags = (ctx.send_flags & ~(0xF << MTU_SHIFT)) | proto << MTU_SHIFT


def advertised(ctx: Context) -> Advertised:
    """What the script set for this message."""
    if ctx.var_map is None:
        return Advertised()
    found: Advertised = ctx.var_map.get(ADVERTISED, Advertised())
    return found


def as_advertised(ctx: Context, listener: Listener) -> Listener:
    """`listener` as our headers in this message are to name it."""
    if ctx.var_map is None or ADVERTISED not in ctx.var_map:
        return listener
    wanted = advertised(ctx)
    address = wanted.address or listener.advertised_address
    port = wanted.port or listener.advertised_port
    return Listener(listener.proto, listener.address, listener.port, address, port)
