"""The client side of a transaction: branches, their sending, timers and cancelling (RFC 3261 17.1, 9.1, 16.10)."""

from typing import Any

from siprouter.transaction.base import (
    CANCEL_FAKE_487,
    CANCEL_KEEP_RETRANSMITTING,
    NEVER,
    NO_ANSWER,
    TRANSPORT_ERROR,
)
from siprouter.transaction.branch import (
    B_BLIND,
    B_CANCELED,
    B_INV_TIMER,
    B_TIMED_OUT,
    Branch,
    Cancel,
)
from siprouter.transaction.client_invite import ACTIONS as INVITE_ACTIONS
from siprouter.transaction.client_invite import NEXT as INVITE_NEXT
from siprouter.transaction.client_other import ACTIONS as OTHER_ACTIONS
from siprouter.transaction.client_other import NEXT as OTHER_NEXT
from siprouter.transaction.events import ON_FAILURE, ON_FAILURE_RO, REQUEST_SENT
from siprouter.transaction.server import EARLY, F_CANCELED, F_LOCAL, F_NOISY, F_RELEASED, ServerTransaction
from siprouter.transaction.states import (
    C_CALLING,
    C_COMPLETED,
    C_ERROR,
    C_PROCEEDING,
    C_RESEND,
    C_RESOLVING,
    C_SEND,
    C_TERMINATED,
    C_TIMEOUT,
    CLIENT_INPUTS,
    R_1XX,
    R_2XX,
    SEND_FAILED,
    START,
    T_FINAL,
    T_LINGER,
    T_RETRANSMIT,
)
from siprouter.transport.endpoint import Endpoint, is_stream
from siprouter.util.errors import PeerError

MAX_BRANCHES = 30


class ForkingTransaction(ServerTransaction):
    """`end_of_life` bounds all time-outs; `cancel_reason` are the header lines for CANCELs (None: not known yet)."""

    __slots__ = ("cancel_reason", "end_of_life", "fr_inv_timeout", "on_branch", "on_failure", "on_reply")

    def begin_client(self, now: float) -> None:
        """The attributes of a new client side; the server side comes first."""
        config = self.shared.config
        self.fr_inv_timeout = config.fr_inv_timer
        self.end_of_life = now + (config.max_inv_lifetime if self.is_invite else config.max_noninv_lifetime)
        self.on_failure: Any = None
        self.on_reply: Any = None
        self.on_branch: Any = None
        self.cancel_reason: bytes | None = None

    def client_step(self, branch: Branch, given: int) -> int:
        """Feed a branch's state machine; returns the action to take."""
        index = branch.state * CLIENT_INPUTS + given
        if self.is_invite:
            branch.state = INVITE_NEXT[index]
            return INVITE_ACTIONS[index]
        branch.state = OTHER_NEXT[index]
        return OTHER_ACTIONS[index]

    def add_branch(self, now: float) -> Branch:
        """A new branch in Resolving. Raises PeerError when there are MAX_BRANCHES already."""
        index = len(self.branches)
        if index >= MAX_BRANCHES:
            raise PeerError(500, "Too many branches")
        branch = Branch(self, index, f"{self.tid}.{index:x}")
        branch.expire_at = min(now + self.fr_timeout, self.end_of_life)
        self.branches.append(branch)
        return branch

    def await_target(self, branch: Branch) -> None:
        """The branch's target must be looked up first; its time-out runs meanwhile."""
        branch.arm(self.shared.wheel)

    def add_blind_branch(self, now: float) -> Branch:
        """A branch that is answered from the script or by an application; only its time-out runs."""
        branch = self.add_branch(now)
        branch.flags |= B_BLIND
        branch.state = C_CALLING
        branch.arm(self.shared.wheel)
        self.flags |= F_NOISY
        return branch

    def end_blind_branch(self, branch: Branch) -> None:
        """The blind branch has done its duty: it neither keeps the transaction open nor counts as a failure."""
        branch.stop(self.shared.wheel)
        if branch.status < 200:
            branch.status = 500
            branch.state = C_TERMINATED

    def start(self, branch: Branch, data: bytes, target: Endpoint, now: float) -> bool:
        """Send a branch's request for the first time. False: it failed at once, the branch is out of the race.

        Nothing happens for a branch that ended while its target was looked up (returns True).
        """
        if self.client_step(branch, START) != C_SEND:
            return True
        branch.data = data
        branch.target = target
        branch.interval = self.retr1
        branch.retransmit_at = NEVER if is_stream(target.proto) else now + self.retr1
        branch.expire_at = min(now + self.fr_timeout, self.end_of_life)
        if not self.shared.outlet.send(data, target, branch.on_send_error):
            self.abandon(branch)
            return False
        if branch.state == C_CALLING:
            branch.arm(self.shared.wheel)
        if self.watched & REQUEST_SENT:
            self.shared.user.event(REQUEST_SENT, self, self.request, None, 0)
        return True

    def abandon(self, branch: Branch) -> None:
        """The branch never got on its way: it has ended, and its status (408) is not one to choose from."""
        branch.stop(self.shared.wheel)
        branch.state = C_TERMINATED
        branch.status = 408

    def fail(self, branch: Branch, status: int, now: float) -> None:
        """End a branch with a final status of our own making."""
        if branch.status >= 200 or branch.owner is None:
            return
        branch.stop(self.shared.wheel)
        if branch.state == C_RESOLVING or branch.flags & B_BLIND:
            branch.state = C_TERMINATED
        else:
            branch.state = C_COMPLETED
        self.deliver(branch, None, status, now)

    def transport_failed(self, branch: Branch, _error: Exception) -> None:
        """The transport reports that the request could not be delivered (RFC 3261 16.9: as if a 503 had come)."""
        now = self.shared.clock()
        if branch.owner is None or self.client_step(branch, SEND_FAILED) != C_ERROR:
            return
        branch.stop(self.shared.wheel)
        self.shared.user.failover(self, branch, TRANSPORT_ERROR, now)
        self.deliver(branch, None, 503, now)

    def branch_timer(self, branch: Branch, now: float) -> None:
        """A branch's timer fired: retransmit (A, E) or give up (B, C, F, end of life)."""
        if now + EARLY >= branch.expire_at:
            rang = branch.state == C_PROCEEDING
            if self.client_step(branch, T_FINAL) == C_TIMEOUT:
                self.time_out(branch, rang, now)
            return
        if now + EARLY >= branch.retransmit_at:
            if self.client_step(branch, T_RETRANSMIT) != C_RESEND:
                branch.retransmit_at = NEVER
            elif not self.transmit(branch.data, branch.target):
                self.transport_failed(branch, OSError("retransmission failed"))
                return
            else:
                branch.back_off(now, self.retr2)
        branch.arm(self.shared.wheel)

    def time_out(self, branch: Branch, rang: bool, now: float) -> None:
        """No final reply in time: next target, or 408; a branch that was answered provisionally is cancelled."""
        branch.stop(self.shared.wheel)
        branch.flags |= B_TIMED_OUT
        if self.may_be_silent(branch):
            branch.status = 408
            self.linger(now)
            return
        if not rang and not branch.flags & (B_BLIND | B_CANCELED):
            self.shared.user.failover(self, branch, NO_ANSWER, now)
        canceled = self.flags & F_CANCELED and branch.flags & B_CANCELED
        self.deliver(branch, None, 487 if canceled else 408, now)
        if rang and self.is_invite and branch.cancel is None:
            branch.flags |= B_CANCELED
            self.send_cancel(branch, b"", now)

    def may_be_silent(self, branch: Branch) -> bool:
        """Whether the transaction may go without a word (noisy_ctimer = 0): nobody has heard anything of it."""
        return (
            not self.shared.config.noisy_ctimer
            and not self.flags & (F_NOISY | F_LOCAL)
            and self.is_invite
            and len(self.branches) == 1
            and self.on_failure is None
            and not self.watched & (ON_FAILURE | ON_FAILURE_RO)
            and branch.status == 0
        )

    def transmit(self, data: bytes | None, target: Endpoint | None) -> bool:
        """Send bytes of a branch: a retransmission, a CANCEL, an ACK."""
        if data is None or target is None or not self.shared.outlet.send(data, target):
            return False
        if self.watched & REQUEST_SENT:
            self.shared.user.event(REQUEST_SENT, self, self.request, None, 0)
        return True

    def acknowledge(self, branch: Branch, reply: Any) -> None:
        """Answer a final reply other than 2xx with an ACK to where the INVITE went (17.1.1.3)."""
        if branch.data is not None:
            self.transmit(self.shared.user.build_ack(branch, reply), branch.target)

    # --- cancelling

    def cancel_branches(self, reason: bytes, skip: Branch | None, now: float) -> int:
        """Cancel all pending branches but `skip`, as cancel_b_method says; returns how many are still pending."""
        method = self.shared.config.cancel_b_method
        for branch in list(self.branches):
            if branch is not skip and branch.status < 200 and branch.cancel is None:
                self.cancel_branch(branch, reason, method, now)
        left = 0
        for branch in self.branches:
            if branch is not skip and branch.status < 200:
                left += 1
        return left

    def cancel_branch(self, branch: Branch, reason: bytes, method: int, now: float) -> None:
        """Cancel one pending branch; one that was not answered at all is treated as `method` says."""
        branch.flags |= B_CANCELED
        if branch.state != C_PROCEEDING:
            if branch.state == C_RESOLVING or branch.flags & B_BLIND or method == CANCEL_FAKE_487:
                self.fail(branch, 487, now)
                return
            if method == CANCEL_KEEP_RETRANSMITTING or not self.is_invite:
                return
        branch.retransmit_at = NEVER
        branch.expire_at = min(branch.expire_at, now + self.fr_timeout)
        branch.arm(self.shared.wheel)
        if self.is_invite:
            self.send_cancel(branch, reason, now)

    def send_cancel(self, branch: Branch, reason: bytes, now: float) -> None:
        """Send the CANCEL of a branch and retransmit it as needed."""
        if branch.data is None or branch.target is None:
            return
        cancel = Cancel(branch, self.shared.user.build_cancel(branch, reason))
        branch.cancel = cancel
        self.transmit(cancel.data, cancel.target)
        cancel.interval = self.retr1
        cancel.retransmit_at = NEVER if is_stream(branch.target.proto) else now + self.retr1
        cancel.expire_at = now + self.fr_timeout
        cancel.arm(self.shared.wheel)

    def cancel_answered(self, cancel: Cancel, status: int) -> None:
        """A reply to our CANCEL: a final one ends it, a provisional one stops the retransmissions."""
        given = R_1XX if status < 200 else R_2XX
        cancel.state = OTHER_NEXT[cancel.state * CLIENT_INPUTS + given]
        if status >= 200:
            cancel.stop(self.shared.wheel)
        else:
            cancel.retransmit_at = NEVER
            cancel.arm(self.shared.wheel)

    def cancel_timer(self, cancel: Cancel, now: float) -> None:
        """Retransmit a CANCEL, or stop; the branch itself times out on its own."""
        given = T_FINAL if now + EARLY >= cancel.expire_at else T_RETRANSMIT
        index = cancel.state * CLIENT_INPUTS + given
        cancel.state = OTHER_NEXT[index]
        if OTHER_ACTIONS[index] != C_RESEND:
            cancel.stop(self.shared.wheel)
            return
        self.transmit(cancel.data, cancel.target)
        cancel.back_off(now, self.retr2)
        cancel.arm(self.shared.wheel)

    def local_reason(self, status: int) -> bytes:
        """The Reason line for CANCELs sent because of a final status (RFC 3326)."""
        if not self.shared.config.local_cancel_reason:
            return b""
        # the text by which phones tell a call taken elsewhere from a missed one (RFC 3326 section 3.1)
        text = b';text="Call completed elsewhere"' if status == 200 else b""
        return b"Reason: SIP;cause=%d%b\r\n" % (status, text)

    # --- the end

    def end_branches(self, status: int, now: float) -> None:
        """Stop what is pending; INVITE branches that rang are cancelled, others once they ring."""
        wheel = self.shared.wheel
        for branch in self.branches:
            if branch.status >= 200:
                continue
            branch.stop(wheel)
            branch.flags |= B_CANCELED
            if branch.state == C_RESOLVING or branch.flags & B_BLIND:
                branch.state = C_TERMINATED
            elif self.is_invite and branch.state == C_PROCEEDING and branch.cancel is None:
                self.send_cancel(branch, self.local_reason(status), now)

    def release(self, now: float) -> None:
        """Give the transaction up: no more time-outs, only late messages are absorbed."""
        self.flags |= F_RELEASED
        for branch in self.branches:
            branch.stop(self.shared.wheel)
        self.linger(now)

    def drop_branches(self) -> None:
        """Stop all branches for good, and let go of the transaction."""
        wheel = self.shared.wheel
        for branch in self.branches:
            self.client_step(branch, T_LINGER)
            branch.stop(wheel)
            if branch.cancel is not None:
                branch.cancel.stop(wheel)
            branch.owner = None

    # --- timers changed by the script

    def set_fr(self, fr_inv: float, fr: float, now: float) -> None:
        """New final-response time-outs in seconds (0: as before), for running branches too."""
        if fr_inv:
            self.fr_inv_timeout = fr_inv
        if fr:
            self.fr_timeout = fr
        for branch in self.branches:
            timeout = fr_inv if branch.flags & B_INV_TIMER else fr
            if timeout and branch.expire_at < NEVER:
                branch.expire_at = min(now + timeout, self.end_of_life)
                branch.arm(self.shared.wheel)

    def set_retransmission(self, first: float, longest: float) -> None:
        """New T1 and T2 in seconds (0: as before); running branches take them after their next retransmission."""
        for branch in self.branches:
            if branch.interval >= self.retr2:
                branch.interval = longest or self.retr2
            elif first:
                branch.interval = first / 2
        self.retr1 = first or self.retr1
        self.retr2 = longest or self.retr2

    def set_lifetime(self, seconds: float, now: float) -> None:
        """A new bound for all time-outs, counted from now."""
        self.end_of_life = now + seconds
        for branch in self.branches:
            if branch.expire_at < NEVER:
                branch.expire_at = min(branch.expire_at, self.end_of_life)
                branch.arm(self.shared.wheel)

    def deliver(self, branch: Branch, reply: Any, status: int, now: float) -> None:
        """Let the response context have a reply, or a status of our own making."""
        raise NotImplementedError
