"""Forking: from the destination set to branches, look-ups, first transmission and failover (RFC 3261 16.5, 16.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.blacklist import ERR_SEND, blacklist_of
from siprouter.core.forward import plan_for
from siprouter.core.outgoing import NextHop, endpoint_for, endpoint_for_large, next_hop, passes_onsend
from siprouter.core.routes import BRANCH
from siprouter.core.send_flags import forward_flags
from siprouter.modules.tm.blacklisting import is_avoided
from siprouter.modules.tm.build import BranchInfo, build_branch
from siprouter.modules.tm.hints import FORWARDED, Hints, hints_of
from siprouter.transaction.branch import B_FIRST, B_TRIED, Branch
from siprouter.transaction.events import REQUEST_FWDED
from siprouter.transaction.server import F_CANCELED, F_DISABLE_FAILOVER, F_LOCAL, F_SEEN_6XX
from siprouter.transaction.states import C_RESOLVING
from siprouter.transaction.table import is_loop
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.routes import CompiledRoute
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.transaction import Transaction

# Return codes of SIP Router's script functions
E_CFG = -6
E_SEND = -477


class Wish:
    """One destination of the set: where, and what the branch route may still change."""

    __slots__ = ("dst_uri", "flags", "force_socket", "instance", "path", "send_flags", "uri")

    def __init__(
        self,
        uri: str | None,
        dst_uri: str | None,
        path: str | None,
        force_socket: Any,
        flags: int,
        instance: str | None,
        send_flags: int,
    ) -> None:
        self.uri = uri
        self.dst_uri = dst_uri
        self.path = path
        self.force_socket = force_socket
        self.flags = flags
        self.instance = instance
        self.send_flags = send_flags

    def branch_info(self, edits: list[Any]) -> BranchInfo:
        """What the branch will need, with these edits."""
        return BranchInfo(self.uri, self.path, edits, self.flags, self.force_socket, self.instance, self.send_flags)


def forward(tm: Tm, ctx: Context, transaction: Transaction, hop: NextHop | None, proto: int) -> int:
    """Add a branch for each destination of `ctx` and send them.

    `hop` overrides where all of them go, `proto` (0: none) by which transport. 1 when at least one is on its way, else
    a negative code, with the SIP error in the hints.
    """
    hints = hints_of(ctx)
    if transaction.flags & F_CANCELED:
        hints.error = (487, "Request Terminated")
        return -487
    if transaction.status >= 200 and not transaction.flags & F_LOCAL:
        return -1
    if tm.loop_detection and is_loop(transaction):
        hints.error = (482, "Loop Detected")
        return -1
    hints_of(transaction.context).save(ctx)
    wishes = destination_set(ctx)
    route: CompiledRoute | None = transaction.on_branch
    transaction.on_branch = None
    hints.error = (500, "Server Internal Error")
    worst = E_CFG if not wishes else 0
    started: list[tuple[Branch, Any]] = []
    for wish in wishes:
        try:
            made = add_branch(tm, ctx, transaction, wish, route, hop, proto)
        except PeerError as error:
            hints.error = (error.status, error.reason)
            worst = min(worst, -error.status)
            continue
        if made is None:
            worst = min(worst, E_CFG)
        else:
            started.append(made)
    consume(ctx)
    if not started:
        return worst or -1
    branch = started[0][0]
    branch.flags |= B_FIRST
    return send_all(tm, ctx, transaction, started)


def send_all(tm: Tm, ctx: Context, transaction: Transaction, started: list[tuple[Branch, Any]]) -> int:
    """Send the new branches whose targets are known; the others follow by themselves."""
    hints = hints_of(ctx)
    alive = 0
    for made in started:
        branch = made[0]
        if made[1] is None or send_branch(tm, transaction, branch, made[1], ctx.worker.now()):
            alive += 1
    if not alive:
        hints.error = (477, "Next Hop Not Reached")
        return E_SEND
    hints.error = None
    hints.done |= FORWARDED
    return 1


def destination_set(ctx: Context) -> list[Wish]:
    """The request URI unless it was used up, and the additional branches."""
    wishes: list[Wish] = []
    fresh = True
    if ctx.uri_consumed:
        hints: Hints = ctx.tm
        fresh = ctx.dst_uri != hints.dst_uri
    if fresh and not is_named(ctx):
        wishes.append(
            Wish(ctx.new_uri, ctx.dst_uri, ctx.path, ctx.force_socket, ctx.branch_flags, ctx.instance, ctx.send_flags)
        )
    if ctx.branch_list is None:
        return wishes
    for branch in ctx.branch_list:
        wishes.append(
            Wish(
                branch.uri,
                branch.dst_uri,
                branch.path,
                branch.force_socket,
                branch.flags,
                branch.instance,
                ctx.send_flags,
            )
        )
    return wishes


def is_named(ctx: Context) -> bool:
    """Whether one of the additional branches is the request URI with its destination."""
    if ctx.branch_list is not None:
        for branch in ctx.branch_list:
            if branch.uri == ctx.uri and branch.dst_uri == ctx.dst_uri:
                return True
    return False


def consume(ctx: Context) -> None:
    """The destination set has been used."""
    ctx.branch_list = None
    ctx.uri_consumed = True
    hints: Hints = ctx.tm
    hints.dst_uri = ctx.dst_uri


def add_branch(
    tm: Tm,
    ctx: Context,
    transaction: Transaction,
    wish: Wish,
    route: CompiledRoute | None,
    hop: NextHop | None,
    proto: int,
) -> tuple[Branch, Any] | None:
    """A branch for `wish`, after the branch route, with the plan of its targets (None: they follow later).

    None when the branch route dropped it. Raises PeerError when it cannot go anywhere.
    """
    if route is not None and route.waits:
        branch = transaction.add_branch(tm.worker.now())
        branch.info = wish.branch_info([])
        transaction.await_target(branch)
        worker = tm.worker
        worker.spawn(prepare_later(tm, ctx, transaction, branch, wish, route, hop, proto), "branch_route")
        return branch, None
    if route is not None or transaction.watched & REQUEST_FWDED:
        changed = run_branch_route(tm, ctx, transaction, wish, route)
        if changed is None:
            return None
        edits = changed
    else:
        edits = list(ctx.msg.edits)
    msg = ctx.msg
    uri = wish.uri or msg.uri
    if hop is not None:
        target = hop
    elif wish.dst_uri or wish.uri:
        target = next_hop(wish.dst_uri or uri, proto)
    else:
        target = next_hop(msg.parsed_uri, proto)
    branch = transaction.add_branch(ctx.worker.now())
    branch.uri = uri
    branch.info = wish.branch_info(edits)
    plan = plan_for(ctx.worker, target)
    if plan is None:
        transaction.await_target(branch)
        ctx.worker.spawn(resolve_later(tm, transaction, branch, target), "resolve")
    else:
        branch.plan = plan
    return branch, plan


def run_branch_route(
    tm: Tm, ctx: Context, transaction: Transaction, wish: Wish, route: CompiledRoute | None
) -> list[Any] | None:
    """Run a branch route and callbacks on `ctx` dressed up as the branch; what they changed goes to `wish`.

    Returns the edits of the branch, None when the route dropped it.
    """
    kept = dress(ctx, wish, len(transaction.branches))
    try:
        if route is not None:
            tm.user.run(route, ctx)
        if transaction.watched & REQUEST_FWDED and not ctx.dropped:
            tm.user.event(REQUEST_FWDED, transaction, ctx.msg, None, 0)
        return undress(ctx, wish)
    finally:
        restore(ctx, kept)


Kept = tuple[Any, ...]


def dress(ctx: Context, wish: Wish, index: int) -> Kept:
    """Make `ctx` look like one branch; returns what `restore` needs."""
    kept = (
        ctx.route_type,
        ctx.new_uri,
        ctx.dst_uri,
        ctx.path,
        ctx.force_socket,
        ctx.branch_flags,
        ctx.branch_index,
        ctx.msg.edits,
        ctx.dropped,
        ctx.uri_consumed,
        ctx.branch_list,
        ctx.send_flags,
    )
    ctx.route_type = BRANCH
    if wish.uri is None:
        ctx.revert_uri()
    else:
        ctx.set_uri(wish.uri)
    ctx.dst_uri = wish.dst_uri
    ctx.path = wish.path
    ctx.force_socket = wish.force_socket
    ctx.branch_flags = wish.flags
    ctx.send_flags = wish.send_flags
    ctx.branch_index = index
    ctx.msg.edits = list(ctx.msg.edits)
    ctx.dropped = False
    return kept


def undress(ctx: Context, wish: Wish) -> list[Any] | None:
    """Take over what a branch route made of `ctx`; its edits, or None when it dropped the branch."""
    if ctx.dropped:
        return None
    wish.uri = ctx.new_uri
    wish.dst_uri = ctx.dst_uri
    wish.path = ctx.path
    wish.force_socket = ctx.force_socket
    wish.flags = ctx.branch_flags
    wish.send_flags = ctx.send_flags
    edits: list[Any] = ctx.msg.edits
    return edits


def restore(ctx: Context, kept: Kept) -> None:
    """Undo `dress`."""
    (
        ctx.route_type,
        ctx.new_uri,
        ctx.dst_uri,
        ctx.path,
        ctx.force_socket,
        ctx.branch_flags,
        ctx.branch_index,
        ctx.msg.edits,
        ctx.dropped,
        ctx.uri_consumed,
        ctx.branch_list,
        ctx.send_flags,
    ) = kept
    ctx.uri_cache = None


async def prepare_later(
    tm: Tm,
    ctx: Context,
    transaction: Transaction,
    branch: Branch,
    wish: Wish,
    route: CompiledRoute,
    hop: NextHop | None,
    proto: int,
) -> None:
    """Run a branch route that waits on a copy of the context, then look up and send."""
    copy = branch_context(ctx)
    dress(copy, wish, branch.index)
    edits = list(copy.msg.edits)
    await tm.user.run_waiting(route, copy)
    if transaction.watched & REQUEST_FWDED and not copy.dropped:
        tm.user.event(REQUEST_FWDED, transaction, copy.msg, None, 0)
    if copy.dropped:
        transaction.end_blind_branch(branch)
        transaction.settle(tm.worker.now())
        return
    changed = undress(copy, wish)
    branch.info = wish.branch_info(changed or edits)
    branch.info.msg = copy.msg
    branch.uri = wish.uri or copy.msg.uri
    try:
        target = hop or next_hop(wish.dst_uri or wish.uri or copy.msg.uri, proto)
    except PeerError as error:
        transaction.fail(branch, error.status, tm.worker.now())
        return
    plan = plan_for(tm.worker, target)
    if plan is None:
        await resolve_later(tm, transaction, branch, target)
    else:
        branch.plan = plan
        send_or_fail(tm, transaction, branch, plan)


def branch_context(ctx: Context) -> Context:
    """A context of its own for a branch route that outlives the caller's."""
    copy = type(ctx)(ctx.worker, ctx.script, ctx.msg.apply_edits(), ctx.source, ctx.worker.now(), BRANCH)
    copy.flags = ctx.flags
    copy.script_flags = ctx.script_flags
    copy.avps = ctx.avps
    copy.var_map = ctx.var_map
    copy.hops = ctx.hops
    copy.transaction = ctx.transaction
    copy.tm = ctx.tm
    copy.force_rport = ctx.force_rport
    return copy


async def resolve_later(tm: Tm, transaction: Transaction, branch: Branch, hop: NextHop) -> None:
    """Look up the targets of a branch, then send; a failure is a final 478 of that branch."""
    worker = tm.worker
    try:
        if worker.resolver is None:
            raise PeerError(478, "Unresolvable Destination")
        plan = await worker.resolver.plan(hop.host, hop.port, hop.proto, hop.secure)
    except PeerError as error:
        worker.log.warning("cannot resolve %s: %s", hop.host, error.reason, source="tm")
        transaction.fail(branch, 478, worker.now())
        return
    branch.plan = plan
    send_or_fail(tm, transaction, branch, plan)


def send_or_fail(tm: Tm, transaction: Transaction, branch: Branch, plan: Any) -> None:
    """Send a branch whose targets are known by now; when none can be reached it ends with 477."""
    now = tm.worker.now()
    if branch.state != C_RESOLVING or branch.owner is None or transaction.context is None:
        return
    if not send_branch(tm, transaction, branch, plan, now):
        branch.status = 0
        branch.state = C_RESOLVING
        transaction.fail(branch, 477, now)


def may_fail_over(tm: Tm, transaction: Transaction) -> bool:
    """Whether further targets may be tried (core parameter use_dns_failover, t_set_disable_failover())."""
    return bool(getattr(tm.worker.settings, "use_dns_failover", 0)) and not transaction.flags & (
        F_DISABLE_FAILOVER | F_CANCELED | F_SEEN_6XX
    )


def send_branch(tm: Tm, transaction: Transaction, branch: Branch, plan: Any, now: float) -> bool:
    """Send a branch to the first of its targets that takes it. False: none did, and the branch has ended."""
    target = plan.next()
    while target is not None:
        if send_to(tm, transaction, branch, target, now):
            return True
        if not may_fail_over(tm, transaction):
            break
        target = plan.next()
        if target is not None:
            branch.state = C_RESOLVING
            branch.status = 0
    transaction.abandon(branch)
    return False


def send_to(tm: Tm, transaction: Transaction, branch: Branch, target: Any, now: float) -> bool:
    """Build and send a branch to one target."""
    ctx: Context = transaction.context
    info: BranchInfo = branch.info
    worker = ctx.worker
    to = endpoint_for(worker, target, info.forced, ctx.source.listener, forward_flags(info.send_flags))
    if to is None:
        worker.log.error("no socket to send to %s from", target.ip, source="tm")
        return False
    data = build_branch(tm, ctx, branch, info, to)
    larger = endpoint_for_large(worker, to, len(data), info.send_flags, info.forced)
    if larger is not None:
        to = larger
        data = build_branch(tm, ctx, branch, info, to)
    if not passes_onsend(ctx, data, to) or is_avoided(tm, transaction.method, to, now):
        return False
    if transaction.start(branch, data, to, now):
        return True
    blacklist_of(worker).add(ERR_SEND, to, now)
    return False


def try_next_target(tm: Tm, transaction: Transaction, branch: Branch, now: float) -> bool:
    """A branch failed (no answer, 503, transport error): start a new one to its next target, if there is one."""
    if branch.flags & B_TRIED or branch.plan is None or not may_fail_over(tm, transaction):
        return False
    branch.flags |= B_TRIED
    if now >= transaction.end_of_life or transaction.context is None or transaction.status >= 200:
        return False
    plan = branch.plan
    branch.plan = None
    peek = plan.next()
    if peek is None:
        return False
    try:
        fresh = transaction.add_branch(now)
    except PeerError:
        return False
    info: BranchInfo = branch.info
    edits = info.edits if tm.cfg.reparse_on_dns_failover else hints_of(transaction.context).edits
    again = BranchInfo(info.uri, info.path, edits, info.flags, info.forced, info.instance, info.send_flags)
    again.msg = info.msg if tm.cfg.reparse_on_dns_failover else None
    fresh.info = again
    fresh.uri = branch.uri
    fresh.plan = Resumed(peek, plan)
    return send_branch(tm, transaction, fresh, fresh.plan, now)


class Resumed:
    """A plan one target of which was taken already to see whether there is one."""

    __slots__ = ("first", "rest")

    def __init__(self, first: Any, rest: Any) -> None:
        self.first = first
        self.rest = rest

    def next(self) -> Any:
        """The target that was taken, then the others."""
        first, self.first = self.first, None
        return first if first is not None else self.rest.next()
