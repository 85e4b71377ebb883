"""Stateless forwarding of replies (RFC 3261 16.11, 18.1.2, 18.2.2): by the second Via, where the first one is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.outgoing import endpoint_for, literal_target, next_hop_of_via, setting
from siprouter.core.send_flags import forward_flags, reply_flags
from siprouter.sip.build import build_forward_reply
from siprouter.transport.endpoint import Endpoint, is_stream

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.sip.via import Via


def forward_reply(ctx: Context) -> bool:
    """Send the reply of `ctx` to where its second Via says; False where there is none or it cannot be reached at once.

    A Via host that must be looked up is resolved beside other messages, and counts as sent.
    """
    worker = ctx.worker
    msg = ctx.msg
    top = msg.via
    if setting(worker, "check_via", 0) and not worker.is_myself(top.host, top.port, 0):
        return False
    vias = msg.vias()
    if len(vias) < 2:
        return False
    via = vias[1]
    hop = next_hop_of_via(via)
    target = literal_target(hop)
    if target is None:
        if worker.resolver is None:
            return False
        worker.spawn(_resolve_and_send(ctx, via), "reply")
        return True
    flags = forward_flags(ctx.send_flags) | reply_flags(ctx.send_flags)
    endpoint = endpoint_for(worker, target, None, ctx.source.listener, flags)
    return endpoint is not None and _send(ctx, endpoint)


async def _resolve_and_send(ctx: Context, via: Via) -> None:
    hop = next_hop_of_via(via)
    try:
        plan = await ctx.worker.resolver.plan(hop.host, hop.port, hop.proto, False)
    except Exception as error:
        ctx.worker.log.warning("cannot forward a reply to %s: %s", hop.host, error)
        return
    target = plan.next()
    flags = forward_flags(ctx.send_flags) | reply_flags(ctx.send_flags)
    endpoint = None if target is None else endpoint_for(ctx.worker, target, None, ctx.source.listener, flags)
    if endpoint is not None:
        _send(ctx, endpoint)


def _send(ctx: Context, endpoint: Endpoint) -> bool:
    """Build and send; over a stream by the connection that the request came by, which our own Via names."""
    number = ctx.msg.via.params.get("i", "")
    if is_stream(endpoint.proto) and 0 < len(number) <= 8 and number.isalnum():
        try:
            connection = int(number, 16)
        except ValueError:
            return False
        endpoint = Endpoint(endpoint.proto, endpoint.ip, endpoint.port, connection, endpoint.listener, endpoint.flags)
    data = build_forward_reply(ctx.msg, None, is_stream(endpoint.proto))
    sent: bool = ctx.worker.outlet.send(data, endpoint)
    return sent
