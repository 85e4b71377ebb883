"""CANCEL from the caller: end to end for INVITEs we know, as unmatched_cancel says for others (RFC 3261 16.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.forward import forward_request
from siprouter.core.outgoing import NextHop
from siprouter.modules.tm.fork import forward
from siprouter.modules.tm.hints import FORWARDED
from siprouter.sip.names import H_REASON
from siprouter.transaction.events import E2ECANCEL_IN
from siprouter.transaction.server import F_CANCELED, F_NO_E2E_CANCEL_REASON

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.transaction import Transaction

STATEFUL = 0
STATELESS = 1


def forward_cancel(tm: Tm, ctx: Context, hop: NextHop | None, proto: int) -> int:
    """t_relay() for a CANCEL. Raises PeerError."""
    invite = tm.find_canceled(ctx)
    if invite is not None:
        transaction = ctx.transaction or tm.create(ctx)
        cancel_invite(tm, ctx, transaction, invite)
        tm.hints(ctx).done |= FORWARDED
        return 1
    mode = tm.cfg.unmatched_cancel
    if mode == STATEFUL:
        transaction = ctx.transaction or tm.create(ctx)
        return forward(tm, ctx, transaction, hop, proto)
    if mode == STATELESS:
        return forward_request(ctx, hop)
    return 1


def cancel_invite(tm: Tm, ctx: Context, transaction: Transaction, invite: Transaction) -> None:
    """Cancel the branches of `invite`, and answer the CANCEL, whose transaction is `transaction`."""
    if invite.watched & E2ECANCEL_IN:
        tm.user.event(E2ECANCEL_IN, invite, ctx.msg, None, 0)
    invite.flags |= F_CANCELED
    transaction.to_tag = tm.user.to_tag(invite)
    pending = 0
    if invite.status < 200:
        if not invite.branches:
            tm.user.reply_locally(invite, invite.context or ctx, 487, None, tm.worker.now())
        else:
            reason = b""
            if not invite.flags & F_NO_E2E_CANCEL_REASON:
                reason = b"".join(ctx.msg.line(header) for header in ctx.msg.all(H_REASON))
            if invite.cancel_reason is None:
                invite.cancel_reason = reason
            pending = invite.cancel_branches(reason, None, tm.worker.now())
    tm.user.reply_locally(transaction, ctx, 200, "canceling" if pending else "nothing more to cancel", tm.worker.now())
