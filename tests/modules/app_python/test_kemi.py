"""A script in the shape of those for Kamailio 5.x routes registrations, calls and failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from siprouter.testing import Call, Node, Phone
from tests.support.digests import answer, h, read_challenge
from tests.support.sqlite import Sqlite

SCRIPT = Path(__file__).parent / "kemi.py"
TEXT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "sanity.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "app_python3.so"
alias=example.org
modparam("auth_db", "db_url", "%s")
modparam("auth_db", "load_credentials", "")
modparam("app_python3", "load", "%s")
cfgengine "python"
"""
USERS = ("alice", "bob")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    database = Sqlite(tmp_path / "sip.db")
    for user in USERS:
        hashed = {
            "ha1": h("MD5", f"{user}:example.org:secret"),
            "ha1b": h("MD5", f"{user}@example.org:example.org:secret"),
        }
        database.insert("subscriber", username=user, domain="example.org", password="", email_address="", **hashed)
    with closing(Node(TEXT % (database.url, SCRIPT))) as node:
        assert node.warnings == []
        yield node


def register(phone: Phone) -> int:
    challenge = phone.register()
    assert challenge.status == 401
    credentials = answer(read_challenge(challenge.header("WWW-Authenticate") or ""), "REGISTER", "sip:example.org",
                         user=phone.user, password="secret")  # fmt: skip
    return int(phone.register(headers={"Authorization": credentials}).status or 0)


def invite(phone: Phone, to: str) -> Call:
    """A call, with the credentials that the router asks for."""
    first = phone.call(to)
    assert first.statuses[-1] == 407, first.statuses
    challenge = phone.received.replies()[-1].header("Proxy-Authenticate") or ""
    uri = f"sip:{to}@example.org"
    credentials = answer(read_challenge(challenge), "INVITE", uri, user=phone.user, password="secret")
    return phone.call(to, headers={"Proxy-Authorization": credentials})


@pytest.fixture
def phones(node: Node) -> tuple[Phone, Phone]:
    alice, bob = Phone(node, "alice", "10.0.0.1:5060"), Phone(node, "bob", "10.0.0.2:5060")
    assert register(alice) == register(bob) == 200
    return alice, bob


def test_registration(node: Node, phones: tuple[Phone, Phone]) -> None:
    assert node.contacts("bob") == ["sip:bob@10.0.0.2:5060"]
    assert node.logged("loaded") and node.logged("worker 1")


def test_a_wrong_password_is_challenged_again(node: Node) -> None:
    alice = Phone(node, "alice", "10.0.0.1:5060")
    challenge = read_challenge(alice.register().header("WWW-Authenticate") or "")
    bad = answer(challenge, "REGISTER", "sip:example.org", user="alice", password="guess")
    assert alice.register(headers={"Authorization": bad}).status == 401
    stolen = answer(challenge, "REGISTER", "sip:example.org", user="bob", password="secret")
    assert alice.register(headers={"Authorization": stolen}).status == 401
    assert node.contacts("alice") == []


def test_a_call(node: Node, phones: tuple[Phone, Phone]) -> None:
    alice, bob = phones
    bob.on_invite = lambda call: (call.ring(), call.answer())
    call = invite(alice, "bob")
    assert call.established and 180 in call.statuses
    arrived = bob.received.requests("INVITE")[0]
    assert arrived.header("X-Branch") == "0"
    assert arrived.header("Proxy-Authorization") is None
    assert "lr" in (arrived.header("Record-Route") or "")
    assert node.logged("reply 180") and node.logged("reply 200")
    call.hang_up()
    node.settle()
    assert bob.calls[0].ended
    assert node.errors == []


def test_the_failure_route_sends_a_busy_call_to_voicemail(node: Node, phones: tuple[Phone, Phone]) -> None:
    alice, bob = phones
    voicemail = Phone(node, "voicemail", "192.0.2.99:5060")
    voicemail.on_invite = lambda call: call.answer()
    bob.on_invite = lambda call: call.reject(486)
    call = invite(alice, "bob")
    assert call.established and call.statuses[-1] == 200
    assert voicemail.received.requests("INVITE")[0].message.uri == "sip:voicemail@192.0.2.99"
    call.hang_up()
    node.advance(40)
    assert node.errors == []


def test_a_canceled_call_does_not_go_to_voicemail(node: Node, phones: tuple[Phone, Phone]) -> None:
    alice, bob = phones
    bob.on_invite = lambda call: call.ring()
    call = invite(alice, "bob")
    call.cancel()
    node.settle()
    assert call.status == 487
    assert not [sent for sent in node.sent if "192.0.2.99" in str(sent)]


def test_what_the_script_refuses(node: Node, phones: tuple[Phone, Phone]) -> None:
    alice, _ = phones
    assert invite(alice, "nobody").status == 404
    options = alice.request("OPTIONS", "sip:example.org")
    assert alice.ask(options).message.reason == "Keepalive"
    hops = alice.request("OPTIONS", "sip:bob@example.org", max_forwards=0)
    assert alice.ask(hops).status == 483
