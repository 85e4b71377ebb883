"""Timers of transactions, as far as they can be told from outside: what is resent, and what was given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from siprouter.transaction.branch import B_INV_TIMER, B_TIMED_OUT
from siprouter.transaction.server import EARLY

if TYPE_CHECKING:
    from siprouter.trace.events import Call


def retransmission(transactions: list[Any], data: bytes, now: float) -> str:
    """The timer because of which `data` leaves now; "" where it leaves for another reason."""
    for transaction in transactions:
        if data == transaction.data and now + EARLY >= transaction.retransmit_at:
            return f"G: the reply {transaction.status} is sent again"
        for branch in transaction.branches:
            letter = "A" if transaction.is_invite else "E"
            if data == branch.data and now + EARLY >= branch.retransmit_at:
                return f"{letter}: branch {branch.index} is sent again"
            cancel = branch.cancel
            if cancel is not None and data == cancel.data and now + EARLY >= cancel.retransmit_at:
                return f"E: the CANCEL of branch {branch.index} is sent again"
    return ""


def time_outs(call: Call) -> Iterator[str]:
    """Branches that got no final reply in time, each once."""
    for transaction in call.transactions:
        for branch in transaction.branches:
            key = (transaction.tid, branch.index)
            if branch.flags & B_TIMED_OUT and key not in call.timed_out:
                call.timed_out.add(key)
                name = "fr_inv_timer" if branch.flags & B_INV_TIMER else "fr_timer"
                yield f"{name}: no final reply for branch {branch.index}"
