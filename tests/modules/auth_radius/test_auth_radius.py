"""Credentials that a RADIUS server looks at, which computes the response itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.testing import Node
from siprouter.testing.messages import build_message
from siprouter.testing.network import Sent
from tests.support.digests import answer, h, read_challenge
from tests.support.radius_server import ACCEPT, REJECT, Answer, RadiusServer, Received, radius_config

URI = "sip:example.org"
TEXT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "auth_radius.so"
modparam("auth_radius", "radius_config", "%s")
%s
route {
    if (method == "OPTIONS") setflag(3);
    if (!%s) {
        $var(code) = $rc;
        append_to_reply("$avp(digest_challenge)");
        append_to_reply("X-Result: $var(code)\\r\\n");
        sl_send_reply("%s", "Who are you");
        exit;
    }
    append_to_reply("X-Loaded: $au $avp(s:email) $avp(i:14) $avp(s:age)\\r\\n");
    sl_send_reply("200", "OK");
}
"""
WWW = 'radius_www_authorize("$td")'
PROXY = 'radius_proxy_authorize("$fd")'
AVPS = [b"email:a@x", b"#14#28", b"age#x", b"nonsense", b":x", b"y:"]
USER, SERVICE, NAS_PORT, URI_USER, SIP_AVP, RESPONSE = 1, 6, 5, 208, 225, 206
REALM, NONCE, METHOD, DIGEST_URI, QOP, ALGORITHM, BODY, CNONCE, COUNT, NAME = range(1063, 1073)


def compare(request: Received) -> Answer:
    """What a server does with the attributes (draft-sterman-aaa-sip-00)."""
    text = request.text
    ha1 = h("MD5", f"{text(NAME)}:{text(REALM)}:wonderland")
    a2 = f"{text(METHOD)}:{text(DIGEST_URI)}" + (f":{text(BODY)}" if text(QOP) == "auth-int" else "")
    middle = f"{text(NONCE)}:{text(COUNT)}:{text(CNONCE)}:{text(QOP)}" if text(QOP) else text(NONCE)
    right = h("MD5", f"{ha1}:{middle}:{h('MD5', a2)}") == text(RESPONSE)
    return (ACCEPT, [(SIP_AVP, value) for value in AVPS]) if right else (REJECT, [])


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = RadiusServer(compare)
        self.node: Node
        self.proxy = False

    def start(self, *params: str, call: str = WWW, more: str = "", lines: str = "") -> Node:
        self.proxy = "proxy" in call
        path = radius_config(self.folder, self.server.port, more=more)
        given = "".join(f'modparam("auth_radius", {line})\n' for line in params) + lines
        self.node = Node(TEXT % (path, given, call, 407 if self.proxy else 401))
        self.server.attach(self.node)
        return self.node

    def send(self, credentials: str = "", method: str = "REGISTER", body: str = "") -> Sent:
        header = "Proxy-Authorization" if self.proxy else "Authorization"
        headers = {header: credentials} if credentials else {}
        names = {"from_": "sip:al%69ce@example.org", "to": "sip:al%69ce@example.org"}
        sent = self.node.receive(build_message(method, URI, headers=headers, body=body, **names))
        assert len(sent) == 1
        return sent[0]

    def challenge(self, **more: str) -> dict[str, str]:
        reply = self.send(**more)
        assert reply.status == (407 if self.proxy else 401)
        assert reply.header("X-Result") == "-4"
        return read_challenge(reply.header("Proxy-Authenticate" if self.proxy else "WWW-Authenticate") or "")

    def close(self) -> None:
        self.server.close()
        self.node.settle()
        self.node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("call", [WWW, PROXY, 'radius_www_authorize("")'])
def test_right_and_wrong_passwords(world: World, call: str) -> None:
    world.start(call=call)
    reply = world.send(answer(world.challenge(), "REGISTER", URI))
    assert (reply.status, reply.header("X-Loaded")) == (200, "alice a@x 28 <null>")
    request = world.server.requests[0]
    assert request.text(USER) == "alice@example.org"
    assert (request.integer(SERVICE), request.integer(NAS_PORT)) == (15, 5060)
    assert request.text(URI_USER) == "alice"
    assert world.node.logged("cannot read the AVP 'nonsense'")
    reply = world.send(answer(world.challenge(), "REGISTER", URI, password="guess"))
    assert reply.header("X-Result") == "-1"
    assert reply.header("Proxy-Authenticate" if world.proxy else "WWW-Authenticate")
    world.node.records.clear()


def test_qops(world: World) -> None:
    world.start(lines='modparam("auth", "qop", "auth")\n')
    assert world.send(answer(world.challenge(), "REGISTER", URI)).status == 200
    assert world.server.requests[-1].text(COUNT) == "00000001"
    world.node.records.clear()


def test_auth_int_covers_the_body(world: World) -> None:
    world.start(lines='modparam("auth", "qop", "auth-int")\n')
    challenge = world.challenge(method="MESSAGE", body="hello")
    assert world.send(answer(challenge, "MESSAGE", URI, body="hello"), "MESSAGE", body="hello").status == 200
    assert world.send(answer(challenge, "MESSAGE", URI, body="other"), "MESSAGE", body="hello").status == 401
    world.node.records.clear()


@pytest.mark.parametrize(
    ("changed", "result"),
    [({"realm": '"else"'}, "-4"), ({"nonce": '"AAAA"'}, "-4"), ({"response": '"1"'}, "-2"), ({"uri": ""}, "-2")],
    ids=["realm", "nonce", "response", "uri"],
)
def test_what_no_server_sees(world: World, changed: dict[str, str], result: str) -> None:
    world.start()
    assert world.send(answer(world.challenge(), "REGISTER", URI, **changed)).header("X-Result") == result
    assert world.server.requests == []


def test_a_stale_nonce(world: World) -> None:
    world.start(lines='modparam("auth", "nonce_expire", 10)\n')
    credentials = answer(world.challenge(), "REGISTER", URI)
    world.node.advance(60)
    reply = world.send(credentials)
    assert reply.header("X-Result") == "-3"
    assert read_challenge(reply.header("WWW-Authenticate") or "")["stale"] == "true"
    world.node.records.clear()


def test_no_server(world: World) -> None:
    world.start()
    challenge = world.challenge()
    world.server.answer = lambda request: None
    credentials = answer(challenge, "REGISTER", URI)
    names = {"from_": "sip:alice@example.org", "to": "sip:alice@example.org"}
    message = build_message("REGISTER", URI, headers={"Authorization": credentials}, **names)
    assert [sent for sent in world.node.receive(message) if sent.status >= 200] == []
    # other messages go on meanwhile
    assert world.send().status == 401
    before = len(world.node.sent)
    world.node.advance(5)
    assert [sent.header("X-Result") for sent in list(world.node.sent)[before:]] == ["-5"]
    assert len(world.server.requests) == 3
    assert len({one.number for one in world.server.requests}) == 1
    assert world.node.logged("does not answer")
    world.node.records.clear()


@pytest.mark.parametrize("forged", ["secret", "unsigned", "code"])
def test_forged_answers_count_for_nothing(world: World, forged: str) -> None:
    world.start(more="require-message-authenticator yes")
    challenge = world.challenge()
    if forged == "unsigned":
        world.server.signs = False
    elif forged == "code":
        world.server.answer = lambda request: (5, [])

    def lie(request: Received) -> Answer:
        world.server.secret = b"another"
        return ACCEPT, []

    if forged == "secret":
        world.server.answer = lie
    world.node.receive(
        build_message(
            "REGISTER",
            URI,
            headers={"Authorization": answer(challenge, "REGISTER", URI)},
            from_="sip:alice@example.org",
            to="sip:alice@example.org",
        )
    )
    assert len(world.server.requests) == 1
    assert world.node.logged("is not signed with our secret")
    world.server.secret = b"testing123"
    world.server.answer, world.server.signs = compare, True
    before = len(world.node.sent)
    world.node.advance(2)
    # the same request again, and its answer is right
    assert [sent.status for sent in list(world.node.sent)[before:]] == [200]
    world.node.records.clear()


def test_parameters(world: World) -> None:
    world.start('"service_type", 77', '"auth_extra", "Acct-Session-Id=$ci; NAS-Port=$var(port); Class=$avp(none)"')
    world.send(answer(world.challenge(), "REGISTER", URI))
    request = world.server.requests[0]
    assert request.integer(SERVICE) == 77
    assert request.text(44)
    assert 25 not in request.attributes
    world.node.records.clear()


def test_the_request_uri_may_count_instead(world: World) -> None:
    world.start('"use_ruri_flag", 3', '"append_realm_to_username", 0')
    challenge = world.challenge(method="OPTIONS")
    changed = answer(challenge, "OPTIONS", URI, uri='"sip:changed.on.the.way"')
    assert world.send(changed, "OPTIONS").status == 200
    assert world.server.requests[0].text(USER) == "alice"
    assert world.send(answer(challenge, "REGISTER", URI, uri='"sip:x"'), "REGISTER").status == 401
    world.node.records.clear()


def test_a_user_of_a_variable_and_a_domain_in_the_name(world: World) -> None:
    world.start(call='radius_proxy_authorize("$fd", "$ci")')
    assert world.send(answer(world.challenge(), "REGISTER", URI, user="bob@other")).status == 200
    request = world.server.requests[0]
    assert (request.text(USER), request.text(NAME)) == ("bob@other", "bob@other")
    assert "test" in (request.text(URI_USER) or "")
    world.node.records.clear()


def test_rfc_5090_and_cisco(world: World) -> None:
    names = ("Response", "Realm", "Nonce", "Response-Auth", "Nextnonce", "Method", "URI", "Qop", "Algorithm")
    lines = [f"ATTRIBUTE Digest-{name} {number} string" for number, name in enumerate(names, 103)]
    lines += ["ATTRIBUTE Digest-Username 115 string", "VENDOR Cisco 9", "ATTRIBUTE Cisco-AVPair 1 string Cisco"]
    (world.folder / "names").write_text("\n".join(lines) + "\n")
    world.server.answer = lambda request: (ACCEPT, [])
    world.start(more="dictionary names")
    assert world.send(answer(world.challenge(), "REGISTER", URI)).status == 200
    request = world.server.requests[0]
    assert (request.text(104), request.text(108), request.text(115)) == ("example.org", "REGISTER", "alice")
    assert len(request.text(103) or "") == 32
    assert (request.text((9, 1)) or "").startswith("call-id=")
    assert 1063 not in request.attributes


def test_too_long_values_are_refused_here(world: World) -> None:
    world.start()
    long = answer(world.challenge(), "REGISTER", URI, user="x" * 260)
    assert world.send(long).header("X-Result") == "-5"
    assert world.server.requests == []
    assert world.node.logged("value of User-Name has 272 octets, at most 253 fit")
    world.node.records.clear()
