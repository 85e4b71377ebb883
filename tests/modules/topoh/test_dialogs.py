"""Whole dialogs through a router with topoh: neither side sees where the other is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siprouter.sip.message import parse_message
from siprouter.testing import Node, Phone
from siprouter.testing.call import Call
from siprouter.testing.messages import reply_to
from siprouter.testing.network import Sent

SCRIPT = """
listen=udp:127.0.0.1:5060
listen=tcp:127.0.0.1:5060
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "topoh.so"
modparam("topoh", "mask_key", "a secret of ours")
modparam("topoh", "mask_callid", CALLID)

request_route {
    if (is_method("CANCEL")) { t_relay(); exit; }
    if (has_totag()) {
        if (loose_route()) { $var(how) = "loose"; t_relay(); exit; }
        if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
        sl_send_reply("404", "Not here");
        exit;
    }
    record_route();
    if ($rU == "busy") { sl_send_reply("486", "Busy here"); exit; }
    if ($rU == "bob") { $du = "sip:10.0.0.2:5060"; }
    if ($rU == "tcpbob") { $du = "sip:10.0.0.2:5060;transport=tcp"; }
    t_relay();
}
"""
ALICE, BOB = "10.0.0.1", "10.0.0.2"
UPSTREAM = [
    ("Via", "SIP/2.0/UDP 172.16.0.9;branch=z9hG4bKup;received=172.16.0.8"),
    ("Via", "SIP/2.0/UDP 172.16.0.7;branch=z9hG4bKupper"),
    ("Record-Route", f"<sip:{ALICE};lr;x=1>, <sip:{ALICE};lr;x=2>"),
]
"""two proxies between alice and the router, both at her address"""


@pytest.fixture(params=[0, 1], ids=["callid-clear", "callid-masked"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    with Node(SCRIPT.replace("CALLID", str(request.param))) as made:
        yield made


def phones(node: Node, proto: str = "") -> tuple[Phone, Phone]:
    return Phone(node, "alice", f"{ALICE}:5060"), Phone(node, "bob", f"{proto}{BOB}:5060")


def head(sent: Sent) -> str:
    return sent.data.partition(b"\r\n\r\n")[0].decode()


def shows(phone: Phone, *secrets: str) -> list[str]:
    """The lines that a phone received and that hold what it must not see, or marks of the router."""
    lines = [line for sent in phone.received for line in head(sent).splitlines()]
    return [line for line in lines if any(text in line for text in (*secrets, "TH:", ";TH="))]


def answered(bob: Phone, alice: Phone, user: str = "bob", **fields: object) -> tuple[Call, Call]:
    incoming: list[Call] = []

    def answer(call: Call) -> None:
        incoming.append(call)
        call.ring()
        call.answer()

    bob.on_invite = answer
    alice.auto_ack = False
    call = alice.call(user, **fields)  # type: ignore[arg-type]
    call.route_set = [route for line in call.route_set for route in line.split(", ") if "127.0.0.1" in route]
    call.ack()
    alice.node.settle()
    alice.auto_ack = True
    assert call.established and len(incoming) == 1
    return call, incoming[0]


@pytest.mark.parametrize("proto", ["", "tcp:"])
def test_a_call_with_requests_in_both_directions(node: Node, proto: str) -> None:
    alice, bob = phones(node, proto)
    out, back = answered(bob, alice, "tcpbob" if proto else "bob", headers=UPSTREAM)
    assert [sent.method for sent in bob.received] == ["INVITE", "ACK"]
    for call in (out, back):
        for method in ("INFO", "INVITE", "UPDATE"):
            call.send(method)
            node.settle()
            assert call.replies[-1].status == 200
    assert out.requests and back.requests
    back.hang_up()
    node.settle()
    assert out.ended and back.replies[-1].status == 200
    assert shows(bob, ALICE, "172.16.0.") == []
    assert shows(alice, BOB) == []
    node.advance(200)


def test_what_each_side_gets_to_see(node: Node) -> None:
    alice, bob = phones(node)
    answered(bob, alice, headers=UPSTREAM)
    invite = bob.received[0].message
    masked = [via.text for via in invite.vias()[1:]]
    assert len(masked) == 3
    assert all(text.startswith("SIP/2.0/UDP 10.1.1.10;branch=z9hG4bKsr-") for text in masked)
    routes = [route.uri for route in invite.record_routes()]
    assert routes[0].startswith("sip:127.0.0.1;")
    assert [route[:22] for route in routes[1:]] == ["sip:10.1.1.10;line=sr-"] * 2
    assert invite.contacts()[0].uri.startswith("sip:10.1.1.10;line=sr-")
    assert bool(invite.call_id.startswith("!!:")) == bool(node.worker.module("topoh").mask_callid)
    success = alice.received[-1].message
    assert [via.text for via in success.vias()] == [
        text for _, text in [("", parse_message(alice.calls[0].invite).via.text), *UPSTREAM[:2]]
    ]
    assert [route.uri for route in success.record_routes()][1:] == [f"sip:{ALICE};lr;x=1", f"sip:{ALICE};lr;x=2"]
    assert success.contacts()[0].uri.startswith("sip:10.1.1.10;line=sr-")
    assert success.call_id == f"{alice.calls[0].call_id}@test"
    node.advance(200)


def test_the_script_sees_the_real_values() -> None:
    script = SCRIPT.replace("CALLID", "1").replace(
        '$var(how) = "loose";', 'append_hf("X-Seen: $ru $ci $hdr(TH)\\r\\n");'
    )
    with Node(script) as node:
        alice, bob = phones(node)
        out, back = answered(bob, alice)
        out.send("INFO")
        back.send("INFO")
        node.settle()
        call_id = f"{out.call_id}@test"
        info = next(sent for sent in bob.received if sent.method == "INFO" and sent.message.is_request)
        assert info.header("X-Seen") == f"sip:bob@{BOB}:5060 {call_id} dch"
        assert back.replies[-1].status == 200
        info = next(sent for sent in alice.received if sent.method == "INFO" and sent.message.is_request)
        assert info.header("X-Seen") == f"sip:alice@{ALICE}:5060 {call_id} uch"
        node.advance(200)


def test_cancel_and_failures(node: Node) -> None:
    alice, bob = phones(node)
    bob.on_invite = lambda call: call.ring()
    out = alice.call("bob", headers=UPSTREAM)
    out.cancel()
    node.settle()
    assert out.status == 487
    assert [sent.method for sent in bob.received] == ["INVITE", "CANCEL", "ACK"]
    assert len({sent.message.call_id for sent in bob.received}) == 1
    assert len({sent.message.call_id for sent in alice.received}) == 1
    assert shows(bob, ALICE, "172.16.0.") == shows(alice, BOB) == []
    node.advance(200)


def test_a_reinvite_of_who_was_called_is_cancelled_and_refused(node: Node) -> None:
    alice, bob = phones(node)
    out, back = answered(bob, alice)
    alice.on_request = lambda sent: 491 if sent.method == "INVITE" else 200
    back.reinvite()
    node.settle()
    assert back.replies[-1].status == 491
    alice.on_request = lambda sent: 0
    invite = parse_message(back.reinvite())
    node.settle()
    alice_call = alice.calls[0]
    reinvite = alice.received[-1]
    alice_call._transmit(ringing(reinvite))
    node.settle()
    back._same_hop("CANCEL", invite, back.remote_tag)
    node.settle()
    methods = [(sent.method, sent.message.call_id) for sent in alice.received if sent.message.is_request]
    assert [method for method, _ in methods] == ["INVITE", "ACK", "INVITE", "CANCEL"]
    assert {call_id for _, call_id in methods} == {f"{out.call_id}@test"}
    node.advance(400)
    assert shows(alice, BOB) == shows(bob, ALICE) == []


def ringing(sent: Sent) -> bytes:
    return reply_to(sent.data, 180)


def test_replies_of_the_router_itself(node: Node) -> None:
    alice, bob = phones(node)
    refused = alice.call("busy")
    assert refused.statuses == [486]
    assert shows(alice) == []
    _, back = answered(bob, alice)
    back.route_set = []
    back.target = "sip:127.0.0.1"
    back.send("INFO")
    node.settle()
    reply = bob.received[-1]
    assert reply.status == 404
    assert reply.message.via.text == parse_message(back.last_sent).via.text
    node.advance(200)


def test_redirections_can_be_followed(node: Node) -> None:
    alice, bob = phones(node)
    bob.on_invite = lambda call: call.redirect("sip:carol@192.0.2.50")
    alice.call("bob")
    assert alice.received[-1].message.contacts()[0].uri == "sip:carol@192.0.2.50"
    node.advance(200)


def test_transfer(node: Node) -> None:
    """Refer-To with a masked address that a phone knows only from the call."""
    alice, bob = phones(node)
    out, _ = answered(bob, alice)
    out.send("REFER", headers=[("Refer-To", f"<{out.target}?X=1>"), ("Referred-By", "<sip:alice@example.org>")])
    node.settle()
    refer = next(sent for sent in bob.received if sent.method == "REFER")
    assert refer.header("Refer-To") == f"<sip:bob@{BOB}:5060?X=1>"
    node.advance(200)


def test_calls_survive_a_restart(node: Node) -> None:
    alice, bob = phones(node)
    out, back = answered(bob, alice, headers=UPSTREAM)
    masked = bob.received[0].message.call_id
    node.advance(200)
    with Node(SCRIPT.replace("CALLID", str(node.worker.module("topoh").mask_callid))) as other:
        alice_there, bob_there = phones(other)
        alice_there.calls, bob_there.calls = alice.calls, bob.calls
        out.phone, back.phone = alice_there, bob_there
        back.hang_up()
        other.settle()
        assert parse_message(back.last_sent).call_id == masked
        assert out.ended and back.replies[-1].status == 200
        assert shows(alice_there, BOB) == shows(bob_there, ALICE, "172.16.0.") == []
        other.advance(200)
