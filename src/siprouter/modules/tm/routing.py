"""Functions about the transaction itself: t_newtran, look-ups, t_reply, t_release, the routes to run later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.routes import CORE_ONREPLY, FAILURE, REQUEST
from siprouter.modules.tm.hints import RELEASED
from siprouter.sip.names import M_ACK, M_CANCEL
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.routes import CompiledRoute
    from siprouter.core.values import Value
    from siprouter.modules.tm.state import Tm

E_SCRIPT = -10


def t_newtran(tm: Tm, ctx: Context) -> int:
    """Make the transaction. -10 when there is one already; 1 without effect for an ACK."""
    if ctx.transaction is not None:
        tm.log.error("t_newtran: there is a transaction already", source="tm")
        return E_SCRIPT
    if ctx.msg.method_id == M_ACK:
        return 1
    try:
        tm.create(ctx)
    except PeerError as error:
        tm.hints(ctx).error = (error.status, error.reason)
        return -error.status
    return 1


def t_lookup_request(tm: Tm, ctx: Context) -> int:
    """True where the request has a transaction: retransmissions never get as far as the script."""
    return 1 if ctx.transaction is not None else -1


def t_lookup_cancel(tm: Tm, ctx: Context, copy_flags: int = 0) -> int:
    """True where the INVITE of a CANCEL is known; with 1 its flags become those of the CANCEL."""
    if ctx.msg.method_id != M_CANCEL or not ctx.msg.is_request:
        tm.log.warning("t_lookup_cancel: not a CANCEL", source="tm")
        return -1
    found = tm.find_canceled(ctx)
    if found is None:
        return -1
    if copy_flags and found.context is not None:
        ctx.flags = found.context.flags
    return 1


def t_check_trans(tm: Tm, ctx: Context) -> int:
    """Whether a message belongs to a transaction: replies, CANCELs, end-to-end ACKs."""
    msg = ctx.msg
    if not msg.is_request:
        return 1 if ctx.transaction is not None or tm.table.find_reply(msg) is not None else -1
    if msg.method_id == M_CANCEL:
        return t_lookup_cancel(tm, ctx)
    if msg.method_id == M_ACK:
        return 1 if tm.hints(ctx).e2e_ack else -1
    return -1


def status_of(tm: Tm, value: Value) -> int:
    """The status argument of t_reply; default_code where it is none."""
    if isinstance(value, int):
        return value if 100 <= value <= 699 else int(tm.cfg.default_code)
    text = value or ""
    if text.isdigit() and 100 <= int(text) <= 699:
        return int(text)
    return int(tm.cfg.default_code)


def t_reply(tm: Tm, ctx: Context, code: Value, reason: Value) -> int:
    """Reply to the request of the transaction, from any route."""
    transaction = ctx.transaction
    if transaction is None and ctx.route_type & CORE_ONREPLY and not ctx.msg.is_request:
        branch = tm.table.find_reply(ctx.msg)
        transaction = None if branch is None else branch.owner
    if transaction is None or (ctx.msg.is_request and ctx.msg.method_id == M_ACK):
        tm.log.error("t_reply: no transaction to reply in", source="tm")
        return -1
    base = transaction.context if not ctx.msg.is_request else ctx
    if base is None:
        return -1
    text = str(tm.cfg.default_reason) if reason is None or reason == "" else str(reason)
    return 1 if tm.user.reply_locally(transaction, base, status_of(tm, code), text, tm.worker.now()) else -1


def t_retransmit_reply(tm: Tm, ctx: Context) -> int:
    """Send the last reply once more."""
    transaction = ctx.transaction
    if transaction is None or ctx.msg.method_id == M_ACK:
        return -1
    return 1 if transaction.resend_reply() else -1


def t_release(tm: Tm, ctx: Context) -> int:
    """Let the transaction go; it still absorbs what is late."""
    transaction = ctx.transaction
    if transaction is None:
        return 1
    transaction.release(tm.worker.now())
    tm.hints(ctx).done |= RELEASED
    ctx.transaction = None
    return 1


def find_route(tm: Tm, ctx: Context, kind: str, name: str) -> tuple[bool, CompiledRoute | None]:
    """(known, route) for a name; "" is the way to say: none."""
    if not name:
        return True, None
    route = getattr(ctx.script, kind).get(name)
    if route is None:
        tm.log.error("no %s[%s]", kind.removesuffix("s"), name, source="tm")
    return route is not None, route


def t_on_failure(tm: Tm, ctx: Context, name: str) -> int:
    """The route to run when all branches have failed."""
    known, route = find_route(tm, ctx, "failure_routes", name)
    if known:
        (ctx.transaction or tm.hints(ctx)).on_failure = route
    return 1 if known else -1


def t_on_reply(tm: Tm, ctx: Context, name: str) -> int:
    """The route to run for each reply."""
    known, route = find_route(tm, ctx, "onreply_routes", name)
    if known:
        (ctx.transaction or tm.hints(ctx)).on_reply = route
    return 1 if known else -1


def t_on_branch(tm: Tm, ctx: Context, name: str) -> int:
    """The route to run for each branch of the next relaying."""
    known, route = find_route(tm, ctx, "branch_routes", name)
    if known:
        (ctx.transaction or tm.hints(ctx)).on_branch = route
    return 1 if known else -1


def t_save_lumps(tm: Tm, ctx: Context) -> int:
    """Failure routes begin with the request as it is now, whatever is changed before it is relayed."""
    if ctx.route_type != REQUEST:
        return 1
    if ctx.transaction is None:
        tm.log.error("t_save_lumps: no transaction", source="tm")
        return -1
    hints = tm.hints(ctx)
    hints.saved = False
    hints.save(ctx)
    return 1


def t_drop_replies(tm: Tm, ctx: Context, mode: str = "a") -> int:
    """Which replies the failure route leaves in the race: "n" all, "l" not those of the last step, else none."""
    if ctx.route_type != FAILURE or ctx.transaction is None:
        return -1
    ctx.transaction.drop_mode = {"n": 0, "l": 2}.get(mode[:1], 1)
    return 1
