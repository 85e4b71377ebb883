"""Calls as phones make them: set up, refused, cancelled, forked, redirected, retransmitted, over UDP and TCP."""

from __future__ import annotations

from siprouter.testing import Node, Phone, build_message


def via_count(text: str) -> int:
    return sum(1 for line in text.split("\r\n") if line.lower().startswith("via:"))


def test_call_set_up_and_hung_up_by_the_caller(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    (leg,) = bob.incoming
    invite = bob.received[-1]
    assert invite.uri == bob.contact_uri
    assert via_count(invite.text) == 2
    assert invite.header("Max-Forwards") == "69"
    assert ";lr" in (invite.header("Record-Route") or "")
    assert call.statuses == [100]
    leg.ring()
    node.settle()
    leg.answer()
    node.settle()
    assert call.statuses == [100, 180, 200]
    assert [sent.method for sent in leg.requests] == ["ACK"]
    assert leg.requests[0].header("Route") is None
    call.hang_up()
    node.settle()
    assert [sent.method for sent in leg.requests] == ["ACK", "BYE"]
    assert alice.received[-1].status == 200 and alice.received[-1].method == "BYE"


def test_call_hung_up_by_the_callee(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    bob.incoming[0].answer()
    node.settle()
    bob.incoming[0].hang_up()
    node.settle()
    assert [sent.method for sent in call.requests] == ["BYE"]
    assert bob.received[-1].status == 200 and bob.received[-1].method == "BYE"


def test_busy(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    call = alice.call("bob")
    assert call.statuses == [100, 486]
    assert bob.received[-1].method == "ACK", "the router acknowledges the refusal itself"


def test_cancel(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    call.cancel()
    node.settle()
    assert call.statuses[-1] == 487
    assert any(sent.method == "CANCEL" and sent.status == 200 for sent in alice.received)
    assert "CANCEL" in [sent.method for sent in bob.incoming[0].requests]


def test_no_answer_gives_408(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.ring()
    call = alice.call("bob")
    node.advance(200)
    assert call.statuses[-1] == 408
    assert "CANCEL" in [sent.method for sent in bob.incoming[0].requests]


def test_silent_phone_gives_408(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = None
    call = alice.call("bob")
    node.advance(40)
    assert call.statuses[-1] == 408
    assert sum(1 for sent in bob.received if sent.method == "INVITE") > 3, "the INVITE was sent again and again"


def test_fork_to_two_contacts_the_first_answer_wins(node: Node, alice: Phone, bob: Phone) -> None:
    second = Phone(node, "bob", "10.0.0.3:5060")
    second.register()
    call = alice.call("bob")
    assert len(bob.incoming) == len(second.incoming) == 1
    bob.incoming[0].ring()
    second.incoming[0].ring()
    node.settle()
    second.incoming[0].answer()
    node.settle()
    assert call.status == 200
    assert "CANCEL" in [sent.method for sent in bob.incoming[0].requests]
    assert "CANCEL" not in [sent.method for sent in second.incoming[0].requests]


def test_redirection_is_passed_on(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(302, headers={"Contact": "<sip:elsewhere@10.9.9.9>"})
    call = alice.call("bob")
    assert call.statuses[-1] == 302
    assert alice.received[-1].header("Contact") == "<sip:elsewhere@10.9.9.9>"


def test_unknown_user_404(node: Node, alice: Phone) -> None:
    assert alice.call("nobody").statuses[-1] == 404


def test_too_many_hops_483(node: Node, alice: Phone, bob: Phone) -> None:
    data = build_message("INVITE", "sip:bob@example.org", max_forwards=0, sent_by=alice.sent_by)
    assert alice.ask(data).status == 483


def test_no_user_in_the_request_uri_484(node: Node, alice: Phone) -> None:
    data = build_message("MESSAGE", "sip:example.org", sent_by=alice.sent_by)
    assert alice.ask(data).status == 484


def test_method_the_contact_does_not_allow_405(node: Node, alice: Phone) -> None:
    phone = Phone(node, "carol", "10.0.0.7:5060")
    phone.register(contact=f'{phone.contact};methods="INVITE,BYE"')
    data = build_message(
        "MESSAGE", "sip:carol@example.org", sent_by=alice.sent_by, body="hi", content_type="text/plain"
    )
    assert alice.ask(data).status == 405


def test_unregistered_phone_is_gone(node: Node, alice: Phone, bob: Phone) -> None:
    assert bob.unregister().status == 200
    assert alice.call("bob").statuses[-1] == 404


def test_registration_expires(node: Node, alice: Phone, bob: Phone) -> None:
    node.advance(3700)
    assert alice.call("bob").statuses[-1] == 404


def test_requests_within_the_dialog_travel_both_ways(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    leg = bob.incoming[0]
    leg.answer()
    node.settle()
    call.send("INFO", body="x=1", headers={"X-Test": "1"})
    leg.send("OPTIONS")
    node.settle()
    assert leg.requests[-1].method == "INFO"
    assert leg.requests[-1].header("X-Test") == "1"
    assert call.requests[-1].method == "OPTIONS"
    assert call.replies.last.summary == "200 INFO"
    assert leg.replies.last.summary == "200 OPTIONS"


def test_retransmissions_run_the_script_once(node: Node, alice: Phone, bob: Phone) -> None:
    call = alice.call("bob")
    leg = bob.incoming[0]
    invites = len([sent for sent in bob.received if sent.method == "INVITE"])
    alice.transmit(call.invite)
    node.settle()
    assert len([sent for sent in bob.received if sent.method == "INVITE"]) == invites
    leg.ring()
    node.settle()
    before = len(alice.received)
    alice.transmit(call.invite)
    node.settle()
    assert alice.received[before:][-1].status == 180, "the last reply is sent again"
    leg.reject(603)
    node.settle()
    assert call.statuses[-1] == 603


def test_refusal_is_sent_again_until_the_ack(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_invite = lambda leg: leg.reject(486)
    call = alice.call("bob")
    acks = [sent for sent in bob.received if sent.method == "ACK"]
    assert len(acks) == 1
    node.advance(40)
    assert call.statuses.count(486) == 1, "acknowledged at once, so never sent again"


def test_stray_ack_is_dropped(node: Node, alice: Phone) -> None:
    before = len(node.network.sent)
    alice.transmit(build_message("ACK", "sip:bob@example.org", to_tag="x", sent_by=alice.sent_by))
    node.settle()
    assert len(node.network.sent) == before


def test_in_dialog_request_without_route_404(node: Node, alice: Phone) -> None:
    data = build_message("BYE", "sip:bob@example.org", to_tag="x", sent_by=alice.sent_by)
    assert alice.ask(data).status == 404


def test_call_from_tcp_to_udp(node: Node, bob: Phone) -> None:
    caller = Phone(node, "dora", "tcp:10.0.0.9:5070")
    call = caller.call("bob")
    leg = bob.incoming[0]
    leg.answer()
    node.settle()
    assert call.status == 200
    assert bob.received[-1].method == "ACK"
    routes = bob.received.requests("INVITE")[0].headers("Record-Route")
    assert any("r2=on" in route for route in routes), "one Record-Route a transport"
    leg.hang_up()
    node.settle()
    assert [sent.method for sent in call.requests] == ["BYE"]
    assert call.requests[0].address == "tcp:10.0.0.9:5070"
