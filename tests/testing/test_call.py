"""One side of a call, through a router that relays and records the route."""

from __future__ import annotations

import pytest

from siprouter.testing import Call, Node, Phone
from tests.testing.conftest import MODULES, MakeNode

FORK = (
    MODULES
    + """
route {
    if (is_method("ACK|CANCEL") && t_check_trans()) { t_relay(); exit; }
    if (is_method("INVITE") && !has_totag()) {
        record_route();
        $ru = "sip:bob@10.0.0.2:5060";
        append_branch("sip:bob@10.0.0.3:5060");
    } else {
        loose_route();
    }
    t_relay();
}
"""
).replace('loadmodule "rr.so"', 'loadmodule "rr.so"\nloadmodule "siputils.so"')


@pytest.fixture
def alice(node: Node) -> Phone:
    return Phone(node, "alice", "10.0.0.1:5060")


@pytest.fixture
def bob(node: Node) -> Phone:
    return Phone(node, "bob", "10.0.0.2:5060")


def answered(node: Node, caller: Phone, callee: Phone) -> tuple[Call, Call]:
    call = caller.call("bob")
    leg = callee.incoming[-1]
    leg.answer()
    node.settle()
    assert call.established
    assert leg.established
    return call, leg


def test_a_whole_call(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    assert (call.status, call.established) == (100, False)
    (leg,) = bob.incoming
    leg.ring()
    leg.progress()
    leg.answer()
    node.settle()
    assert call.statuses == [100, 180, 183, 200]
    assert leg.requests.summary == ["ACK"]
    assert call.replies.replies(183).only.body == bob.sdp.encode()
    assert call.replies.replies(180).only.body == b""
    assert bob.received.requests("INVITE").only.body == alice.sdp.encode()
    call.hang_up()
    node.settle()
    assert (call.ended, leg.ended, call.established) == (True, True, False)
    assert call.replies.last.summary == "200 BYE"


def test_the_callee_hangs_up(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    leg.hang_up()
    node.settle()
    assert call.ended
    assert leg.replies.last.summary == "200 BYE"


def test_refusal_and_redirection(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486, "Not now")
    call = alice.call("bob")
    assert (call.status, call.ended, call.replies.last.message.reason) == (486, True, "Not now")
    assert bob.received.last.method == "ACK"
    bob.on_invite = lambda leg: leg.redirect("<sip:bob@10.0.0.8>;q=0.5", "<sip:bob@10.0.0.9>")
    call = alice.call("bob")
    assert call.status == 302
    assert call.replies.last.headers("Contact") == ["<sip:bob@10.0.0.8>;q=0.5", "<sip:bob@10.0.0.9>"]


def test_cancel(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    call.cancel()
    node.settle()
    assert call.statuses == [100, 180, 487]
    assert call.replies.replies(200, "CANCEL")
    assert bob.incoming[0].requests.summary == ["CANCEL", "ACK"]


def test_a_phone_that_ignores_cancel_and_answers(node: Node, alice: Phone, bob: Phone) -> None:
    bob.obeys_cancel = False
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    call.cancel()
    node.settle()
    assert call.status == 180
    bob.incoming[0].answer()
    node.settle()
    assert call.established
    assert bob.incoming[0].requests.summary == ["CANCEL", "ACK"]


def test_reinvites_both_ways(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    call.reinvite()
    node.settle()
    assert leg.requests.summary == ["ACK", "INVITE", "ACK"]
    assert call.replies.last.body == bob.sdp.encode()
    leg.reinvite("v=0\r\n")
    node.settle()
    assert call.requests.summary == ["INVITE", "ACK"]
    assert call.requests.requests("INVITE").only.body == b"v=0\r\n"
    assert call.requests.last.message.cseq.number == call.requests[0].message.cseq.number
    assert call.statuses == [100, 200]


def test_a_refused_reinvite(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    bob.on_request = lambda sent: 488 if sent.method == "INVITE" else 200
    call.reinvite()
    node.settle()
    assert call.replies.last.summary == "488 INVITE"
    assert (call.established, leg.requests.last.method) == (True, "ACK")


def test_requests_within_the_dialog(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    call.send("INFO", body="x=1", content_type="text/plain", headers={"X-Test": "1"})
    leg.send("UPDATE")
    node.settle()
    info = leg.requests.last
    assert (info.method, info.body, info.header("X-Test"), info.header("Content-Type")) == (
        "INFO",
        b"x=1",
        "1",
        "text/plain",
    )
    assert leg.replies.last.summary == "200 UPDATE"
    assert leg.replies.last.header("Contact") == alice.contact


def test_without_automatic_ack(node: Node, alice: Phone, bob: Phone) -> None:
    alice.auto_ack = False
    call, leg = answered(node, alice, bob)
    assert leg.requests == []
    leg.resend()
    node.settle()
    assert call.statuses == [100, 200, 200]
    call.ack()
    call.resend()
    node.settle()
    assert leg.requests.summary == ["ACK", "ACK"]


def test_a_call_answered_twice_has_two_dialogs(make_node: MakeNode) -> None:
    node = make_node(FORK)
    alice = Phone(node, "alice", "10.0.0.1:5060")
    phones = [Phone(node, "bob", f"10.0.0.{number}:5060") for number in (2, 3)]
    for phone in phones:
        phone.obeys_cancel = False
    call = alice.call("bob")
    first, second = (phone.incoming[0] for phone in phones)
    first.answer()
    second.answer()
    node.settle()
    assert call.statuses == [100, 200, 200]
    (other,) = call.others
    assert (call.remote_tag, other.remote_tag) == (first.local_tag, second.local_tag)
    assert first.requests.requests("ACK").only.uri == phones[0].contact_uri
    assert second.requests.requests("ACK").only.uri == phones[1].contact_uri
    second.resend()
    node.settle()
    assert len(call.others) == 1
    assert len(second.requests.requests("ACK")) == 2
    other.hang_up()
    node.settle()
    assert (first.ended, second.ended) == (False, True)
