"""Functions that change time-outs and flags of the present or the next transaction, and those that ask about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.routes import FAILURE, ONREPLY
from siprouter.transaction.branch import B_REPLIED, B_TIMED_OUT
from siprouter.transaction.server import (
    F_AUTO_100,
    F_CANCELED,
    F_DISABLE_6XX,
    F_DISABLE_FAILOVER,
    F_NO_E2E_CANCEL_REASON,
)

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.transaction import Transaction
    from siprouter.util.regex import Regex


def check_times(tm: Tm, *values: int) -> bool:
    """Whether all times (ms) can be used; 0 means "leave it"."""
    if all(value == 0 or value >= 1 for value in values):
        return True
    tm.log.error("a time-out cannot be negative: %s", values, source="tm")
    return False


def t_set_fr(tm: Tm, ctx: Context, fr_inv: int, fr: int = 0) -> int:
    """New final-response time-outs in ms."""
    if not check_times(tm, fr_inv, fr):
        return -1
    if ctx.transaction is not None:
        ctx.transaction.set_fr(fr_inv / 1000, fr / 1000, tm.worker.now())
    else:
        hints = tm.hints(ctx)
        hints.fr_inv = fr_inv / 1000 or hints.fr_inv
        hints.fr = fr / 1000 or hints.fr
    return 1


def t_reset_fr(tm: Tm, ctx: Context) -> int:
    """The module's final-response time-outs."""
    if ctx.transaction is not None:
        ctx.transaction.set_fr(tm.config.fr_inv_timer, tm.config.fr_timer, tm.worker.now())
    else:
        hints = tm.hints(ctx)
        hints.fr_inv = hints.fr = 0.0
    return 1


def t_set_retr(tm: Tm, ctx: Context, first: int, longest: int) -> int:
    """New retransmission intervals T1 and T2 in ms."""
    if not check_times(tm, first, longest):
        return -1
    if ctx.transaction is not None:
        ctx.transaction.set_retransmission(first / 1000, longest / 1000)
    else:
        hints = tm.hints(ctx)
        hints.retr1 = first / 1000 or hints.retr1
        hints.retr2 = longest / 1000 or hints.retr2
    return 1


def t_reset_retr(tm: Tm, ctx: Context) -> int:
    """The module's retransmission intervals."""
    if ctx.transaction is not None:
        ctx.transaction.set_retransmission(tm.config.retr_timer1, tm.config.retr_timer2)
    else:
        hints = tm.hints(ctx)
        hints.retr1 = hints.retr2 = 0.0
    return 1


def t_set_max_lifetime(tm: Tm, ctx: Context, invite: int, other: int) -> int:
    """New bounds in ms for INVITE and for other transactions."""
    if not check_times(tm, invite, other):
        return -1
    transaction = ctx.transaction
    if transaction is not None:
        lifetime = invite if transaction.is_invite else other
        if lifetime:
            transaction.set_lifetime(lifetime / 1000, tm.worker.now())
    else:
        hints = tm.hints(ctx)
        hints.lifetime_inv = invite / 1000 or hints.lifetime_inv
        hints.lifetime_other = other / 1000 or hints.lifetime_other
    return 1


def t_reset_max_lifetime(tm: Tm, ctx: Context) -> int:
    """The module's bounds."""
    transaction = ctx.transaction
    if transaction is not None:
        config = tm.config
        lifetime = config.max_inv_lifetime if transaction.is_invite else config.max_noninv_lifetime
        transaction.set_lifetime(lifetime, tm.worker.now())
    else:
        hints = tm.hints(ctx)
        hints.lifetime_inv = hints.lifetime_other = 0.0
    return 1


def t_set_auto_inv_100(tm: Tm, ctx: Context, on: int) -> int:
    """Whether the automatic 100 is sent."""
    return tm.set_flag(ctx, F_AUTO_100, on != 0)


def t_set_disable_6xx(tm: Tm, ctx: Context, on: int) -> int:
    """1: a 6xx is like any other reply."""
    return tm.set_flag(ctx, F_DISABLE_6XX, on != 0)


def t_set_disable_failover(tm: Tm, ctx: Context, on: int) -> int:
    """1: no further targets of a host are tried."""
    return tm.set_flag(ctx, F_DISABLE_FAILOVER, on != 0)


def t_set_no_e2e_cancel_reason(tm: Tm, ctx: Context, on: int) -> int:
    """1: the Reason of a CANCEL is not passed on."""
    return tm.set_flag(ctx, F_NO_E2E_CANCEL_REASON, on != 0)


# --- questions


def need(tm: Tm, ctx: Context, what: str) -> Transaction | None:
    """The transaction; an error is logged where there is none."""
    found: Transaction | None = ctx.transaction
    if found is None:
        tm.log.error("%s: no transaction", what, source="tm")
    return found


def t_branch_timeout(tm: Tm, ctx: Context) -> int:
    """Whether the branch that the failure route runs for got no final reply in time."""
    picked = tm.hints(ctx).picked
    return 1 if picked is not None and picked.flags & B_TIMED_OUT else -1


def t_branch_replied(tm: Tm, ctx: Context) -> int:
    """Whether that branch had got some reply before the present one."""
    picked = tm.hints(ctx).picked
    return 1 if picked is not None and picked.flags & B_REPLIED else -1


def t_any_timeout(tm: Tm, ctx: Context) -> int:
    """Whether any branch got no final reply in time."""
    transaction = need(tm, ctx, "t_any_timeout")
    if transaction is None:
        return -1
    return 1 if any(branch.flags & B_TIMED_OUT for branch in transaction.branches) else -1


def t_any_replied(tm: Tm, ctx: Context) -> int:
    """Whether any branch had got a reply before the present one."""
    transaction = need(tm, ctx, "t_any_replied")
    if transaction is None:
        return -1
    return 1 if any(branch.flags & B_REPLIED for branch in transaction.branches) else -1


def t_grep_status(tm: Tm, ctx: Context, status: int) -> int:
    """Whether any branch was answered with this status."""
    transaction = need(tm, ctx, "t_grep_status")
    if transaction is None:
        return -1
    found = any(branch.status == status and branch.flags & B_REPLIED for branch in transaction.branches)
    return 1 if found else -1


def t_is_canceled(tm: Tm, ctx: Context) -> int:
    """Whether the caller has cancelled."""
    transaction = need(tm, ctx, "t_is_canceled")
    return 1 if transaction is not None and transaction.flags & F_CANCELED else -1


def t_is_expired(tm: Tm, ctx: Context) -> int:
    """Whether the transaction has reached its maximum lifetime."""
    transaction = need(tm, ctx, "t_is_expired")
    return 1 if transaction is not None and tm.worker.now() >= transaction.end_of_life else -1


def present_status(tm: Tm, ctx: Context) -> int:
    """What t_check_status looks at: the status of the reply at hand, of the winner, or the one sent last."""
    if ctx.route_type & ONREPLY:
        return int(ctx.msg.status)
    if ctx.route_type == FAILURE:
        picked = tm.hints(ctx).picked
        return int(picked.status) if picked is not None else 0
    return int(ctx.transaction.status) if ctx.transaction is not None else 0


def t_check_status(tm: Tm, ctx: Context, pattern: Regex | None) -> int:
    """Whether the status matches a regular expression."""
    if pattern is None or (need(tm, ctx, "t_check_status") is None and not ctx.route_type & ONREPLY):
        return -1
    return 1 if pattern.search(str(present_status(tm, ctx))) else -1
