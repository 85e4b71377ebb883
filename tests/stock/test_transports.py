"""Calls between phones of different transports and address families, and connections that break."""

from __future__ import annotations

import pytest

from siprouter.testing import Node, Phone, build_message

PAIRS = [("udp", "tcp"), ("tcp", "udp"), ("tcp", "tcp"), ("udp", "udp")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_call_with_everything_in_it(node: Node, one: str, other: str) -> None:
    caller = Phone(node, "dora", f"{one}:10.0.0.9:5070")
    callee = Phone(node, "erin", f"{other}:10.0.0.8:5070")
    assert (caller.register().status, callee.register().status) == (200, 200)
    call = caller.call("erin")
    leg = callee.incoming[0]
    leg.ring()
    leg.progress()
    leg.answer()
    node.settle()
    assert call.statuses == [100, 180, 183, 200]
    routes = callee.received.requests("INVITE").only.headers("Record-Route")
    assert (len(routes) == 2) == (one != other), "one Record-Route for each side (RFC 5658)"
    call.reinvite()
    leg.send("UPDATE")
    call.send("INFO")
    node.settle()
    assert leg.replies.last.summary == "200 UPDATE"
    assert call.replies.last.summary == "200 INFO"
    assert {sent.address for sent in callee.received} == {f"{other}:10.0.0.8:5070"}
    assert {sent.address for sent in caller.received} == {f"{one}:10.0.0.9:5070"}
    assert {sent.message.via.transport for sent in callee.received.requests()} == {other.upper()}
    leg.hang_up()
    node.settle()
    assert call.ended
    assert leg.replies.last.summary == "200 BYE"


def test_replies_use_the_connection_of_the_request(node: Node, bob: Phone) -> None:
    """The port in Via is not the one that the connection comes from (RFC 3261 18.2.2)."""
    data = build_message("OPTIONS", "sip:bob@example.org", transport="TCP", sent_by="10.0.0.9:5060")
    caller = Phone(node, "dora", "tcp:10.0.0.9:41234")
    caller.transmit(data)
    node.settle()
    assert caller.received.summary == ["200 OPTIONS"]


def test_a_reply_after_the_connection_broke(node: Node, bob: Phone) -> None:
    caller = Phone(node, "dora", "tcp:10.0.0.9:5070")
    call = caller.call("bob")
    node.network.disconnect("tcp:10.0.0.9:5070")
    bob.incoming[0].answer()
    node.settle()
    assert call.status == 200, "another connection is opened to the address in Via"


def test_a_callee_whose_connection_broke(node: Node, alice: Phone) -> None:
    callee = Phone(node, "erin", "tcp:10.0.0.8:5070")
    callee.register()
    node.network.disconnect("tcp:10.0.0.8:5070")
    call = alice.call("erin")
    callee.incoming[0].answer()
    node.settle()
    assert call.established


def test_a_callee_that_refuses_connections(node: Node, alice: Phone) -> None:
    callee = Phone(node, "erin", "tcp:10.0.0.8:5070")
    callee.register()
    node.network.disconnect("tcp:10.0.0.8:5070")
    node.network.unreachable.add(("10.0.0.8", 5070))
    call = alice.call("erin")
    assert call.statuses[0] == 100
    assert call.status == 500, "RFC 3261 16.9: as a 503, which a proxy does not pass on"


def test_a_caller_nobody_can_reach(node: Node, bob: Phone) -> None:
    caller = Phone(node, "dora", "tcp:10.0.0.9:5070")
    caller.call("bob")
    node.network.disconnect("tcp:10.0.0.9:5070")
    node.network.unreachable.add(("10.0.0.9", 5070))
    bob.incoming[0].reject(486)
    node.advance(60)
    assert node.transactions == []
    assert bob.received.last.method == "ACK"


def test_two_messages_in_one_segment(node: Node, bob: Phone) -> None:
    first = build_message("OPTIONS", "sip:bob@example.org", transport="TCP")
    second = build_message("MESSAGE", "sip:bob@example.org", transport="TCP", body="hi", content_type="text/plain")
    whole = first + b"\r\n\r\n" + second
    for start in range(0, len(whole), 50):
        node.receive(whole[start : start + 50], "tcp:10.0.0.9:41234")
    assert bob.received.requests().summary == ["OPTIONS", "MESSAGE"]
    node.advance(10)


@pytest.fixture
def dual(request: pytest.FixtureRequest, node: Node) -> Node:
    """A router that listens on IPv4 and IPv6."""
    made = Node(path=node.script.source, aliases=["example.org"], listen=["udp:127.0.0.1:5060", "udp:[::1]:5060"])
    request.addfinalizer(made.close)
    return made


def test_between_address_families(dual: Node) -> None:
    caller = Phone(dual, "dora", "[2001:db8::9]:5060")
    callee = Phone(dual, "erin", "10.0.0.8:5060")
    assert (caller.register().status, callee.register().status) == (200, 200)
    call = caller.call("erin")
    leg = callee.incoming[0]
    leg.answer()
    dual.settle()
    assert call.established
    leg.hang_up()
    dual.settle()
    assert call.ended
    back = callee.call("dora")
    caller.incoming[0].answer()
    dual.settle()
    assert back.established
    back.hang_up()
    dual.settle()
    assert {sent.address for sent in caller.received} == {"udp:[2001:db8::9]:5060"}
