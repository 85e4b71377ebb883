"""Scripted phones."""

from __future__ import annotations

import pytest

from siprouter.testing import Node, Phone, build_message
from tests.testing.conftest import MODULES, RELAY, MakeNode


@pytest.fixture
def alice(node: Node) -> Phone:
    return Phone(node, "alice", "10.0.0.1:5060")


@pytest.fixture
def bob(node: Node) -> Phone:
    return Phone(node, "bob", "10.0.0.2:5060")


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
    bob.on_invite = lambda leg: leg.answer()
    call = caller.call("bob")
    assert call.established
    bob.incoming[0].hang_up()
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
