"""The response context: what happens to the replies of the branches (RFC 3261 16.7, with SIP Router's rules)."""

from typing import Any

from siprouter.transaction.base import DROPPED, NEVER, OVERLOADED, PENDING, Shared
from siprouter.transaction.branch import B_CANCELED, B_FAKED, B_FIRST, B_INV_TIMER, B_REPLIED, Branch
from siprouter.transaction.client import ForkingTransaction
from siprouter.transaction.events import ON_FAILURE, ON_FAILURE_RO, RESPONSE_FWDED
from siprouter.transaction.forking import challenge_count, has_pending, pick_best
from siprouter.transaction.server import F_DISABLE_6XX, F_GONE, F_LOCAL, F_SEEN_6XX, LOCAL_REPLY
from siprouter.transaction.states import (
    C_ACK,
    C_CALLING,
    C_FAILURE,
    C_IGNORE,
    C_LATE_SUCCESS,
    C_PROCEEDING,
    C_PROGRESS,
    C_SUCCESS,
    R_1XX,
    R_2XX,
    R_3XX_6XX,
)
from siprouter.transport.endpoint import Endpoint

# Transaction.drop_mode, parameter failure_reply_mode, t_drop_replies()
KEEP_REPLIES = 0
DROP_ALL = 1
DROP_LAST_STEP = 2
DROP_ALL_IF_FORKED = 3

MAX_INBOX = 256
MAX_TAGS = 64


class Transaction(ForkingTransaction):
    """A request being served and forwarded.

    While a reply or failure route waits, `busy` is true, and replies and time-outs queue in `inbox`. `picked` is the
    winning branch that a failure route sees, `failed_count` how many branches there were when it began.
    """

    __slots__ = ("busy", "drop_mode", "failed_count", "inbox", "picked")

    def __init__(self, shared: Shared, request: Any, method: str, target: Endpoint | None, now: float) -> None:
        self.begin_server(shared, request, method, target)
        self.begin_client(now)
        self.busy = False
        self.inbox: list[tuple[Branch, Any, int]] = []
        self.picked: Branch | None = None
        self.failed_count = 0
        self.drop_mode = KEEP_REPLIES

    # --- replies in

    def receive_reply(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """A reply to a branch's request. ACKs and timers at once; the rest may have to wait for a route."""
        self.shared.stats.received += 1
        if status < 200:
            action = self.client_step(branch, R_1XX)
        elif status < 300:
            action = self.client_step(branch, R_2XX)
        else:
            action = self.client_step(branch, R_3XX_6XX)
        if action == C_IGNORE:
            return
        if action == C_PROGRESS:
            if branch.flags & B_CANCELED:
                self.cancel_late(branch, status, now)
                return
            self.slow_down(branch, now)
        elif action in (C_SUCCESS, C_LATE_SUCCESS):
            branch.stop(self.shared.wheel)
        elif action == C_ACK:
            self.acknowledge(branch, reply)
            return
        elif action == C_FAILURE:
            branch.stop(self.shared.wheel)
            if self.is_invite:
                self.acknowledge(branch, reply)
        self.deliver(branch, reply, status, now)

    def slow_down(self, branch: Branch, now: float) -> None:
        """A provisional reply: an INVITE is not sent again, other requests every T2 seconds."""
        if self.is_invite:
            branch.retransmit_at = NEVER
        elif branch.interval < self.retr2 and branch.retransmit_at < branch.expire_at:
            branch.interval = self.retr2
            branch.retransmit_at = now + self.retr2
        branch.arm(self.shared.wheel)

    def cancel_late(self, branch: Branch, status: int, now: float) -> None:
        """The first provisional reply of a branch that is to be cancelled: now the CANCEL may go (9.1)."""
        if branch.status < status:
            branch.status = status
        branch.flags |= B_REPLIED
        cancel = branch.cancel
        if not self.is_invite:
            return
        if cancel is None:
            branch.retransmit_at = NEVER
            if self.status < 200:
                branch.expire_at = min(branch.expire_at, now + self.fr_timeout)
                branch.arm(self.shared.wheel)
            reason = self.cancel_reason
            if reason is None:
                reason = self.local_reason(self.status) if self.status >= 200 else b""
            self.send_cancel(branch, reason, now)
        elif cancel.state == C_CALLING:
            self.transmit(cancel.data, cancel.target)

    def deliver(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """Process a reply (None: a status of our own making) as soon as no route of this transaction runs."""
        if self.busy:
            if len(self.inbox) < MAX_INBOX:
                self.inbox.append((branch, reply, status))
            return
        self.process(branch, reply, status, now)
        if self.inbox:
            self.drain(now)

    def drain(self, now: float) -> None:
        """Process what has queued up."""
        while self.inbox and not self.busy:
            branch, reply, status = self.inbox.pop(0)
            self.process(branch, reply, status, now)

    def process(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """Run the reply route for a real reply, then decide."""
        if reply is not None:
            self.busy = True
            try:
                outcome = self.shared.user.reply_received(self, branch, reply, now)
            except BaseException:
                self.busy = False
                raise
            if outcome == PENDING:
                return
            self.busy = False
            if outcome == DROPPED:
                branch.flags |= B_REPLIED
                return
            status = outcome
        self.conclude(branch, reply, status, now)

    def resume_reply(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """The reply route that waited has ended; `status` as `reply_received` would have returned it."""
        self.busy = False
        if status == DROPPED:
            branch.flags |= B_REPLIED
        elif not self.flags & F_GONE:
            self.conclude(branch, reply, status, now)
        self.drain(now)

    def conclude(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """Failover for a 503, the decision, and the time-out of an INVITE that is being worked on."""
        if status == 503 and reply is not None and self.status < 200:
            self.shared.user.failover(self, branch, OVERLOADED, now)
        before = branch.status
        self.decide(branch, reply, status, now)
        if reply is None:
            return
        branch.flags |= B_REPLIED
        if self.is_invite and status < 200 and branch.state == C_PROCEEDING and self.status < 200:
            increasing = before < status and (status >= 180 or before == 0)
            if increasing or self.shared.config.restart_fr_on_each_reply:
                branch.flags |= B_INV_TIMER
                branch.expire_at = min(now + self.fr_inv_timeout, self.end_of_life)
                branch.arm(self.shared.wheel)

    def settle(self, now: float) -> None:
        """After a blind branch has ended: if it was the last one pending, choose among the replies."""
        if not self.busy and self.status < 200 and not has_pending(self.branches):
            if pick_best(self.branches) is not None:
                self.choose(now)

    # --- the decision

    def decide(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """Relay, store or drop a reply (16.7 steps 4 to 10)."""
        if status < 300:
            if status < 200 and (branch.status >= 200 or self.status >= 200):
                return
            if self.status >= 200 and not self.is_invite:
                return
            branch.status = status
            if status != 100:
                self.relay(branch, reply, status, now)
            return
        if branch.status >= 200:
            return
        branch.status = status
        branch.reply = reply
        if reply is None:
            branch.flags |= B_FAKED
        if self.status >= 200:
            return
        if not has_pending(self.branches):
            self.choose(now)
        elif 600 <= status <= 699 and not self.flags & (F_DISABLE_6XX | F_SEEN_6XX):
            self.flags |= F_SEEN_6XX
            self.cancel_branches(self.local_reason(status), None, now)

    def choose(self, now: float) -> None:
        """All branches have ended without success: let the failure route try, then send the best reply."""
        picked = pick_best(self.branches)
        if picked is None:
            self.shared.user.all_failed(self, now)
            return
        self.picked = picked
        self.flags &= ~F_SEEN_6XX
        if self.on_failure is None and not self.watched & (ON_FAILURE | ON_FAILURE_RO):
            self.relay(picked, picked.reply, picked.status, now)
            return
        self.drop_mode = self.shared.config.failure_reply_mode
        self.failed_count = len(self.branches)
        self.busy = True
        try:
            outcome = self.shared.user.branches_failed(self, picked, now)
        except BaseException:
            self.busy = False
            raise
        if outcome != PENDING:
            self.busy = False
            self.after_failure(now)

    def resume_failure(self, now: float) -> None:
        """The failure route that waited has ended."""
        self.busy = False
        if not self.flags & F_GONE:
            self.after_failure(now)
        self.drain(now)

    def after_failure(self, now: float) -> None:
        """What the failure route left: a reply of its own, new branches, or the old replies."""
        forked = len(self.branches) > self.failed_count
        dropped = self.drop_mode in (DROP_ALL, DROP_LAST_STEP) or (self.drop_mode == DROP_ALL_IF_FORKED and forked)
        if dropped:
            self.drop_replies()
        if self.status >= 200 or has_pending(self.branches):
            return
        picked = pick_best(self.branches) if forked or dropped else self.picked
        if picked is None:
            self.shared.user.all_failed(self, now)
        else:
            self.picked = picked
            self.relay(picked, picked.reply, picked.status, now)

    def drop_replies(self) -> None:
        """Take the replies from before the failure route out of the race: all, or those of the last step."""
        first = 0
        if self.drop_mode == DROP_LAST_STEP:
            for branch in self.branches[: self.failed_count]:
                if branch.flags & B_FIRST:
                    first = branch.index
        for branch in self.branches[first : self.failed_count]:
            branch.reply = None
            branch.flags &= ~B_FAKED

    # --- replies out

    def relay(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """Send the reply of a branch upstream, or to the transaction user when the request is our own."""
        user = self.shared.user
        if self.flags & F_LOCAL:
            self.finish_local(branch, reply, status, now)
            return
        if status < 300 and self.watched & RESPONSE_FWDED:
            user.event(RESPONSE_FWDED, self, self.request, reply, status)
        challenged = status in (401, 407) and self.shared.config.aggregate_challenges
        if challenged and challenge_count(self.branches) > 1:
            data = user.build_local(self, status, None, self.all_challenges())
            reply = None
        elif status == 503:
            # RFC 3261 16.7 step 6: a 503, also one that stands for a transport error, would say that we are overloaded
            status = 500
            data = user.build_local(self, status, "Service Unavailable", [])
            reply = None
        elif reply is None:
            data = user.build_local(self, status, None, [])
        else:
            data = user.build_relayed(self, branch, reply)
        if self.is_invite and reply is not None and 200 <= status < 300 and self.is_known_tag(reply):
            self.send_reply_again(data)
            return
        self.send_reply(status, data, branch.index, reply, now)

    def is_known_tag(self, reply: Any) -> bool:
        """Whether a relayed 2xx only repeats an earlier one: the same To tag. A new tag is remembered."""
        tag = self.shared.user.reply_tag(reply)
        if self.totags is None:
            self.totags = {}
        if tag in self.totags:
            return True
        if len(self.totags) < MAX_TAGS:
            self.totags[tag] = False
        return False

    def all_challenges(self) -> list[bytes]:
        """The challenges of all branches, in their order (16.7 step 7)."""
        lines: list[bytes] = []
        for branch in self.branches:
            if branch.reply is not None and branch.status in (401, 407):
                lines.extend([line for line in self.shared.user.challenges(branch.reply) if line not in lines])
        return lines

    def finish_local(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """A reply to a request of our own."""
        first_final = status >= 200 and self.status < 200
        if self.status < 200:
            self.status = status
            self.relayed_branch = branch.index
        if first_final:
            self.shared.stats.by_class[min(status // 100, 6)] += 1
            self.end_branches(status, now)
            self.linger(now)
        self.shared.user.local_result(self, branch, reply, status, now)

    def reply(self, status: int, data: bytes, now: float) -> bool:
        """Send a reply of the transaction user. False: it is too late for one."""
        return self.send_reply(status, data, LOCAL_REPLY, None, now)
