"""Script functions of tmx."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tmx.state import Tmx


def t_cancel_branches(tmx: Tmx, ctx: Context, which: str) -> int:
    """Cancel branches from a reply route: "all", "others" or "this"; false where there is nothing to cancel.

    The branch of a final reply is never cancelled.
    """
    transaction = ctx.transaction
    if transaction is None or not transaction.is_invite or not 0 <= ctx.branch_index < len(transaction.branches):
        return -1
    this = transaction.branches[ctx.branch_index]
    final = ctx.msg.status >= 200
    mode = which.lower()
    now = tmx.worker.now()
    if mode == "this":
        wanted = [] if final else [this]
    else:
        wanted = [branch for branch in transaction.branches if branch is not this or (mode == "all" and not final)]
    wanted = [branch for branch in wanted if branch.status < 200 and branch.cancel is None]
    for branch in wanted:
        transaction.cancel_branch(branch, b"", tmx.tm.config.cancel_b_method, now)
    return 1 if wanted else -1


def t_cancel_callid(tmx: Tmx, ctx: Context, call_id: str, cseq: str, flag: int) -> int:
    """Cancel the INVITE with this Call-ID and CSeq number; `flag` (1 to 31) is set in its request first."""
    transaction = tmx.tm.table.find_call(call_id, cseq)
    if transaction is None:
        return -1
    if transaction.context is not None and 0 < flag < 32:
        transaction.context.flags |= 1 << flag
    transaction.cancel_branches(b"", None, tmx.worker.now())
    return 1


def t_reply_callid(tmx: Tmx, ctx: Context, call_id: str, cseq: str, code: int, reason: str) -> int:
    """Reply to the INVITE with this Call-ID and CSeq number."""
    transaction = tmx.tm.table.find_call(call_id, cseq)
    if transaction is None or transaction.context is None or not 100 <= code <= 699:
        return -1
    done = tmx.tm.user.reply_locally(transaction, transaction.context, code, reason, tmx.worker.now())
    return 1 if done else -1


def t_flush_flags(tmx: Tmx, ctx: Context) -> int:
    """Let the transaction have the message flags now."""
    if ctx.transaction is None:
        tmx.worker.log.error("t_flush_flags: no transaction", source="tmx")
        return -1
    if ctx.transaction.context is not None:
        ctx.transaction.context.flags = ctx.flags
    return 1
