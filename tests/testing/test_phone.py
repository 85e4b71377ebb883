"""Scripted phones through a router that relays and records the route."""

from __future__ import annotations

import pytest

from siprouter.testing import Call, Node, Phone, build_message
from tests.testing.conftest import MODULES, RELAY, MakeNode

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


def test_stray_messages(node: Node, alice: Phone, bob: Phone) -> None:
    alice.transmit(alice.request("OPTIONS", "bob"))
    alice.transmit(alice.request("BYE", "bob", to_tag="unknown"))
    alice.transmit(alice.request("ACK", "bob", to_tag="unknown"))
    node.settle()
    assert bob.received.summary == ["OPTIONS", "BYE", "ACK"]
    assert alice.received.summary == ["200 OPTIONS", "481 BYE"]
    assert alice.received[0].message.to.tag


def test_a_phone_that_does_not_answer_requests(node: Node, alice: Phone, bob: Phone) -> None:
    bob.on_request = lambda sent: 0
    with pytest.raises(AssertionError, match="no reply to OPTIONS"):
        alice.ask(alice.request("OPTIONS", "bob"))
    node.advance(60)


def test_retransmissions_are_no_new_calls(node: Node, alice: Phone, bob: Phone) -> None:
    alice.call("bob")
    node.advance(5)
    assert len(bob.received.requests("INVITE")) == 4
    assert len(bob.incoming) == 1


def test_a_phone_calls_itself(node: Node, bob: Phone) -> None:
    call = bob.call("bob")
    (leg,) = bob.incoming
    leg.answer()
    node.settle()
    assert call.established
    assert leg.requests.summary == ["ACK"]
    call.hang_up()
    node.settle()
    assert leg.ended
    assert call.requests == []


@pytest.mark.parametrize("address", ["tcp:10.0.0.9:5070", "udp:10.0.0.9:5070", "tcp:[2001:db8::9]:5070"])
def test_transports(make_node: MakeNode, address: str) -> None:
    listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060", "tcp:[::1]:5060"]
    node = make_node(RELAY, listen=listen)
    caller = Phone(node, "carol", address)
    bob = Phone(node, "bob", "10.0.0.2:5060")
    call, leg = answered(node, caller, bob)
    leg.hang_up()
    node.settle()
    assert call.ended
    assert call.requests.last.address == ("udp:10.0.0.9:5070" if address.startswith("udp") else address)


def test_register_and_unregister(make_node: MakeNode) -> None:
    text = MODULES + 'loadmodule "usrloc.so"\nloadmodule "registrar.so"\nroute { save("location"); }'
    node = make_node(text)
    bob = Phone(node, "bob", "10.0.0.2:5060")
    reply = bob.register(expires=60, headers={"User-Agent": "test"})
    assert (reply.status, reply.header("Contact")) == (200, "<sip:bob@10.0.0.2:5060>;expires=60")
    assert node.contacts("bob") == [bob.contact_uri]
    bob.unregister()
    assert node.contacts("bob") == []


def test_keep_alives_are_counted(node: Node, bob: Phone) -> None:
    node.network.send(b"\0\0\0\0", node.source("10.0.0.2:5060"))
    node.settle()
    assert (bob.keep_alives, bob.received) == (1, [])


def test_other_domains(node: Node) -> None:
    alice = Phone(node, "alice", "10.0.0.1:5060", domain="example.com")
    data = build_message("OPTIONS", "sip:bob@example.com")
    assert alice.request("OPTIONS", "bob").split(b"\r\n")[0] == data.split(b"\r\n")[0]
    assert alice.uri == "sip:alice@example.com"
