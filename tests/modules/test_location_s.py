"""usrloc, registrar and nathelper of SER together, as configurations use them: phones register and call each other."""

from collections.abc import Iterator

import pytest

from siprouter.modules.usrloc_s.state import SerUsrloc
from siprouter.testing import Node, Phone

CONFIG = """#!SER
listen=udp:192.0.2.10:5060
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
flags FLAG_NAT:5;
avpflags regavps;
modparam("registrar", "save_nat_flag", "FLAG_NAT")
modparam("registrar", "load_nat_flag", "FLAG_NAT")
modparam("usrloc", "reg_avp_flag", "regavps")
modparam("nathelper", "natping_interval", 30)
modparam("nathelper", "ping_nated_only", 1)

route {
    if (nat_uac_test("1")) {
        setflag(FLAG_NAT);
    }
    if (method == "REGISTER") {
        if (@nathelper.rewrite_contact[1].nameaddr.uri.port == "4000") {
            if (save_noreply("location", "$t.aor")) {
                sl_send_reply("500", "An attribute without a value");
            }
            sl_send_reply("480", "No Address");
            break;
        }
        $tr.class = "gold";
        setavpflag($tr.class, "regavps");
        save_contacts("location");
        break;
    }
    if (!lookup_contacts("location", "@to.uri")) {
        sl_send_reply("404", "Not Found");
        break;
    }
    if (!read_reg_avps("location", "$tu.uid") || $tr.class != "gold") {
        sl_send_reply("500", "No Class");
        break;
    }
    t_relay();
}
"""


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node(CONFIG)
    yield made
    made.close()


def test_the_flavour_of_ser_is_loaded(node: Node) -> None:
    assert isinstance(node.worker.module("usrloc"), SerUsrloc)


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
    assert alice.call("carol").status == 404
    assert bob.unregister().header("Contact") is None
    assert alice.call("bob").status == 404
    node.advance(40)


def test_phone_behind_nat_is_called_where_it_came_from_and_pinged(node: Node) -> None:
    alice = Phone(node, "alice", "203.0.113.7:1024")
    bob = Phone(node, "bob", "203.0.113.8:4444")
    answer = bob.register(contact="<sip:bob@10.0.0.2:5060>")
    source = "sip:203.0.113.8:4444;dstip=192.0.2.10;dstport=5060"
    assert answer.header("Contact") == f'<sip:bob@10.0.0.2:5060>;expires=3600;received="{source}"'
    alice.register()
    alice.call("bob")
    [incoming] = bob.incoming
    assert incoming.invite.startswith(b"INVITE sip:bob@10.0.0.2:5060 SIP/2.0\r\n")
    incoming.reject()
    node.advance(60)
    assert (bob.keep_alives, alice.keep_alives) == (2, 0)


def test_attribute_without_a_value(node: Node) -> None:
    phone = Phone(node, "bob", "203.0.113.8:4000")
    assert phone.register().status == 480
