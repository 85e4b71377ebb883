"""Registrations that outlast the server, without a database."""

from pathlib import Path

from siprouter.testing import Node, Phone
from tests.modules.test_location import CONFIG, count


def test_phones_are_found_again_after_a_restart(tmp_path: Path) -> None:
    with Node(CONFIG, state=str(tmp_path)) as node:
        bob = Phone(node, "bob", "203.0.113.8:1024")
        bob.register(expires=600)
        Phone(node, "carol", "203.0.113.9:1024").register(expires=60)
        node.worker.state.table("pv.shv").put("x", 1)
    with Node(CONFIG, state=str(tmp_path)) as node:
        assert node.contacts("bob") == ["sip:bob@203.0.113.8:1024"]
        assert (count(node, "users"), count(node, "contacts")) == (2, 2)
        assert node.worker.state.table("pv.shv").get("x") is None
        alice, bob = Phone(node, "alice", "203.0.113.7:1024"), Phone(node, "bob", "203.0.113.8:1024")
        alice.call("bob")
        [incoming] = bob.incoming
        incoming.reject()
        node.advance(180)
        assert (count(node, "users"), count(node, "contacts"), count(node, "expires")) == (1, 1, 1)
