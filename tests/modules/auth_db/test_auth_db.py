"""Passwords from SQLite; what takes time is tried in tests/scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.testing.network import Sent
from siprouter.util.errors import OperatorError
from tests.support.digests import answer, h, read_challenge
from tests.support.sqlite import Sqlite

URI = "sip:example.org"
TEXT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "%s")
%s
route {
    if (!%s("$td", "subscriber")) {
        $var(code) = $rc;
        append_to_reply("X-Result: $var(code)\\r\\n");
        %s("$td", "0");
        exit;
    }
    append_to_reply("X-Loaded: $au $avp(s:rpid) $avp(s:mail)\\r\\n");
    sl_send_reply("200", "OK");
}
"""
PLAIN = ('"calculate_ha1", 1', '"password_column", "password"')


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    found = Sqlite(tmp_path / "sip.db")
    for user, domain, password in (
        ("alice", "example.org", "wonderland"),
        ("alice", "other.org", "mirror"),
        ("empty", "example.org", ""),
    ):
        found.insert(
            "subscriber",
            username=user,
            domain=domain,
            password=password,
            ha1=password and h("MD5", f"{user}:example.org:{password}"),
            ha1b=password and h("MD5", f"{user}@{domain}:example.org:{password}"),
            rpid="<sip:4711>",
            email_address="a@x",
        )
    return found


@contextmanager
def router(database: Sqlite, *params: str, proxy: bool = False) -> Iterator[Node]:
    lines = "\n".join(f'modparam("auth_db", {param})' for param in params)
    kind = "proxy" if proxy else "www"
    with closing(Node(TEXT % (database.url, lines, f"{kind}_authorize", f"{kind}_challenge"))) as node:
        yield node


def send(node: Node, credentials: str = "", *, proxy: bool = False, method: str = "REGISTER") -> Sent:
    header = "Proxy-Authorization" if proxy else "Authorization"
    headers = {header: credentials} if credentials else {}
    data = build_message(method, URI, from_="sip:alice@example.org", to="sip:alice@example.org", headers=headers)
    sent = node.receive(data)
    assert len(sent) == 1
    return sent[0]


def challenge(node: Node, proxy: bool = False) -> dict[str, str]:
    reply = send(node, proxy=proxy)
    assert reply.status == (407 if proxy else 401)
    assert reply.header("X-Result") == "-1"
    return read_challenge(reply.header("Proxy-Authenticate" if proxy else "WWW-Authenticate") or "")


@pytest.mark.parametrize("proxy", [False, True])
@pytest.mark.parametrize("params", [(), PLAIN])
def test_right_passwords(database: Sqlite, params: tuple[str, ...], proxy: bool) -> None:
    with router(database, *params, proxy=proxy) as node:
        reply = send(node, answer(challenge(node, proxy), "REGISTER", URI), proxy=proxy)
        assert reply.status == 200
        assert reply.header("X-Loaded") == "alice <sip:4711> <null>"


@pytest.mark.parametrize(
    ("changed", "result"),
    [
        ({"password": "wrong"}, "-2"),
        ({"user": "nobody"}, "-3"),
        ({"user": "empty", "password": ""}, "-3"),
        ({"user": "alice' OR '1'='1"}, "-3"),
        ({"user": "'; DROP TABLE subscriber; --"}, "-3"),
        ({"realm": '"else"'}, "-1"),
        ({"nonce": '"AAAA"'}, "-1"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
@pytest.mark.parametrize("params", [(), PLAIN])
def test_refused(database: Sqlite, params: tuple[str, ...], changed: dict[str, str], result: str) -> None:
    with router(database, *params) as node:
        reply = send(node, answer(challenge(node), "REGISTER", URI, **changed))
        assert (reply.status, reply.header("X-Result")) == (401, result)
    assert database.run("SELECT COUNT(*) FROM subscriber") == [(3,)]


def test_a_user_name_with_a_domain_has_the_second_column(database: Sqlite) -> None:
    with router(database, '"use_domain", 1') as node:
        credentials = answer(challenge(node), "REGISTER", URI, user="alice@other.org", password="mirror")
        assert send(node, credentials).status == 200
        credentials = answer(challenge(node), "REGISTER", URI, user="alice@example.org", password="mirror")
        assert send(node, credentials).header("X-Result") == "-2"
        credentials = answer(challenge(node), "REGISTER", URI, user="alice@nowhere", password="mirror")
        assert send(node, credentials).header("X-Result") == "-3"


def test_columns_are_loaded_into_avps(database: Sqlite) -> None:
    with router(database, '"load_credentials", "rpid; $avp(s:mail) = email_address"') as node:
        assert send(node, answer(challenge(node), "REGISTER", URI)).header("X-Loaded") == "alice <sip:4711> a@x"
        assert send(node, answer(challenge(node), "REGISTER", URI, password="x")).header("X-Loaded") is None


def test_what_cannot_have_credentials_passes(database: Sqlite) -> None:
    text = TEXT % (database.url, "", "www_authorize", "www_challenge")
    text = text.replace('sl_send_reply("200", "OK");', 'log(1, "passed\\n");')
    with closing(Node(text)) as node:
        node.receive(build_message("ACK", URI, from_="sip:alice@example.org", to="sip:alice@example.org"))
        assert node.logged("passed")


def test_a_database_that_fails_lets_nobody_in(database: Sqlite) -> None:
    with router(database) as node:
        credentials = answer(challenge(node), "REGISTER", URI)
        database.run("ALTER TABLE subscriber RENAME TO gone")
        assert send(node, credentials).header("X-Result") == "-1"
        assert "cannot look for a user" in node.errors[0]
        node.records.clear()


def test_versions_are_checked_at_the_start(database: Sqlite) -> None:
    database.run("UPDATE version SET table_version = 5 WHERE table_name = 'subscriber'")
    with pytest.raises(OperatorError, match="auth_db: table subscriber has version 5, 6 is needed"), router(database):
        pass


@pytest.mark.parametrize(
    ("param", "why"),
    [
        ('"user_column", "a;b"', "parameter user_column is no name"),
        ('"load_credentials", "a b"', "'a b' is no name of a column"),
        ('"load_credentials", "$var(x)=rpid"', "is no AVP"),
        ('"db_url", "oracle://x/y"', "no database driver is called 'oracle'"),
        ('"db_url", "flatstore:/x"', "takes new rows only"),
    ],
)
def test_parameters_are_checked(database: Sqlite, param: str, why: str) -> None:
    with pytest.raises(LoadError, match=why), router(database, param):
        pass
