"""usrloc, registrar, path and nathelper together, as configurations use them: phones register and call each other."""

from collections.abc import Iterator

import pytest

from siprouter.testing import Network, Node, Phone, Sent
from siprouter.testing.messages import build_message

CONFIG = """
#!KAMAILIO
listen=udp:192.0.2.10:5060
listen=tcp:192.0.2.10:5060
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
modparam("usrloc", "nat_bflag", 6)
modparam("nathelper|registrar", "received_avp", "$avp(s:rcv)")
modparam("nathelper", "natping_interval", 30)
modparam("nathelper", "ping_nated_only", 1)
modparam("registrar", "max_contacts", 2)

route {
    if (nat_uac_test("1")) {
        fix_nated_register();
        setbflag(6);
    }
    if (method == "REGISTER") {
        save("location");
        exit;
    }
    if (!lookup("location")) {
        sl_send_reply("404", "Not Found");
        exit;
    }
    t_relay();
}
"""


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node(CONFIG)
    yield made
    made.close()


def count(node: Node, name: str) -> int:
    counter = node.worker.counters.find("usrloc", f"location-{name}")
    assert counter is not None
    return counter.get()


def test_register_and_call(node: Node) -> None:
    alice = Phone(node, "alice", "203.0.113.7:1024")
    bob = Phone(node, "bob", "203.0.113.8:1024")
    assert alice.register().status == 200
    answer = bob.register(expires=600)
    assert (answer.status, answer.header("Contact")) == (200, f"{bob.contact};expires=600")
    call = alice.call("bob")
    [incoming] = bob.incoming
    incoming.answer()
    node.settle()
    assert call.status == 200
    call.send("BYE")
    node.settle()
    assert alice.call("carol").status == 404
    assert bob.unregister().header("Contact") is None
    assert alice.call("bob").status == 404
    assert (count(node, "users"), count(node, "contacts"), count(node, "expires")) == (1, 1, 0)
    node.advance(40)


def test_registrations_expire(node: Node) -> None:
    alice = Phone(node, "alice", "203.0.113.7:1024")
    bob = Phone(node, "bob", "203.0.113.8:1024")
    bob.register(expires=120)
    node.advance(119)
    assert alice.call("bob").status in (0, 100)
    bob.incoming[-1].reject(486)
    node.settle()
    node.advance(2)
    assert alice.call("bob").status == 404
    node.advance(60)
    assert (count(node, "users"), count(node, "contacts"), count(node, "expires")) == (0, 0, 1)
    node.advance(40)


def test_two_phones_of_one_user_ring(node: Node) -> None:
    alice = Phone(node, "alice", "203.0.113.7:1024")
    first = Phone(node, "bob", "203.0.113.8:1024")
    second = Phone(node, "bob", "203.0.113.9:1024")
    third = Phone(node, "bob", "203.0.113.10:1024")
    first.register()
    assert second.register().headers("Contact") == [f"{first.contact};expires=3600, {second.contact};expires=3600"]
    refused = third.register()
    assert (refused.status, refused.header("P-Registrar-Error")) == (503, "Too many registered contacts")
    call = alice.call("bob")
    assert [len(phone.incoming) for phone in (first, second, third)] == [1, 1, 0]
    second.incoming[0].answer()
    node.settle()
    assert call.status == 200
    node.advance(40)


def test_phone_behind_nat_is_called_where_it_came_from_and_pinged(node: Node) -> None:
    alice = Phone(node, "alice", "203.0.113.7:1024")
    bob = Phone(node, "bob", "203.0.113.8:4444")
    answer = bob.register(contact="<sip:bob@10.0.0.2:5060>")
    expected = '<sip:bob@10.0.0.2:5060>;expires=3600;received="sip:203.0.113.8:4444"'
    assert answer.header("Contact") == expected
    alice.register()
    alice.call("bob")
    [incoming] = bob.incoming
    assert incoming.invite.startswith(b"INVITE sip:bob@10.0.0.2:5060 SIP/2.0\r\n")
    incoming.reject()
    node.advance(60)
    assert (bob.keep_alives, alice.keep_alives) == (2, 0)


def test_retransmitted_and_reordered_registers(node: Node) -> None:
    def register(cseq: int, contact: str) -> Sent:
        data = build_message(
            "REGISTER",
            "sip:example.org",
            from_="sip:bob@example.org",
            to="sip:bob@example.org",
            call_id="one",
            cseq=cseq,
            contact=contact,
        )
        return node.receive(data, "192.0.2.1:5060")[-1]

    assert register(5, "<sip:bob@192.0.2.1>").status == 200
    assert register(5, "<sip:bob@192.0.2.1>").status == 200
    stale = register(4, "<sip:bob@192.0.2.1>;expires=0")
    assert (stale.status, stale.header("P-Registrar-Error")) == (400, "Invalid CSeq number")
    assert count(node, "contacts") == 1


EDGE = """
#!KAMAILIO
listen=udp:192.0.2.20:5060
listen=tcp:192.0.2.20:5070
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "path.so"
modparam("path", "use_received", 1)

route {
    if (method == "REGISTER") {
        add_path_received("edge");
        $du = "sip:192.0.2.10:5060";
    } else {
        loose_route();
    }
    t_relay();
}
"""

CORE = """
#!KAMAILIO
listen=udp:192.0.2.10:5060
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)

route {
    if (method == "REGISTER") {
        save("location");
        exit;
    }
    if (!lookup("location")) {
        sl_send_reply("404", "Not Found");
        exit;
    }
    t_relay();
}
"""


def carry(source: Node, target: Node, sender: str) -> list[Sent]:
    """Takes the last message that `source` sent to `target`."""
    sent = source.network.sent[-1]
    assert isinstance(source.network, Network)
    return target.receive(sent.data, sender)


def test_path_through_an_edge_proxy() -> None:
    edge, core = Node(EDGE), Node(CORE)
    phone = "tcp:203.0.113.7:1024"
    register = build_message(
        "REGISTER",
        "sip:example.org",
        to="sip:bob@example.org",
        contact="<sip:bob@10.0.0.2;transport=tcp>",
        transport="TCP",
        sent_by="10.0.0.2:5060",
    )
    edge.receive(register, phone)
    assert edge.last.address == "udp:192.0.2.10:5060"
    path = "<sip:edge@192.0.2.20;lr;received=sip:203.0.113.7:1024%3Btransport%3Dtcp>"
    assert edge.last.header("Path") == path
    carry(edge, core, "192.0.2.20:5060")
    assert core.last.status == 200
    carry(core, edge, "192.0.2.10:5060")
    assert (edge.last.status, edge.last.address) == (200, phone)
    core.receive(build_message("MESSAGE", "sip:bob@example.org"), "192.0.2.1:5060")
    assert (core.last.address, core.last.header("Route")) == ("udp:192.0.2.20:5060", path)
    carry(core, edge, "192.0.2.10:5060")
    assert (edge.last.address, edge.last.uri) == (phone, "sip:bob@10.0.0.2;transport=tcp")
    assert edge.last.header("Route") is None
    for node in (edge, core):
        node.advance(60)
        node.close()
