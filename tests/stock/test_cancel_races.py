"""CANCELs that meet other messages on their way."""

from __future__ import annotations

from siprouter.testing import Node, Phone, build_message


def test_before_the_callee_said_anything(node: Node, alice: Phone, bob: Phone) -> None:
    """RFC 3261 9.1: no CANCEL before a provisional reply; it follows the first one."""
    call = alice.call("bob")
    call.cancel()
    node.settle()
    assert call.replies.summary == ["100 INVITE", "200 CANCEL"]
    leg = bob.incoming[0]
    assert leg.requests == []
    node.advance(1)
    assert len(bob.received.requests("INVITE")) > 1, "the INVITE is repeated until something comes"
    leg.ring()
    node.settle()
    assert leg.requests.summary == ["CANCEL", "ACK"]
    assert call.statuses == [100, 487]


def test_before_the_callee_refuses(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    call.cancel()
    bob.incoming[0].reject(486)
    node.settle()
    assert call.statuses == [100, 486]
    assert bob.incoming[0].requests.summary == ["ACK"]


def test_before_the_callee_answers_without_ringing(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    call.cancel()
    node.settle()
    bob.incoming[0].answer()
    node.settle()
    assert call.statuses == [100, 200], "the caller must acknowledge and hang up"
    call.hang_up()
    node.settle()
    assert bob.incoming[0].ended


def test_a_callee_that_never_speaks(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    call.cancel()
    node.advance(40)
    assert call.statuses[-1] in (408, 487)
    assert len(call.statuses) == 2
    node.advance(40)
    assert node.transactions == []


def test_crossing_with_the_answer(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    bob.incoming[0].answer()
    call.cancel()
    node.settle()
    assert call.replies.replies(200, "CANCEL")
    assert call.status == 200
    assert call.established
    assert bob.incoming[0].requests.requests("CANCEL") == []


def test_the_answer_crosses_with_the_cancel_of_the_router(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    bob.obeys_cancel = False
    call = alice.call("bob")
    call.cancel()
    bob.incoming[0].answer()
    node.settle()
    assert call.status == 200
    assert bob.incoming[0].requests.requests("CANCEL")
    assert bob.incoming[0].requests.last.method == "ACK"


def test_crossing_with_a_refusal(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    bob.incoming[0].reject(486)
    call.cancel()
    node.settle()
    assert call.statuses == [100, 180, 486]
    assert call.replies.replies(method="CANCEL").summary == ["200 CANCEL"]
    assert bob.incoming[0].requests.summary == ["ACK"]


def test_after_the_call_is_over(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    call = alice.call("bob")
    node.advance(60)
    before = len(node.sent)
    call.cancel()
    node.settle()
    assert [sent.method for sent in node.sent[before:] if not sent.status] == [], "nothing goes downstream"


def test_for_no_call_at_all(node: Node, alice: Phone, bob: Phone) -> None:
    alice.transmit(build_message("CANCEL", "sip:bob@example.org", sent_by=alice.sent_by))
    node.settle()
    assert bob.received.requests() == []
    assert [reply.status for reply in alice.received.replies()] in ([], [481])


def test_cancel_overtakes_its_invite(node: Node, alice: Phone, bob: Phone) -> None:
    """What comes in the wrong order must not leave a phone ringing for ever, nor anything behind in the router."""
    cancel = build_message(
        "CANCEL", "sip:bob@example.org", call_id="x", from_tag="f", branch="z9hG4bKrace", sent_by=alice.sent_by
    )
    invite = build_message(
        "INVITE", "sip:bob@example.org", call_id="x", from_tag="f", branch="z9hG4bKrace", sent_by=alice.sent_by
    )
    alice.transmit(cancel)
    alice.transmit(invite)
    node.settle()
    for leg in bob.incoming:
        leg.reject(487)
    node.advance(200)
    assert node.transactions == []


def test_a_forked_call(node: Node, alice: Phone, bob: Phone) -> None:
    other = Phone(node, "bob", "10.0.0.3:5060")
    other.register()
    silent = Phone(node, "bob", "10.0.0.4:5060")
    silent.register()
    call = alice.call("bob")
    bob.incoming[0].ring()
    other.incoming[0].ring()
    node.settle()
    call.cancel()
    node.settle()
    assert [phone.received.requests("CANCEL").summary for phone in (bob, other)] == [["CANCEL"], ["CANCEL"]]
    assert silent.received.requests("CANCEL") == []
    node.advance(40)
    assert call.statuses[-1] == 487


def test_the_reason_is_passed_on(node: Node, alice: Phone, bob: Phone) -> None:
    """RFC 3326: the caller's Reason tells the phone that the call was completed elsewhere."""
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    call.cancel(headers={"Reason": 'SIP;cause=200;text="Call completed elsewhere"'})
    node.settle()
    assert bob.received.requests("CANCEL").only.header("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_over_tcp(node: Node, bob: Phone) -> None:
    caller = Phone(node, "dora", "tcp:10.0.0.9:5070")
    bob.on_invite = lambda leg: leg.ring()
    call = caller.call("bob")
    call.cancel()
    node.settle()
    assert call.statuses == [100, 180, 487]
    assert bob.incoming[0].requests.summary == ["CANCEL", "ACK"]
