"""One destination of a transaction: the client transaction towards it, and the CANCEL that may follow."""

from typing import Any, Protocol

from siprouter.transaction.base import Retransmitter
from siprouter.transaction.states import C_CALLING, C_RESOLVING
from siprouter.transport.endpoint import Endpoint

# Branch.flags
B_TIMED_OUT = 1  # no final reply came in time
B_REPLIED = 2  # some reply came
B_CANCELED = 4  # to be cancelled as soon as the first provisional reply is there, or cancelled already
B_BLIND = 8  # nothing is sent over SIP: the answer comes from the script or an application
B_FAKED = 16  # the final status is of our own making
B_FIRST = 32  # first branch of a step of serial forking
B_INV_TIMER = 64  # runs on fr_inv_timer
B_RECORD_ROUTED = 128
B_TRIED = 256  # failover has been asked for


class BranchOwner(Protocol):
    """The transaction, as its branches see it."""

    method: str

    def branch_timer(self, branch: "Branch", now: float) -> None:
        """The branch's timer fired."""
        ...

    def cancel_timer(self, cancel: "Cancel", now: float) -> None:
        """The CANCEL's timer fired."""
        ...

    def transport_failed(self, branch: "Branch", error: Exception) -> None:
        """The transport could not deliver what it had accepted."""
        ...


class Branch(Retransmitter):
    """A client transaction of a forked request.

    `status` is the last status received or made up (0: none); `reply` the final reply kept for the choice;
    `plan` the further targets; `info` belongs to the transaction user; `via_branch` is our Via's branch parameter.
    """

    __slots__ = ("cancel", "flags", "index", "info", "owner", "plan", "reply", "state", "status", "uri", "via_branch")

    def __init__(self, owner: BranchOwner, index: int, via_branch: str) -> None:
        self.prepare()
        self.owner: BranchOwner | None = owner
        self.index = index
        self.via_branch = via_branch
        self.state = C_RESOLVING
        self.status = 0
        self.flags = 0
        self.reply: Any = None
        self.cancel: Cancel | None = None
        self.uri = ""
        self.plan: Any = None
        self.info: Any = None

    def fire(self, now: float) -> None:
        """Retransmit, or give up."""
        if self.owner is not None:
            self.owner.branch_timer(self, now)

    def on_send_error(self, _to: Endpoint, error: Exception) -> None:
        """What the outlet calls when sending fails later."""
        if self.owner is not None:
            self.owner.transport_failed(self, error)


class Cancel(Retransmitter):
    """The CANCEL of a branch: a non-INVITE client transaction of its own (9.1)."""

    __slots__ = ("branch", "state")

    def __init__(self, branch: Branch, data: bytes) -> None:
        self.prepare()
        self.branch = branch
        self.state = C_CALLING
        self.data = data
        self.target = branch.target

    def fire(self, now: float) -> None:
        """Retransmit, or give up."""
        owner = self.branch.owner
        if owner is not None:
            owner.cancel_timer(self, now)
