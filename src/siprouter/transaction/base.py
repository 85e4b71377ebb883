"""What all transactions share: settings, the transaction user, and bytes that are sent until something happens."""

import math
from collections.abc import Callable
from typing import Any, Protocol

from siprouter.transport.endpoint import Endpoint, Outlet
from siprouter.util.wheel import Timer, Wheel

NEVER = math.inf

# How to cancel a branch that has not been answered at all (parameter cancel_b_method)
CANCEL_FAKE_487 = 0
CANCEL_KEEP_RETRANSMITTING = 1
CANCEL_SEND_AT_ONCE = 2

# What the transaction user returns from `reply_received` and `branches_failed`
PENDING = -2  # a route waits; `resume_reply` or `resume_failure` follows
DROPPED = -1  # the script dropped the reply


# Why `failover` is asked for another target
NO_ANSWER = 1
TRANSPORT_ERROR = 2
OVERLOADED = 3  # a 503


class Config:
    """Settings of the transaction layer. Times are seconds; names and defaults are those of the tm module."""

    __slots__ = (
        "aggregate_challenges",
        "cancel_b_method",
        "disable_6xx_block",
        "e2e_cancel_reason",
        "failure_reply_mode",
        "fr_inv_timer",
        "fr_timer",
        "local_cancel_reason",
        "max_inv_lifetime",
        "max_noninv_lifetime",
        "noisy_ctimer",
        "restart_fr_on_each_reply",
        "retr_timer1",
        "retr_timer2",
        "ruri_matching",
        "via1_matching",
        "wt_timer",
    )

    def __init__(self) -> None:
        self.fr_timer = 30.0
        self.fr_inv_timer = 120.0
        self.wt_timer = 5.0
        self.retr_timer1 = 0.5
        self.retr_timer2 = 4.0
        self.max_inv_lifetime = 180.0
        self.max_noninv_lifetime = 32.0
        self.noisy_ctimer = True
        self.restart_fr_on_each_reply = True
        self.aggregate_challenges = True
        self.cancel_b_method = CANCEL_KEEP_RETRANSMITTING
        self.disable_6xx_block = False
        self.local_cancel_reason = True
        self.e2e_cancel_reason = True
        self.failure_reply_mode = 0
        self.ruri_matching = True
        self.via1_matching = True


class TransactionUser(Protocol):
    """What the layer above does when the transaction layer calls (RFC 3261 section 5: the TU).

    A `reply` is whatever the layer above gave to `receive_reply`; None is one that we made up (time-out, send error,
    CANCEL). Requests are `sip.message.Message`.
    """

    def reply_received(self, transaction: Any, branch: Any, reply: Any, now: float) -> int:
        """A reply came: run callbacks and the reply route. Returns the status to go on with, DROPPED or PENDING."""
        ...

    def branches_failed(self, transaction: Any, branch: Any, now: float) -> int:
        """Every branch ended and none succeeded; `branch` is the winner. May add branches or reply. 0 or PENDING."""
        ...

    def failover(self, transaction: Any, branch: Any, why: int, now: float) -> bool:
        """`branch` failed (NO_ANSWER, TRANSPORT_ERROR, OVERLOADED): try its next target as a new branch, if any."""
        ...

    def all_failed(self, transaction: Any, now: float) -> None:
        """Nothing is left to relay: send a final error reply."""
        ...

    def build_ack(self, branch: Any, reply: Any) -> bytes:
        """The ACK for a final reply other than 2xx (17.1.1.3)."""
        ...

    def build_cancel(self, branch: Any, reason: bytes) -> bytes:
        """The CANCEL of a branch (9.1), with the header lines `reason`."""
        ...

    def build_local(self, transaction: Any, status: int, reason: str | None, headers: list[bytes]) -> bytes:
        """A reply of our own to the request, with the header lines `headers`; reason None: the usual phrase."""
        ...

    def build_relayed(self, transaction: Any, branch: Any, reply: Any) -> bytes:
        """`reply` without our Via, edits applied."""
        ...

    def reply_tag(self, reply: Any) -> str:
        """The To tag of a reply, "" where there is none."""
        ...

    def challenges(self, reply: Any) -> list[bytes]:
        """The WWW- and Proxy-Authenticate lines of a reply, with CRLF."""
        ...

    def local_result(self, transaction: Any, branch: Any, reply: Any, status: int, now: float) -> None:
        """A transaction of our own got a reply: `status` below 200 is provisional."""
        ...

    def event(self, kind: int, transaction: Any, request: Any, reply: Any, status: int) -> None:
        """Something happened that is in `transaction.watched`."""
        ...

    def destroyed(self, transaction: Any) -> None:
        """The transaction has left the table."""
        ...


class Statistics:
    """Counts since the start; `current` and `waiting` are present values."""

    __slots__ = ("by_class", "created", "current", "generated", "local", "received", "sent", "waiting")

    def __init__(self) -> None:
        self.created = 0
        self.local = 0
        self.current = 0
        self.waiting = 0
        self.received = 0
        self.generated = 0
        self.sent = 0
        self.by_class = [0] * 7


class Shared:
    """What the transactions of one worker have in common; the table extends it.

    `clock` tells the time only where nobody else does: when the transport reports an error later.
    """

    __slots__ = ("clock", "config", "outlet", "stats", "user", "wheel")

    def __init__(
        self, wheel: Wheel, outlet: Outlet, config: Config, user: TransactionUser, clock: Callable[[], float]
    ) -> None:
        self.wheel = wheel
        self.outlet = outlet
        self.config = config
        self.user = user
        self.clock = clock
        self.stats = Statistics()

    def forget(self, transaction: Any) -> None:
        """Take a transaction out of the table."""
        raise NotImplementedError


class Retransmitter(Timer):
    """Bytes with a target, resent at growing intervals until `expire_at`; one timer serves both."""

    __slots__ = ("data", "expire_at", "interval", "retransmit_at", "target")

    def __init__(self) -> None:
        self.prepare()

    def prepare(self) -> None:
        """What `__init__` does, for subclasses that are made so often that calling it would show."""
        self.next = None
        self.prev = None
        self.due = 0
        self.level = 0
        self.data: bytes | None = None
        self.target: Endpoint | None = None
        self.interval = 0.0
        self.retransmit_at = NEVER
        self.expire_at = NEVER

    def arm(self, wheel: Wheel) -> None:
        """Set the timer to whatever comes first."""
        when = self.retransmit_at if self.retransmit_at < self.expire_at else self.expire_at
        if when < NEVER:
            wheel.add(self, when)
        else:
            wheel.cancel(self)

    def stop(self, wheel: Wheel) -> None:
        """No more retransmissions, no time-out."""
        self.retransmit_at = NEVER
        self.expire_at = NEVER
        wheel.cancel(self)

    def back_off(self, now: float, longest: float) -> None:
        """After a retransmission: double the interval, up to `longest` seconds (timers A, E, G)."""
        self.interval = min(self.interval * 2, longest)
        self.retransmit_at = now + self.interval
