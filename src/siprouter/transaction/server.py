"""The server side of a transaction: the last reply, its retransmission, lingering and the end (RFC 3261 17.2)."""

from typing import Any

from siprouter.transaction.base import NEVER, Retransmitter, Shared
from siprouter.transaction.branch import Branch
from siprouter.transaction.events import DESTROY, REQ_RETR_IN, RESPONSE_OUT, RESPONSE_READY, RESPONSE_SENT
from siprouter.transaction.server_invite import ACTIONS as INVITE_ACTIONS
from siprouter.transaction.server_invite import NEXT as INVITE_NEXT
from siprouter.transaction.server_other import ACTIONS as OTHER_ACTIONS
from siprouter.transaction.server_other import NEXT as OTHER_NEXT
from siprouter.transaction.states import (
    IGNORE,
    IN_ACK,
    IN_REQUEST,
    LINGER,
    REFUSE,
    RESEND,
    S_PROCEEDING,
    S_TRYING,
    SEND_1XX,
    SEND_2XX,
    SEND_3XX_6XX,
    SEND_BESIDE,
    SEND_LAST,
    SEND_RETRANSMITTED,
    SERVER_INPUTS,
    STOP_RESENDING,
    TIMER_GIVE_UP,
    TIMER_LINGER,
    TIMER_RETRANSMIT,
)
from siprouter.transport.endpoint import Endpoint, is_stream

# Transaction.flags
F_LOCAL = 1  # a request of our own (or a replicated one): replies go to the transaction user, not upstream
F_AUTO_100 = 2
F_DISABLE_6XX = 4
F_DISABLE_FAILOVER = 8
F_NO_E2E_CANCEL_REASON = 16
F_NOISY = 32  # a time-out is answered even with noisy_ctimer off
F_CANCELED = 64
F_SEEN_6XX = 128
F_LINGERING = 256
F_GONE = 512
F_RELEASED = 1024

NOT_RELAYED = -1
LOCAL_REPLY = -2

# A timer may fire this much before its time has come by another rounding (seconds).
EARLY = 0.001


class ServerTransaction(Retransmitter):
    """`data` is the last reply sent, `target` where replies go, `status` the last status sent (0: none).

    `relayed_branch` says whose reply that was: a branch index, LOCAL_REPLY or NOT_RELAYED. `to_tag` is the tag of our
    own replies, `totags` those of relayed 2xx (tag -> acknowledged). `context` belongs to the transaction user,
    `key`, `sibling`, `dialog_key`, `next_invite`, `same_call` to the table.
    """

    __slots__ = (
        "branches",
        "context",
        "dialog_key",
        "flags",
        "fr_timeout",
        "is_invite",
        "key",
        "label",
        "method",
        "next_invite",
        "relayed_branch",
        "request",
        "retr1",
        "retr2",
        "same_call",
        "shared",
        "sibling",
        "state",
        "status",
        "tid",
        "to_tag",
        "totags",
        "watched",
        "watchers",
    )

    def begin_server(self, shared: Shared, request: Any, method: str, target: Endpoint | None) -> None:
        """The attributes of a new server side."""
        self.prepare()
        self.shared = shared
        self.request = request
        self.method = method
        self.is_invite = method == "INVITE"
        self.target = target
        self.state = S_PROCEEDING if self.is_invite else S_TRYING
        self.status = 0
        self.flags = 0
        self.relayed_branch = NOT_RELAYED
        self.to_tag = ""
        self.totags: dict[str, bool] | None = None
        self.branches: list[Branch] = []
        config = shared.config
        self.retr1 = config.retr_timer1
        self.retr2 = config.retr_timer2
        self.fr_timeout = config.fr_timer
        self.watched = 0
        self.watchers: list[Any] | None = None
        self.context: Any = None
        self.label = 0
        self.tid = ""
        self.key = ""
        self.dialog_key = ""
        self.sibling: Any = None
        self.next_invite: Any = None
        self.same_call = 0

    def server_step(self, given: int) -> int:
        """Feed the state machine; returns the action to take."""
        index = self.state * SERVER_INPUTS + given
        if self.is_invite:
            self.state = INVITE_NEXT[index]
            return INVITE_ACTIONS[index]
        self.state = OTHER_NEXT[index]
        return OTHER_ACTIONS[index]

    def receive_again(self, request: Any) -> None:
        """The same request came again: absorb it, with the last reply where there is one."""
        if self.watched & REQ_RETR_IN:
            self.shared.user.event(REQ_RETR_IN, self, request, None, 0)
        if self.server_step(IN_REQUEST) == RESEND:
            self.resend_reply()

    def resend_reply(self) -> bool:
        """Send the last reply once more; False when there is none or it cannot be sent."""
        if self.data is None or self.target is None or not self.shared.outlet.send(self.data, self.target):
            return False
        if self.watched & RESPONSE_SENT:
            self.shared.user.event(RESPONSE_SENT, self, self.request, None, self.status)
        return True

    def receive_ack(self, now: float) -> None:
        """An ACK came that belongs to this transaction: hop by hop, or for our own 2xx."""
        action = self.server_step(IN_ACK)
        if action in (LINGER, STOP_RESENDING):
            self.linger(now)

    def send_reply(self, status: int, data: bytes, relayed: int, reply: Any, now: float) -> bool:
        """Send `data`, a reply with `status`, upstream; `relayed` as `relayed_branch`, `reply` what it was made from.

        False: a final reply went before, and this is no 2xx to an INVITE.
        """
        if status < 200:
            action = self.server_step(SEND_1XX)
        elif status < 300:
            action = self.server_step(SEND_2XX)
        else:
            action = self.server_step(SEND_3XX_6XX)
        if action in (REFUSE, IGNORE):
            return False
        stats = self.shared.stats
        stats.sent += 1
        if relayed == LOCAL_REPLY or reply is None:
            stats.generated += 1
        if action != SEND_BESIDE:
            self.data = data
            self.status = status
            self.relayed_branch = relayed
            if status >= 200:
                stats.by_class[min(status // 100, 6)] += 1
        if self.watched & RESPONSE_READY:
            self.shared.user.event(RESPONSE_READY, self, self.request, reply, status)
        if action == SEND_RETRANSMITTED:
            reliable = self.target is not None and is_stream(self.target.proto)
            self.retransmit_reply(reliable, now)
        elif action == SEND_LAST:
            if self.is_invite and relayed == LOCAL_REPLY:
                self.retransmit_reply(False, now)
            else:
                self.linger(now)
        self.transmit_reply(status, data, relayed, reply)
        if status >= 200 and action != SEND_BESIDE and not self.flags & F_LOCAL:
            self.end_branches(status, now)
        return True

    def send_reply_again(self, data: bytes) -> None:
        """Pass on a 2xx that only repeats an earlier one (RFC 6026 section 7.1); nobody counts it."""
        if self.target is not None and self.shared.outlet.send(data, self.target) and self.watched & RESPONSE_SENT:
            self.shared.user.event(RESPONSE_SENT, self, self.request, None, self.status)

    def transmit_reply(self, status: int, data: bytes, relayed: int, reply: Any) -> None:
        """Hand a reply to the outlet and tell those who watch."""
        if self.target is None or not self.shared.outlet.send(data, self.target):
            return
        watched = self.watched
        if watched & RESPONSE_OUT and (status >= 200 or relayed != LOCAL_REPLY):
            self.shared.user.event(RESPONSE_OUT, self, self.request, reply, status)
        if watched & RESPONSE_SENT:
            self.shared.user.event(RESPONSE_SENT, self, self.request, reply, status)

    def retransmit_reply(self, reliable: bool, now: float) -> None:
        """Repeat the last reply until an ACK comes (timers G and H); over a reliable transport only wait for it."""
        self.interval = self.retr1
        self.retransmit_at = NEVER if reliable else now + self.retr1
        self.expire_at = now + self.fr_timeout
        self.arm(self.shared.wheel)

    def fire(self, now: float) -> None:
        """The transaction's own timer: the end of lingering, timer H, or timer G."""
        if now + EARLY >= self.expire_at:
            if self.flags & F_LINGERING:
                self.server_step(TIMER_LINGER)
                self.destroy()
                return
            action = self.server_step(TIMER_GIVE_UP)
            if action in (LINGER, STOP_RESENDING):
                self.linger(now)
            return
        if now + EARLY >= self.retransmit_at:
            if self.server_step(TIMER_RETRANSMIT) == RESEND:
                self.resend_reply()
            self.back_off(now, self.retr2)
        self.arm(self.shared.wheel)

    def linger(self, now: float) -> None:
        """Stay for wt_timer seconds to absorb what is late, then go. Only the first call counts."""
        if self.flags & (F_LINGERING | F_GONE):
            return
        self.flags |= F_LINGERING
        self.shared.stats.waiting += 1
        self.retransmit_at = NEVER
        self.expire_at = now + self.shared.config.wt_timer
        self.arm(self.shared.wheel)

    def destroy(self) -> None:
        """Leave the table; all timers stop."""
        if self.flags & F_GONE:
            return
        if self.flags & F_LINGERING:
            self.shared.stats.waiting -= 1
        self.flags |= F_GONE
        self.stop(self.shared.wheel)
        self.drop_branches()
        if self.watched & DESTROY:
            self.shared.user.event(DESTROY, self, None, None, 0)
        self.shared.forget(self)
        self.shared.user.destroyed(self)

    def end_branches(self, status: int, now: float) -> None:
        """A final reply with `status` went upstream: cancel what is still pending."""
        raise NotImplementedError

    def drop_branches(self) -> None:
        """Stop all branches for good."""
        raise NotImplementedError
