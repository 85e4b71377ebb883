"""What a node shows of its transactions and timers, and what it does not let a test leave behind."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from siprouter.core.declare import Module
from siprouter.testing import LeakError, Node, Phone
from tests.testing.conftest import RELAY, MakeNode


def test_an_open_call_is_shown(node: Node) -> None:
    alice = Phone(node, "alice", "10.0.0.1:5060")
    bob = Phone(node, "bob", "10.0.0.2:5060")
    call = alice.call("bob")
    (open_call,) = node.transactions
    assert (open_call.method, open_call.uri, open_call.status) == ("INVITE", "sip:bob@example.org", 100)
    assert (open_call.state, open_call.answered, open_call.local) == ("proceeding", False, False)
    assert open_call.call_id == f"{call.call_id}@test"
    (branch,) = open_call.branches
    assert (branch.uri, branch.state, branch.status) == ("sip:bob@10.0.0.2:5060", "calling", 0)
    assert str(open_call).startswith("INVITE sip:bob@example.org (")
    assert str(open_call).endswith("; sip:bob@10.0.0.2:5060 calling 0)")
    bob.incoming[0].answer()
    node.settle()
    assert [(one.state, one.answered) for one in node.transactions] == [("accepted", True)]
    node.advance(10)
    assert node.transactions == []


def test_timers_are_shown(node: Node) -> None:
    assert node.timers == []
    node.receive(node.request("INVITE", "sip:bob@example.org"))
    (timer,) = node.timers
    assert timer.what == "INVITE branch 0 calling"
    assert 0.49 < timer.seconds < 0.52
    assert str(timer).startswith("INVITE branch 0 calling in 0.5")
    node.worker.wheel.call(node.clock() + 3, node.settle)
    assert [item.what for item in node.timers] == ["INVITE branch 0 calling", "Node.settle"]
    node.advance(40)
    assert [item.what for item in node.timers] == ["INVITE transaction completed"]


def test_a_cancel_has_its_timer(node: Node) -> None:
    alice = Phone(node, "alice", "10.0.0.1:5060")
    bob = Phone(node, "bob", "10.0.0.2:5060")
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    node.network.loses = lambda sent: sent.method == "CANCEL" and not sent.status
    call.cancel()
    node.settle()
    assert "CANCEL of branch 0" in [timer.what for timer in node.timers]


def test_an_unanswered_transaction_is_a_leak() -> None:
    node = Node(RELAY)
    node.receive(node.request("INVITE", "sip:bob@example.org"))
    with pytest.raises(LeakError, match="transaction without final reply: INVITE sip:bob@"):
        node.close()
    node.close()  # the second time it is closed already


def test_what_lingers_is_no_leak() -> None:
    with Node(RELAY) as node:
        Phone(node, "bob", "10.0.0.2:5060").on_invite = lambda leg: leg.reject(486)
        Phone(node, "alice", "10.0.0.1:5060").call("bob")
        assert len(node.transactions) == 1


class Untidy:
    """A module that leaves behind what its parameter says."""

    def __init__(self, worker: Any) -> None:
        self.worker = worker

    def begin(self, what: str) -> None:
        if what == "task":
            self.worker.spawn(asyncio.Event().wait(), "untidy task")
        elif what == "error":
            self.worker.spawn(self.fail(), "failing task")
        elif what == "timer":
            self.worker.wheel.call(self.worker.now() + 60, self.begin, "")

    async def fail(self) -> None:
        raise ZeroDivisionError("deliberate")


UNTIDY = Module("untidy", help="leaves things behind", state=Untidy)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("task", "task still waiting: untidy task"),
        ("error", "task failing task raised ZeroDivisionError"),
        ("timer", r"timer still running: Untidy.begin in 60"),
    ],
)
def test_what_modules_leave_behind(what: str, message: str) -> None:
    node = Node("route { exit; }", modules=[UNTIDY])
    node.worker.modules["untidy"].begin(what)
    with pytest.raises(LeakError, match=message):
        node.close()


def test_a_socket_left_open() -> None:
    node = Node("route { exit; }")
    reading, writing = os.pipe()
    try:
        node.loop.add_reader(reading, lambda: None)
        with pytest.raises(LeakError, match="1 sockets or pipes still open"):
            node.close()
    finally:
        os.close(reading)
        os.close(writing)


def test_a_failing_block_is_not_checked_as_well() -> None:
    with pytest.raises(KeyError), Node(RELAY) as node:
        node.receive(node.request("INVITE", "sip:bob@example.org"))
        raise KeyError
    assert node.loop.is_closed()


def test_no_transactions_without_tm(make_node: MakeNode) -> None:
    assert make_node("route { exit; }").transactions == []
