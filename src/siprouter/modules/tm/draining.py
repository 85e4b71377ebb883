"""Which transactions a server that stops waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.transaction.branch import B_REPLIED
from siprouter.transaction.states import S_COMPLETED

if TYPE_CHECKING:
    from siprouter.transaction.transaction import Transaction


def is_brief(transaction: Transaction) -> bool:
    """Whether a transaction is about to end by itself: an INVITE until somebody rings, and until the ACK of a refusal;
    any other request until its final reply."""
    if transaction.status >= 200:
        return bool(transaction.is_invite and transaction.state == S_COMPLETED)
    return not transaction.is_invite or not any(branch.flags & B_REPLIED for branch in transaction.branches)
