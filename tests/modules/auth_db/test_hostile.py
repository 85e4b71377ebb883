"""Who must not get in: each attempt is refused and counted, and neither reply, log nor work done tells more."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

import siprouter.sip.digest as digest
from siprouter.testing import Node
from siprouter.testing.messages import build_message
from tests.support.digests import answer, h, read_challenge
from tests.support.sqlite import Sqlite

URI = "sip:example.org"
CONFIG = """
debug=3
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth", "one_time_nonce", 1)
modparam("auth", "nonce_expire", 60)
modparam("auth_db", "db_url", "%s")
modparam("auth_db", "use_domain", 1)
%s
route {
    if (!www_authorize("example.org", "subscriber")) {
        www_challenge("example.org", "0");
        exit;
    }
    sl_send_reply("200", "OK");
}
"""
PASSWORD = "wonderland"
HA1 = h("MD5", f"alice:example.org:{PASSWORD}")
HA1B = h("MD5", f"alice@example.org:example.org:{PASSWORD}")
SQL = [
    "' OR '1'='1",
    "alice'--",
    "'; DROP TABLE subscriber; --",
    "' UNION SELECT 'x','y' --",
    "\\\\' OR 1=1 --",
    "alice'/**/OR/**/1=1#",
    "%",
    "_lice",
    "$(id)",
    "alice\\\\0",
]
PLAIN = ('modparam("auth_db", "calculate_ha1", 1)', 'modparam("auth_db", "password_column", "password")')


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    row = {"username": "alice", "domain": "example.org", "password": PASSWORD, "ha1": HA1, "ha1b": HA1B}
    sqlite.insert("subscriber", **row)
    return sqlite


class Router:
    def __init__(self, node: Node) -> None:
        self.node = node

    def send(self, credentials: str = "", **fields: Any) -> tuple[int, str]:
        """Status and text of the reply to a REGISTER, without what differs each time."""
        headers = {"Authorization": credentials} if credentials else {}
        given = {"from_": "sip:alice@example.org", "to": "sip:alice@example.org", "from_tag": "f", "branch": "z9hG4bKx"}
        data = build_message("REGISTER", URI, headers=headers, call_id="c", **{**given, **fields})
        sent = self.node.receive(data)
        assert len(sent) == 1
        self.text = sent[0].text
        return sent[0].status or 0, re.sub(r'nonce="[^"]*"', "nonce", sent[0].text)

    def challenge(self) -> dict[str, str]:
        assert self.send()[0] == 401
        return read_challenge(re.search(r"WWW-Authenticate: (.*)\r", self.text)[1])  # type: ignore[index]

    def counts(self) -> dict[str, int]:
        names = ("accepted", "wrong_passwords", "forged_nonces", "stale_nonces", "bad_credentials", "no_credentials")
        return {name: self.node.counter("auth", name) for name in names}

    def attempt(self, credentials: str, **fields: Any) -> tuple[str, dict[str, int]]:
        """What a refused attempt is answered, and which counters grew."""
        before = self.counts()
        status, text = self.send(credentials, **fields)
        assert status == 401
        now = self.counts()
        return text, {name: now[name] - count for name, count in before.items() if now[name] != count}

    def leaks(self, *more: str) -> list[str]:
        """Secrets that stand in what was sent or logged."""
        seen = [one.text for one in self.node.sent] + [record.text for record in self.node.records]
        return [secret for secret in (PASSWORD, HA1, HA1B, *more) if any(secret in text for text in seen)]


@pytest.fixture(params=["hashes", "passwords"])
def router(request: pytest.FixtureRequest, database: Sqlite) -> Iterator[Router]:
    lines = "\n".join(PLAIN) if request.param == "passwords" else ""
    with closing(Node(CONFIG % (database.url, lines))) as node:
        yield Router(node)


def test_the_right_password_gets_in(router: Router) -> None:
    assert router.send(answer(router.challenge(), "REGISTER", URI))[0] == 200


def test_a_wrong_password_and_an_unknown_user_look_alike(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[tuple[str, int]] = []
    hashed = digest._plain_md5

    def compare(expected: bytes, given: bytes) -> bool:
        work.append(("compared", len(expected)))
        return hmac.compare_digest(expected, given)

    def hash_text(data: bytes, **options: bool) -> Any:
        work.append(("hashed", 0))
        return hashed(data, **options)

    monkeypatch.setattr(digest, "compare_digest", compare)
    monkeypatch.setattr(digest, "_plain_md5", hash_text)
    queries: list[str] = []
    database = router.node.worker.module("auth_db").database
    database.connection.set_trace_callback(lambda text: queries.append(re.sub("'[^']*'", "?", text)))
    seen = []
    for changed in ({"password": "wrong"}, {"user": "nobody"}, {"user": "nobody", "password": "wrong"}):
        text, grown = router.attempt(answer(router.challenge(), "REGISTER", URI, **changed))
        seen.append((text, grown, tuple(work), tuple(queries)))
        work.clear()
        queries.clear()
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][1] == {"wrong_passwords": 1}
    assert ("compared", 32) in seen[0][2] and len(seen[0][3]) == 1
    assert router.leaks() == []


def test_replayed_credentials(router: Router) -> None:
    credentials = answer(router.challenge(), "REGISTER", URI)
    assert router.send(credentials)[0] == 200
    for _ in range(3):
        text, grown = router.attempt(credentials)
        assert grown == {"stale_nonces": 1}
        assert "stale=true" in text
    assert router.counts()["accepted"] == 1


def test_a_nonce_that_is_too_old(router: Router) -> None:
    credentials = answer(router.challenge(), "REGISTER", URI)
    wrong = answer(router.challenge(), "REGISTER", URI, password="wrong")
    router.node.advance(61)
    text, grown = router.attempt(credentials)
    assert grown == {"stale_nonces": 1} and "stale=true" in text
    # who does not know the password learns nothing about the age of the nonce
    text, grown = router.attempt(wrong)
    assert grown == {"wrong_passwords": 1} and "stale" not in text


@pytest.mark.parametrize("how", ["other", "cut", "longer", "changed", "empty", "old"])
def test_forged_nonces(router: Router, how: str) -> None:
    challenge = router.challenge()
    nonce = challenge["nonce"]
    forged = {
        "other": "A" * len(nonce),
        "cut": nonce[:-1],
        "longer": nonce + "A",
        "changed": ("B" if nonce[0] == "A" else "A") + nonce[1:],
        "empty": "",
        "old": "4cb1d5ba0000000100000000000000000000000000000000",
    }[how]
    text, grown = router.attempt(answer({**challenge, "nonce": forged}, "REGISTER", URI))
    assert grown == ({"bad_credentials": 1} if how == "empty" else {"forged_nonces": 1})
    assert "stale" not in text


def test_credentials_of_another_request(router: Router) -> None:
    challenge = router.challenge()
    assert router.attempt(answer(challenge, "INVITE", URI))[1] == {"wrong_passwords": 1}
    assert router.attempt(answer(challenge, "REGISTER", URI, uri='"sip:other.org"'))[1] == {"wrong_passwords": 1}
    assert router.attempt(answer(challenge, "REGISTER", URI, username='"bob"'))[1] == {"wrong_passwords": 1}
    other = answer({**challenge, "realm": "other.org"}, "REGISTER", URI)
    assert router.attempt(other)[1] == {"no_credentials": 1}


@pytest.mark.parametrize("value", SQL, ids=range(len(SQL)))
@pytest.mark.parametrize(
    "field", ["username", "user", "domain", "realm", "nonce", "uri", "response", "cnonce", "opaque", "algorithm", "nc"]
)
def test_sql_in_credentials(router: Router, database: Sqlite, field: str, value: str) -> None:
    challenge = router.challenge()
    if field == "user":
        credentials = answer(challenge, "REGISTER", URI, user=value)
    elif field == "domain":
        credentials = answer(challenge, "REGISTER", URI, user=f"alice@{value}")
    elif field in ("algorithm", "nc"):
        credentials = answer(challenge, "REGISTER", URI, password="wrong", qop="auth", **{field: f'"{value}"'})
    else:
        credentials = answer(challenge, "REGISTER", URI, password="wrong", **{field: f'"{value}"'})
    _, grown = router.attempt(credentials)
    assert sum(grown.values()) == 1 and "accepted" not in grown
    assert database.run("SELECT username, ha1 FROM subscriber") == [("alice", HA1)]
    assert router.leaks() == []


@pytest.mark.parametrize("value", SQL, ids=range(len(SQL)))
def test_sql_around_the_credentials(router: Router, database: Sqlite, value: str) -> None:
    quoted = value.replace(" ", "%20").replace("#", "%23").replace(";", "%3b")
    challenge = router.challenge()
    wrong = answer(challenge, "REGISTER", URI, password="wrong")
    for fields in ({"from_": f"sip:{quoted}@example.org"}, {"to": f"sip:{quoted}@example.org"}, {"from_tag": "x'--"}):
        assert router.attempt(wrong, **fields)[1] == {"wrong_passwords": 1}
    assert database.run("SELECT count(*) FROM subscriber") == [(1,)]


def test_a_database_that_fails_tells_nothing(router: Router, database: Sqlite) -> None:
    credentials = answer(router.challenge(), "REGISTER", URI)
    database.run("ALTER TABLE subscriber RENAME TO gone")
    text, grown = router.attempt(credentials)
    assert grown == {} and "subscriber" not in text and "SQL" not in text
    assert router.leaks() == []
    router.node.records.clear()
