"""What a node still holds: transactions, timers, tasks; and what of that must not be left behind by a test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from siprouter.core.worker import Worker
from siprouter.transaction.branch import Branch, Cancel
from siprouter.transaction.server import F_GONE, F_LINGERING, F_LOCAL, F_RELEASED
from siprouter.transaction.states import CLIENT_STATES, SERVER_STATES
from siprouter.transaction.transaction import Transaction
from siprouter.util.wheel import CallTimer, Timer, Wheel


class LeakError(AssertionError):
    """Something was left behind at the end of a test: an unanswered transaction, a task, a timer, a socket."""


@dataclass(frozen=True)
class BranchView:
    """One destination of a transaction: `state` of RFC 3261 17.1, `status` the last one received or made up."""

    uri: str
    state: str
    status: int


@dataclass(frozen=True)
class TransactionView:
    """A transaction as it is now. `answered`: it has its final reply, and only absorbs what is late.

    `state` is that of the server transaction (RFC 3261 17.2), `status` the last one sent, 0 for none; `local` a request
    of the router's own.
    """

    method: str
    uri: str
    call_id: str
    state: str
    status: int
    answered: bool
    local: bool
    branches: tuple[BranchView, ...]

    def __str__(self) -> str:
        legs = "".join(f"; {branch.uri} {branch.state} {branch.status}" for branch in self.branches)
        return f"{self.method} {self.uri} ({self.call_id}, {self.state}, {self.status}{legs})"


@dataclass(frozen=True)
class TimerView:
    """A timer that runs: `seconds` until it fires, `what` it belongs to."""

    seconds: float
    what: str

    def __str__(self) -> str:
        return f"{self.what} in {self.seconds:.3f} s"


def view_transaction(transaction: Transaction) -> TransactionView:
    """What can be seen of a transaction."""
    request = transaction.request
    ends = F_LINGERING | F_GONE | F_RELEASED
    branches = [BranchView(branch.uri, CLIENT_STATES[branch.state], branch.status) for branch in transaction.branches]
    return TransactionView(
        transaction.method,
        "" if request is None else request.uri,
        "" if request is None else request.call_id,
        SERVER_STATES[transaction.state],
        transaction.status,
        transaction.status >= 200 or bool(transaction.flags & ends),
        bool(transaction.flags & F_LOCAL),
        tuple(branches),
    )


def transactions(worker: Worker) -> list[TransactionView]:
    """All transactions of the module tm, oldest first; none where it is not loaded."""
    tm = worker.modules.get("tm")
    if tm is None or not hasattr(tm, "table"):
        return []
    return [view_transaction(transaction) for transaction in tm.table.by_label.values()]


def armed_timers(wheel: Wheel) -> Iterator[Timer]:
    """The timers that wait in a wheel, in no order."""
    for head in (*wheel.slots, wheel.expired):
        timer = head.next
        while timer is not None and timer is not head:
            yield timer
            timer = timer.next


def timers(wheel: Wheel, now: float) -> list[TimerView]:
    """What runs in a wheel, the next first."""
    found = [TimerView(max(timer.due / wheel.rate - now, 0.0), describe_timer(timer)) for timer in armed_timers(wheel)]
    return sorted(found, key=lambda view: view.seconds)


def describe_timer(timer: Timer) -> str:
    """What a timer is for, in words."""
    if isinstance(timer, Transaction):
        return f"{timer.method} transaction {SERVER_STATES[timer.state]}"
    if isinstance(timer, Branch):
        method = getattr(timer.owner, "method", "?")
        return f"{method} branch {timer.index} {CLIENT_STATES[timer.state]}"
    if isinstance(timer, Cancel):
        return f"CANCEL of branch {timer.branch.index}"
    if isinstance(timer, CallTimer):
        callback = timer.callback
        return str(getattr(callback, "__qualname__", callback))
    return type(timer).__name__


def unanswered(found: Iterable[TransactionView]) -> list[str]:
    """A line for each transaction that has no final reply yet."""
    return [f"transaction without final reply: {transaction}" for transaction in found if not transaction.answered]


def waiting_tasks(tasks: Iterable[asyncio.Task[Any]]) -> list[str]:
    """A line for each task that has not ended."""
    return [f"task still waiting: {task.get_name()}" for task in tasks if not task.done()]


def left_timers(wheel: Wheel, now: float) -> list[str]:
    """A line for each timer that still runs."""
    return [f"timer still running: {view}" for view in timers(wheel, now)]
