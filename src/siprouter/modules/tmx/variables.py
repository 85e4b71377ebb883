"""Pseudo-variables of tmx: `$T_branch_idx`, `$T_reply_code`, and `$T_req($x)` and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.context import Context
from siprouter.core.routes import BRANCH, REQUEST, TM_ONREPLY
from siprouter.modules.tm.timers import present_status
from siprouter.sip.names import M_CANCEL

if TYPE_CHECKING:
    from siprouter.core.pvars import InnerName
    from siprouter.core.values import Value
    from siprouter.modules.tmx.state import Tmx


def branch_index(_tmx: Tmx, ctx: Context) -> int:
    """$T_branch_idx: in branch routes counted from 1, in reply routes from 0, elsewhere 0."""
    if ctx.route_type == BRANCH:
        return ctx.branch_index + 1
    return max(ctx.branch_index, 0) if ctx.route_type == TM_ONREPLY else 0


def reply_code(tmx: Tmx, ctx: Context) -> int:
    """$T_reply_code"""
    return present_status(tmx.tm, ctx)


def other_message(tmx: Tmx, inner: InnerName, find: Callable[[Tmx, Context], Context | None]) -> PvAccess:
    """The inner variable read from another message. Raises OperatorError where the inner name is no variable."""
    access = inner.dynamic
    if access is None:
        raise inner.error(f"not a pseudo-variable: '{inner.text}'", f"${inner.text}")
    read = access.get

    def get(ctx: Context) -> Value:
        other = find(tmx, ctx)
        return None if other is None else read(other)

    return PvAccess(get)


def request_of(_tmx: Tmx, ctx: Context) -> Context | None:
    """The request of the transaction, where a reply is at hand."""
    transaction = ctx.transaction
    if ctx.msg.is_request or transaction is None or not isinstance(transaction.context, Context):
        return None
    return transaction.context


def reply_of(tmx: Tmx, ctx: Context) -> Context | None:
    """The winning reply, where a request is at hand: in failure routes."""
    if not ctx.msg.is_request or ctx.reply is None:
        return None
    picked = tmx.tm.hints(ctx).picked
    found: Context | None = None if picked is None else picked.reply
    return found


def invite_of(tmx: Tmx, ctx: Context) -> Context | None:
    """The INVITE that a CANCEL is meant for."""
    if not ctx.msg.is_request or ctx.msg.method_id != M_CANCEL:
        return None
    found = tmx.tm.find_canceled(ctx)
    if found is None or not isinstance(found.context, Context):
        return None
    first = found.context
    other = Context(tmx.worker, first.script, found.request, first.source, ctx.now, REQUEST)
    other.flags = first.flags
    return other


def bind_request(tmx: Tmx, inner: InnerName) -> PvAccess:
    """$T_req($x)"""
    return other_message(tmx, inner, request_of)


def bind_reply(tmx: Tmx, inner: InnerName) -> PvAccess:
    """$T_rpl($x)"""
    return other_message(tmx, inner, reply_of)


def bind_invite(tmx: Tmx, inner: InnerName) -> PvAccess:
    """$T_inv($x)"""
    return other_message(tmx, inner, invite_of)
