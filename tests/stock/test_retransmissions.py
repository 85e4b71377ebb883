"""Every message of a call is sent again, by a phone or by the router: the script runs once, and nothing is doubled."""

from __future__ import annotations

import pytest

from siprouter.testing import Call, Node, Phone


def answered(node: Node, alice: Phone, bob: Phone) -> tuple[Call, Call]:
    call = alice.call("bob")
    leg = bob.incoming[-1]
    leg.answer()
    node.settle()
    return call, leg


def script_runs(node: Node) -> int:
    """How many requests went downstream for the first time, retransmissions apart."""
    return len({sent.message.via.branch for sent in node.sent.requests() if sent.method not in ("ACK", "CANCEL")})


def test_register_again(node: Node, bob: Phone) -> None:
    data = bob.request("REGISTER", "sip:example.org", to=bob.uri, contact=bob.contact, call_id="r", cseq=5)
    assert [bob.ask(data).status for _ in range(3)] == [200, 200, 200]
    assert node.contacts("bob") == [bob.contact_uri]


def test_invite_before_any_answer(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    call.resend()
    node.settle()
    assert call.statuses == [100, 100]
    assert len(bob.received.requests("INVITE")) == 1
    bob.incoming[0].reject()
    node.settle()


def test_invite_after_ringing(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    alice.transmit(call.invite)
    node.settle()
    assert call.statuses == [100, 180, 180]
    assert len(bob.received.requests("INVITE")) == 1
    bob.incoming[0].reject()
    node.settle()


def test_invite_after_the_answer(node: Node, alice: Phone, bob: Phone) -> None:
    """As SIP Router does, the router repeats the 200 while it remembers the transaction; nothing goes downstream."""
    call, leg = answered(node, alice, bob)
    alice.transmit(call.invite)
    node.settle()
    assert call.statuses == [100, 200, 200]
    assert len(bob.received.requests("INVITE")) == 1
    assert leg.requests.summary == ["ACK", "ACK"]


def test_invite_after_a_refusal(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    node.network.loses = lambda sent: sent.status == 486
    call = alice.call("bob")
    assert call.statuses == [100]
    node.network.loses = None
    alice.transmit(call.invite)
    node.settle()
    assert call.statuses == [100, 486]
    assert len(bob.received.requests("INVITE")) == 1
    before = len(node.sent)
    alice.transmit(call.invite)  # after the ACK nothing is answered any more
    node.settle()
    assert len(node.sent) == before


def test_the_router_repeats_an_invite_until_a_provisional_reply(node: Node, alice: Phone, bob: Phone) -> None:
    start = node.clock()
    call = alice.call("bob")
    node.advance(2)
    assert [round(sent.time - start, 1) for sent in bob.received.requests("INVITE")] == [0.0, 0.5, 1.5]
    bob.incoming[0].ring()
    node.advance(10)
    assert len(bob.received.requests("INVITE")) == 3
    bob.incoming[0].reject(480)
    node.settle()
    assert call.statuses == [100, 180, 480]


def test_a_lost_provisional_reply(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    leg = bob.incoming[0]
    leg.ring()
    leg.resend()
    leg.resend()
    node.settle()
    assert call.statuses == [100, 180, 180, 180]
    leg.answer()
    node.settle()
    assert call.established


def test_the_answer_is_repeated_until_the_ack(node: Node, alice: Phone, bob: Phone) -> None:
    alice.auto_ack = False
    call, leg = answered(node, alice, bob)
    leg.resend()
    leg.resend()
    node.settle()
    assert call.statuses == [100, 200, 200, 200]
    call.ack()
    call.resend()
    node.settle()
    assert leg.requests.summary == ["ACK", "ACK"], "each ACK is passed on: the first may get lost"
    assert {sent.uri for sent in leg.requests} == {bob.contact_uri}


def test_a_repeated_refusal_is_acknowledged_and_not_passed_on(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    call = alice.call("bob")
    leg = bob.incoming[0]
    bob.transmit(leg.last_sent)
    bob.transmit(leg.last_sent)
    node.settle()
    assert leg.requests.summary == ["ACK", "ACK", "ACK"]
    assert call.statuses == [100, 486]


def test_the_refusal_is_repeated_until_the_ack(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    node.network.loses = lambda sent: sent.status == 486
    call = alice.call("bob")
    start = node.clock()
    node.advance(2)
    times = [round(sent.time - start, 1) for sent in node.sent.replies(486)]
    assert times == [0.0, 0.5, 1.5]
    node.network.loses = None
    node.advance(10)
    assert call.statuses == [100, 486]
    assert len(node.sent.replies(486)) == 4


def test_a_refusal_nobody_acknowledges_is_given_up(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    node.network.loses = lambda sent: sent.status == 486
    alice.call("bob")
    node.advance(60)
    assert len(node.sent.replies(486)) < 15
    assert node.transactions == []


def test_ack_of_a_refusal_again(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    call = alice.call("bob")
    before = len(node.sent)
    call.resend()
    node.settle()
    assert call.last_sent.startswith(b"ACK ")
    assert len(node.sent) == before


def test_bye_again(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    call.hang_up()
    call.resend()
    node.settle()
    call.resend()
    node.settle()
    assert leg.requests.summary == ["ACK", "BYE"]
    assert call.replies.replies(200, "BYE").summary == ["200 BYE"] * 2, "one that came too early is absorbed"


def test_the_router_repeats_a_bye(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    bob.on_request = lambda sent: 0
    start = node.clock()
    call.hang_up()
    node.advance(4)
    times = [round(sent.time - start, 1) for sent in leg.requests.requests("BYE")]
    assert times == [0.0, 0.5, 1.5, 3.5]
    bob.on_request = None
    node.advance(5)
    assert call.replies.last.status in (200, 408)


def test_cancel_again(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    bob.obeys_cancel = False
    call = alice.call("bob")
    call.cancel()
    call.resend()
    node.settle()
    assert call.replies.replies(200, "CANCEL").summary == ["200 CANCEL"] * 2
    assert bob.incoming[0].requests.summary == ["CANCEL"]
    bob.incoming[0].reject(487)
    node.settle()
    assert call.statuses[-1] == 487


def test_the_router_repeats_a_cancel(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    node.network.loses = lambda sent: sent.method == "CANCEL" and not sent.status
    start = node.clock()
    call.cancel()
    node.advance(2)
    times = [round(sent.time - start, 1) for sent in node.sent.requests("CANCEL")]
    assert times == [0.0, 0.5, 1.5]
    node.network.loses = None
    node.advance(4)
    assert call.statuses[-1] == 487
    assert bob.incoming[0].requests.requests("CANCEL").summary == ["CANCEL"]


def test_an_invite_within_the_dialog_again(node: Node, alice: Phone, bob: Phone) -> None:
    call, leg = answered(node, alice, bob)
    data = call.reinvite()
    alice.transmit(data)
    node.settle()
    assert len(leg.requests.requests("INVITE")) == 1
    assert call.replies.last.status in (100, 200)
    call.hang_up()
    node.settle()


def test_a_message_sent_again_and_again_runs_the_script_once(node: Node, alice: Phone, bob: Phone) -> None:
    data = alice.request("MESSAGE", "bob", body="hi", content_type="text/plain")
    for _ in range(5):
        alice.transmit(data)
        node.settle()
    assert len(bob.received.requests("MESSAGE")) == 1
    assert alice.received.summary == ["200 MESSAGE"] * 5
    assert script_runs(node) == 1


@pytest.mark.parametrize("status", [200, 486])
def test_no_retransmissions_over_tcp(node: Node, bob: Phone, status: int) -> None:
    caller = Phone(node, "dora", "tcp:10.0.0.9:5070")
    callee = Phone(node, "erin", "tcp:10.0.0.8:5070")
    callee.register()
    caller.auto_ack = False
    node.network.loses = lambda sent: sent.status == 486
    call = caller.call("erin")
    node.advance(3)
    assert len(node.sent.requests("INVITE")) == 1
    leg = callee.incoming[0]
    if status == 200:
        leg.answer()
    else:
        leg.reject(status)
    node.advance(20)
    assert len(node.sent.replies(status, "INVITE")) == 1
    assert call.phone.received.replies(100)
