"""Stateless forwarding of requests (RFC 3261 16.11)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from siprouter.core.blacklist import ERR_SEND, blacklist_of
from siprouter.core.late_edits import settle_edits
from siprouter.core.outgoing import (
    NextHop,
    SingleTarget,
    Target,
    endpoint_for,
    endpoint_for_large,
    literal_target,
    next_hop,
    passes_onsend,
    route_lines,
    setting,
    via_line,
    via_notes,
)
from siprouter.core.send_flags import ADD_LOCAL_RPORT, as_advertised, forward_flags
from siprouter.sip.build import build_forward
from siprouter.sip.names import M_ACK, M_CANCEL, M_INVITE
from siprouter.transport.endpoint import Endpoint, is_stream
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker


def stateless_branch(ctx: Context) -> str:
    """The same branch for each retransmission of a request, another one for every other (16.11)."""
    msg = ctx.msg
    via = msg.via
    method = "" if msg.method_id in (M_ACK, M_CANCEL, M_INVITE) else msg.method
    number = msg.cseq.number
    tag = msg.to_address().tag
    from_tag = msg.from_address().tag
    if not setting(ctx.worker, "syn_branch", 1):
        text = msg.call_id_text()
        return lasting_branch((via.branch, via.host, via.port, text, number, from_tag, tag, ctx.uri_text(), method))
    # one text is hashed quicker than a tuple of many
    hop = f"{via.branch} {via.host}:{via.port}"
    digest = hash(f"{hop} {msg.call_id_text()} {number} {from_tag} {tag} {method} {ctx.uri_text()}")
    high = digest >> 32 & 0xFFFFFFFF
    low = digest & 0xFFFFFFFF
    return f"z9hG4bKs{high:08x}{low:08x}.0"


def lasting_branch(parts: tuple[object, ...]) -> str:
    """A branch that another process makes of the same parts too: after a restart, or beside this one."""
    digest = hashlib.blake2b(repr(parts).encode("utf-8", "surrogateescape"), digest_size=8)
    return f"z9hG4bKs{digest.hexdigest()}.0"


def forward_request(ctx: Context, hop: NextHop | None = None) -> int:
    """Forward the request of `ctx` to `hop`, or else to its destination or request URI. 1, or -1 when it cannot go.

    Where the next hop must be looked up first the result is 1, and a failure is only logged.
    """
    try:
        if hop is None:
            hop = next_hop(ctx.dst_uri) if ctx.dst_uri else next_hop(ctx.uri_parts())
    except PeerError as error:
        ctx.worker.log.warning("cannot forward %s: %s", ctx.msg.method, error.reason)
        return _counted(ctx, False)
    plan = plan_for(ctx.worker, hop)
    if plan is not None:
        return _counted(ctx, send_to_first(ctx, plan))
    ctx.worker.spawn(resolve_and_send(ctx, hop), "forward")
    return 1


def plan_for(worker: Worker, hop: NextHop) -> Any:
    """The targets of a next hop where they are known at once: an address, or an answer in the cache; else None."""
    target = literal_target(hop)
    if target is not None:
        return SingleTarget(target)
    resolver = worker.resolver
    return None if resolver is None else resolver.plan_now(hop.host, hop.port, hop.proto, hop.secure)


async def resolve_and_send(ctx: Context, hop: NextHop) -> None:
    """Look the next hop up, then send."""
    try:
        if ctx.worker.resolver is None:
            raise PeerError(478, f"no resolver for {hop.host}")
        plan = await ctx.worker.resolver.plan(hop.host, hop.port, hop.proto, hop.secure)
    except PeerError as error:
        ctx.worker.log.warning("cannot forward %s to %s: %s", ctx.msg.method, hop.host, error.reason)
        _counted(ctx, False)
        return
    _counted(ctx, send_to_first(ctx, plan))


def _counted(ctx: Context, sent: bool) -> int:
    """Count a request as forwarded or dropped in the group `core`; 1 or -1 for the script."""
    counters = ctx.worker.counters
    counter = counters.declare("core", "fwd_requests" if sent else "drop_requests")
    counter.inc()
    return 1 if sent else -1


def send_to_first(ctx: Context, plan: Any) -> bool:
    """Send to the first target of a plan that takes the request."""
    branch = stateless_branch(ctx)
    target = plan.next()
    while target is not None:
        if send_to(ctx, target, branch):
            return True
        target = plan.next()
    return False


def send_to(ctx: Context, target: Target, branch: str) -> bool:
    """Build the request for one target and send it."""
    worker = ctx.worker
    flags = forward_flags(ctx.send_flags)
    endpoint = endpoint_for(worker, target, ctx.force_socket, ctx.source.listener, flags)
    if endpoint is None:
        worker.log.error("no socket to send to %s from", target.ip)
        return False
    data = build_request(ctx, endpoint, branch)
    larger = endpoint_for_large(worker, endpoint, len(data), ctx.send_flags, ctx.force_socket)
    if larger is not None:
        endpoint = larger
        data = build_request(ctx, endpoint, branch)
    blacklist = blacklist_of(worker)
    if (blacklist.entries and blacklist.avoids(endpoint, worker.now())) or not passes_onsend(ctx, data, endpoint):
        return False
    if worker.outlet.send(data, endpoint):
        return True
    blacklist.add(ERR_SEND, endpoint, worker.now())
    return False


def build_request(ctx: Context, to: Endpoint, branch: str) -> bytes:
    """The request as it leaves to `to`."""
    assert to.listener is not None
    listener = as_advertised(ctx, to.listener)
    received, rport = via_notes(ctx.worker, ctx.msg, ctx.source, ctx.force_rport)
    return build_forward(
        ctx.msg,
        ctx.new_uri,
        via_line(listener, branch, ctx.source.connection, ctx.send_flags & ADD_LOCAL_RPORT),
        settle_edits(ctx, ctx.msg.edits, listener),
        received,
        rport,
        route_lines(ctx.path),
        is_stream(to.proto),
    )
