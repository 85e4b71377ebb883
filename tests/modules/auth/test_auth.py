"""Challenges and checks through whole configurations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.testing.network import Sent
from tests.support.digests import answer, h, read_challenge
from tests.support.fakes import FakeWorker

HEAD = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
modparam("auth", "secret", "something long enough for a test")
"""
REGISTRAR = """
route {
	$avp(s:password) = "wonderland";
	if (!pv_www_authenticate("$td", "$avp(s:password)", "0")) {
		$var(code) = $rc;
		append_to_reply("X-Result: $var(code)\\r\\n");
		www_challenge("$td", "FLAGS");
		exit;
	}
	append_to_reply("X-User: $au\\r\\n");
	sl_send_reply("200", "OK");
}
"""
URI = "sip:example.org"


@contextmanager
def router(*params: str, route: str = REGISTRAR, flags: str = "1") -> Iterator[Node]:
    text = HEAD + "".join(f'modparam("auth", {param})\n' for param in params) + route.replace("FLAGS", flags)
    with closing(Node(text)) as node:
        yield node


def register(node: Node, credentials: str | list[str] = (), *, method: str = "REGISTER", **more: str) -> Sent:
    values = [credentials] if isinstance(credentials, str) else list(credentials)
    data = build_message(
        method,
        URI,
        from_="sip:alice@example.org",
        to="sip:alice@example.org",
        headers={"Authorization": values},
        **more,
    )
    sent = node.receive(data)
    assert len(sent) == 1
    return sent[0]


def challenged(node: Node, **more: str) -> dict[str, str]:
    reply = register(node, **more)
    assert reply.status == 401
    return read_challenge(reply.header("WWW-Authenticate") or "")


@pytest.mark.parametrize("flags", ["0", "1", "2"])
@pytest.mark.parametrize("algorithm", ["", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256"])
def test_right_password(flags: str, algorithm: str) -> None:
    with router(f'"algorithm", "{algorithm}"', flags=flags) as node:
        challenge = challenged(node)
        assert challenge.get("qop", "") == {"0": "", "1": "auth", "2": "auth-int"}[flags]
        assert challenge.get("algorithm", "") == algorithm
        assert challenge["realm"] == "example.org"
        assert "stale" not in challenge
        reply = register(node, answer(challenge, "REGISTER", URI, body="some body"), body="some body")
        assert (reply.status, reply.header("X-User")) == (200, "alice")
        assert node.counter("auth", "accepted") == 1
        assert node.counter("auth", "challenges") == 1
        assert node.counter("auth", "no_credentials") == 1


def test_form_of_a_challenge() -> None:
    with router() as node:
        line = register(node).header("WWW-Authenticate") or ""
        nonce = read_challenge(line)["nonce"]
        assert line == f'Digest realm="example.org", nonce="{nonce}", qop="auth"'


@pytest.mark.parametrize(
    ("changed", "result", "counted"),
    [({"password": "wonderlan"}, "-2", "wrong_passwords"), ({"user": "bob", "password": ""}, "-2", "wrong_passwords"),
     ({"username": '"bob"'}, "-2", "wrong_passwords"), ({"uri": '"sip:x"'}, "-2", "wrong_passwords"),
     ({"nc": 2, "cnonce": '"x"'}, "-2", "wrong_passwords"), ({"nonce": '"AAAA"'}, "-1", "forged_nonces"),
     ({"nonce": '"' + "A" * 40 + '"'}, "-1", "forged_nonces"), ({"realm": '"other"'}, "-1", "no_credentials"),
     ({"response": '"1234"'}, "-1", "bad_credentials"), ({"response": ""}, "-1", "bad_credentials"),
     ({"uri": ""}, "-1", "bad_credentials"), ({"username": ""}, "-1", "bad_credentials"),
     ({"username": '"@example.org"'}, "-1", "bad_credentials"), ({"nonce": ""}, "-1", "bad_credentials"),
     ({"cnonce": ""}, "-1", "bad_credentials"), ({"qop": "auth-conf"}, "-1", "bad_credentials"),
     ({"algorithm": "SHA-256"}, "-1", "bad_credentials"), ({"algorithm": "AKAv1-MD5"}, "-1", "bad_credentials"),
     ({"realm": '"other", realm="example.org"'}, "-1", "bad_credentials"),
     ({"algorithm": "MD5-sess"}, "-2", "wrong_passwords"), ({"response": f'"{"0" * 32}"'}, "-2", "wrong_passwords"),
     ({"response": f'"{"é" * 32}"'}, "-2", "wrong_passwords")],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)  # fmt: skip
def test_refused(changed: dict[str, str], result: str, counted: str) -> None:
    with router() as node:
        credentials = answer(challenged(node), "REGISTER", URI, **changed)
        before = node.counter("auth", counted)
        reply = register(node, credentials)
        assert (reply.status, reply.header("X-Result")) == (401, result)
        assert "stale" not in (reply.header("WWW-Authenticate") or "")
        assert node.counter("auth", counted) == before + 1
        assert node.counter("auth", "accepted") == 0


@pytest.mark.parametrize(
    "nc", ["1", "0000000g", "000000001", "-0000001", "+0000001", "0x000001", " 0000001", "00000 01"]
)
def test_nonce_count_must_be_eight_digits(nc: str) -> None:
    with router() as node:
        reply = register(node, answer(challenged(node), "REGISTER", URI).replace("nc=00000001", f'nc="{nc}"'))
        assert (reply.status, reply.header("X-Result")) == (401, "-1")
        assert node.counter("auth", "bad_credentials") == 1


def test_upper_case_digits_and_names() -> None:
    with router() as node:
        right = answer(challenged(node), "REGISTER", URI)
        response = right.partition('response="')[2][:32]
        assert register(node, right.replace(response, response.upper())).status == 200
        assert register(node, right.replace('realm="example.org"', 'REALM="example.org"')).status == 200


def test_realm_in_any_case() -> None:
    with router() as node:
        credentials = answer(challenged(node), "REGISTER", URI)
        assert register(node, credentials.replace('"example.org"', '"Example.ORG"')).status == 200


def test_credentials_of_the_realm_are_found_among_others() -> None:
    with router() as node:
        right = answer(challenged(node), "REGISTER", URI)
        others = ["Basic Zm9vOmJhcg==", right.replace('realm="example.org"', 'realm="elsewhere"')]
        assert register(node, [*others, right]).status == 200
        assert register(node, ["Digest realm", right]).header("X-Result") == "-1"
        assert register(node, [others[1]] * 50 + [right]).status == 401


@pytest.mark.parametrize(("user", "method"), [("alice@example.org", "REGISTER"), ("alice", "SUBSCRIBE")])
def test_user_with_domain_and_other_methods(user: str, method: str) -> None:
    with router() as node:
        challenge = challenged(node, method=method)
        reply = register(node, answer(challenge, method, URI, user=user), method=method)
        assert (reply.status, reply.header("X-User")) == (200, "alice")
        assert register(node, answer(challenge, "INFO", URI, user=user), method=method).header("X-Result") == "-2"


def test_stale_nonce() -> None:
    with router('"nonce_expire", 60') as node:
        old = challenged(node)
        node.advance(59)
        assert register(node, answer(old, "REGISTER", URI)).status == 200
        node.advance(3)
        wrong = register(node, answer(old, "REGISTER", URI, password="x"))
        assert "stale" not in read_challenge(wrong.header("WWW-Authenticate") or "")
        reply = register(node, answer(old, "REGISTER", URI))
        again = read_challenge(reply.header("WWW-Authenticate") or "")
        assert (reply.status, reply.header("X-Result"), again["stale"]) == (401, "-1", "true")
        assert node.counter("auth", "stale_nonces") == 1
        assert register(node, answer(again, "REGISTER", URI)).status == 200


@pytest.mark.parametrize("flags", ["0", "1", "2"])
def test_one_time_nonce(flags: str) -> None:
    with router('"one_time_nonce", 1', flags=flags) as node:
        challenge = challenged(node)
        # who does not know the password uses nothing up
        assert register(node, answer(challenge, "REGISTER", URI, password="x")).header("X-Result") == "-2"
        assert register(node, answer(challenge, "REGISTER", URI)).status == 200
        for count in (1, 2):
            replay = register(node, answer(challenge, "REGISTER", URI, nc=count))
            assert (replay.status, replay.header("X-Result")) == (401, "-1")
        assert read_challenge(replay.header("WWW-Authenticate") or "")["stale"] == "true"
        assert node.counter("auth", "stale_nonces") == 2


def test_nonce_count() -> None:
    with router('"nonce_count", 1') as node:
        challenge = challenged(node)

        def attempt(count: int, **changed: str) -> int:
            return register(node, answer(challenge, "REGISTER", URI, nc=count, **changed)).status

        assert [attempt(count) for count in (1, 1, 2, 5, 4, 6)] == [200, 401, 200, 200, 401, 200]
        assert attempt(200, password="x") == 401
        assert attempt(7) == 200
        assert [attempt(count) for count in (255, 256, 0xFFFFFFFF, 0)] == [200, 401, 401, 401]


def test_nonce_count_of_a_response_that_does_not_cover_it() -> None:
    with router('"nonce_count", 1', '"one_time_nonce", 1') as node:
        challenge = challenged(node)
        del challenge["qop"]
        plain = answer(challenge, "REGISTER", URI)
        assert register(node, plain + ", nc=00000001").status == 200
        assert register(node, plain + ", nc=00000002").status == 401


def test_counted_nonces_may_be_used_again_beside_one_time_nonces() -> None:
    with router('"nonce_count", 1', '"one_time_nonce", 1') as node:
        challenge = challenged(node)
        assert [register(node, answer(challenge, "REGISTER", URI, nc=count)).status for count in (1, 2, 2)] == [
            200,
            200,
            401,
        ]


@pytest.mark.parametrize(
    ("flag", "changed"),
    [(2, {"call_id": "other"}), (4, {"from_tag": "other"}), (8, {"address": "192.0.2.77:5060"}),
     (1, {"uri": "sip:example.org;x"})],
)  # fmt: skip
@pytest.mark.parametrize("name", ["register", "no_dlg", "in_dlg"])
def test_extra_checks(name: str, flag: int, changed: dict[str, str]) -> None:
    method = "REGISTER" if name == "register" else "INFO"
    to_tag = "tag" if name == "in_dlg" else None

    def send(
        node: Node,
        credentials: str = "",
        call_id: str = "call",
        from_tag: str = "f",
        address: str = "192.0.2.1:5060",
        uri: str = URI,
    ) -> Sent:
        data = build_message(
            method, uri, from_="sip:alice@example.org", to="sip:alice@example.org", call_id=call_id, from_tag=from_tag,
            to_tag=to_tag, headers={"Authorization": [credentials] if credentials else []},
        )  # fmt: skip
        return node.receive(data, address)[-1]

    for checks, status in ((flag, 401), (15, 401), (15 & ~flag, 200)):
        with router(f'"auth_checks_{name}", {checks}') as node:
            challenge = read_challenge(send(node).header("WWW-Authenticate") or "")
            credentials = answer(challenge, method, URI)
            moved = send(node, credentials, **changed)
            assert moved.status == status, checks
            assert send(node, credentials).status == 200
            if status == 401:
                assert read_challenge(moved.header("WWW-Authenticate") or "")["stale"] == "true"


def test_a_random_secret_is_that_of_all_workers_of_a_server() -> None:
    state = FakeWorker().state

    def key(shared: bool) -> bytes:
        worker = FakeWorker()
        worker.random_bytes = os.urandom
        if shared:
            worker.state = state
        worker.load("sl")
        auth = worker.load("auth")
        assert worker.configure_modules() == []
        seal: bytes = auth.nonces.key
        return seal

    assert key(True) == key(True)
    assert len({key(True), key(False), key(False)}) == 3


def test_same_secret_on_two_routers() -> None:
    with router() as first, router() as second:
        assert register(second, answer(challenged(first), "REGISTER", URI)).status == 200


def test_nonces_of_another_worker_are_asked_for_again() -> None:
    with router('"one_time_nonce", 1') as first, router('"one_time_nonce", 1') as second:
        second.worker.module("auth").pool = 1
        reply = register(second, answer(challenged(first), "REGISTER", URI))
        assert read_challenge(reply.header("WWW-Authenticate") or "")["stale"] == "true"


def test_two_algorithms() -> None:
    with router('"algorithm", "SHA-256, MD5"') as node:
        reply = register(node)
        best, other = (read_challenge(line) for line in reply.headers("WWW-Authenticate"))
        assert [best["algorithm"], other["algorithm"]] == ["SHA-256", "MD5"]
        for challenge in (best, other):
            assert register(node, answer(challenge, "REGISTER", URI)).status == 200


def test_weaker_algorithms_are_refused() -> None:
    with router('"algorithm", "SHA-256"') as node:
        challenge = challenged(node)
        assert register(node, answer(challenge | {"algorithm": "MD5"}, "REGISTER", URI)).header("X-Result") == "-1"
        del challenge["algorithm"]
        assert register(node, answer(challenge, "REGISTER", URI)).header("X-Result") == "-1"


PROXY = """
route {
	$avp(s:ha1) = "HA1";
	if (!pv_proxy_authorize("$fd", "$avp(s:ha1)", "1")) {
		proxy_challenge("$fd", "1");
		exit;
	}
	consume_credentials();
	$du = "sip:192.0.2.9";
	t_relay();
}
"""


def proxy_request(node: Node, credentials: list[str], method: str = "INVITE") -> list[Sent]:
    headers = {"Authorization": ['Digest realm="elsewhere"'], "Proxy-Authorization": credentials}
    data = build_message(method, "sip:bob@example.net", from_="sip:alice@example.org", headers=headers)
    return list(node.receive(data))


def test_proxy_with_ha1() -> None:
    node = Node(HEAD + PROXY.replace("HA1", h("", "alice:example.org:wonderland").upper()))
    challenge = read_challenge(proxy_request(node, [])[-1].header("Proxy-Authenticate") or "")
    other = 'Digest realm="elsewhere", username="x"'
    sent = proxy_request(node, [other, answer(challenge, "INVITE", "sip:bob@example.net"), other])
    relayed = next(one for one in sent if one.status == 0)
    assert relayed.headers("Proxy-Authorization") == [other, other]
    assert relayed.headers("Authorization") == ['Digest realm="elsewhere"']
    refused = proxy_request(node, [answer(challenge, "INVITE", "sip:bob@example.net", password="x")])[-1]
    assert (refused.status, refused.message.reason) == (407, "Proxy Authentication Required")
    node.advance(300)
    node.close()


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "PRACK"])
def test_what_cannot_be_challenged_passes(method: str) -> None:
    route = 'route { if (pv_www_authenticate("r", "x", "0")) { xlog("L_ERR", "passed\\n"); } exit; }'
    with router(route='loadmodule "xlog.so"\n' + route) as node:
        node.receive(build_message(method, URI))
        assert node.logged("passed")


def test_challenges_of_acks_are_not_sent() -> None:
    with router() as node:
        assert node.receive(build_message("ACK", URI, to_tag="x")) == []


@pytest.mark.parametrize(("flags", "qop"), [("2", None), ("4", "auth"), ("8", "auth-int"), ("12", "auth-int")])
def test_challenge_in_an_attribute(flags: str, qop: str | None) -> None:
    route = f"""
route {{
	if (!pv_www_authenticate("example.org", "wonderland", "{flags}")) {{
		append_to_reply("$avp(s:digest_challenge)");
		sl_send_reply("401", "Unauthorized");
		exit;
	}}
	sl_send_reply("200", "OK");
}}
"""
    with router('"nonce_expire", 10', route=route) as node:
        challenge = challenged(node)
        assert challenge.get("qop") == qop
        assert register(node, answer(challenge, "REGISTER", URI)).status == 200
        node.advance(12)
        reply = register(node, answer(challenge, "REGISTER", URI))
        assert read_challenge(reply.header("WWW-Authenticate") or "")["stale"] == "true"


def test_scripts_of_ser() -> None:
    text = """#!SER
loadmodule "sl"
loadmodule "textops"
loadmodule "auth"
modparam("auth", "challenge_attr", "$challenge")
route {
	$realm = "ser.example";
	$secret = "wonderland";
	if (!pv_www_authenticate("$realm", "$secret", "4")) {
		append_to_reply("%$challenge");
		sl_reply("401", "Unauthorized");
		drop;
	}
	if (pv_www_authenticate("@to.uri.host", "$nothing", "0")) {
		sl_reply("500", "No");
		drop;
	}
	sl_reply("200", "OK");
}
"""
    with closing(Node(text)) as node:
        challenge = challenged(node)
        assert challenge["realm"] == "ser.example"
        assert register(node, answer(challenge, "REGISTER", URI)).status == 200


@pytest.mark.parametrize("password", ["$avp(s:none)", "$(avp(s:none){s.strip,1})", "$hdr(X)"])
def test_a_null_password_is_none(password: str) -> None:
    route = REGISTRAR.replace('$avp(s:password)", "0', f'{password}", "0')
    with router(route=route) as node:
        challenge = challenged(node)
        for guess in ("", "<null>"):
            assert register(node, answer(challenge, "REGISTER", URI, password=guess)).header("X-Result") == "-1"
        assert node.logged("the password has no value")
        assert node.counter("auth", "accepted") == 0


@pytest.mark.parametrize(("flags", "status"), [("1", 500), ("5", 0)])
@pytest.mark.parametrize("realm", ["$hdr(X-Realm)", "$hdr(None)"])
def test_realms_that_cannot_be_written(realm: str, flags: str, status: int) -> None:
    route = f'route {{ www_challenge("{realm}", "{flags}"); xlog("L_ERR", "result $rc\\n"); exit; }}'
    with router(route='loadmodule "xlog.so"\n' + route) as node:
        sent = node.receive(build_message("REGISTER", URI, headers={"X-Realm": 'a", nonce="x'}))
        assert [one.status for one in sent] == ([status] if status else [])
        assert node.logged("result -1" if "None" in realm else "result -2")


@pytest.mark.parametrize(("stateless", "statuses"), [(0, [401]), (1, [401, 200])])
def test_stateful_and_stateless_replies(stateless: int, statuses: list[int]) -> None:
    route = 'route { t_newtran(); www_challenge("r", "1"); t_reply("200", "OK"); }'
    with router(f'"force_stateless_reply", {stateless}', route=route) as node:
        assert [one.status for one in node.receive(build_message("REGISTER", URI))] == statuses
        node.advance(40)


def test_consuming_nothing_is_an_error_of_the_script() -> None:
    with router(route="route { if (!consume_credentials()) { exit; } }") as node:
        node.receive(build_message("INFO", URI))
        assert node.logged("consume_credentials()")


@pytest.mark.parametrize(
    ("param", "words"),
    [('"qop", "auth-conf"', "unknown qop"), ('"algorithm", "MD4"', "unknown algorithm"),
     ('"nonce_expire", 0', "nonce_expire"),
     ('"challenge_attr", "x"', "challenge_attr"), ('"auth_checks_no_dlg", 16', "auth_checks_no_dlg"),
     ('"nid_pool_no", -1', "nid_pool_no"), ('"www_challenge_header", "A: b"', "header"),
     ('"nc_array_order", 31', "nc_array_order"),
     ('"nonce_auth_max_drift", -1', "nonce_auth_max_drift"),
     ('"nonce_auth_max_drift", 9999999999', "nonce_auth_max_drift")],
    ids=lambda value: value.split(",")[0].strip('"'),
)  # fmt: skip
def test_bad_parameters(param: str, words: str) -> None:
    with pytest.raises(LoadError, match=words):
        Node(HEAD + f'modparam("auth", {param})\nroute {{ exit; }}')


def test_too_many_pools() -> None:
    with pytest.raises(LoadError, match="nid_pool_no is too large"):
        Node(HEAD + 'modparam("auth", "one_time_nonce", 1)\nmodparam("auth", "otn_in_flight_no", 64)\n'
             'modparam("auth", "nid_pool_no", 64)\nroute { exit; }')  # fmt: skip


def test_warnings() -> None:
    unwise = ['"qop", ""', '"nonce_count", 1', '"protect_contacts", 1', '"one_time_nonce", 1', '"secret", "short"']
    with router(*unwise, '"otn_in_flight_no", 1000') as node:
        for words in ("nonce_count has no effect", "protect_contacts", "only 512 nonces", "can be guessed"):
            assert node.logged(words)


@pytest.mark.parametrize(
    "call", ['www_challenge("", "1")', 'pv_www_authenticate("r", "", "0")', 'www_challenge("r", "x")']
)
def test_bad_arguments(call: str) -> None:
    with pytest.raises(LoadError):
        Node(HEAD + f"route {{ {call}; }}")
