"""Credentials from SQLite, for scripts of SER."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.digests import answer, h, read_challenge
from tests.support.sqlite import Sqlite

URI = "sip:example.org"
TEXT = """#!SER
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "%s")
%s
route {
    if (www_authenticate("example.org", "credentials")) {
        append_to_reply("X-Result: %%$uid\\r\\n");
        sl_reply("200", "OK");
        drop;
    }
    append_to_reply("%%$digest_challenge");
    sl_reply("401", "Unauthorized");
    drop;
}
"""


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.run("CREATE TABLE credentials (auth_username, did, realm, password, ha1, ha1b, flags INTEGER, uid)")
    sqlite.insert("version", table_name="credentials", table_version=7)
    for uid, password, flags, did in (
        ("off", "wonderland", 3, "_default"),
        ("other", "mirror", 1, "_default"),
        ("alice1", "wonderland", 1, "_default"),
        ("alice2", "cat", 1, "second"),
    ):
        sqlite.insert(
            "credentials",
            auth_username="alice",
            did=did,
            realm="example.org",
            password=password,
            ha1=h("MD5", f"alice:example.org:{password}"),
            ha1b=h("MD5", f"alice@example.org:example.org:{password}"),
            flags=flags,
            uid=uid,
        )
    return sqlite


@contextmanager
def router(database: Sqlite, *params: str) -> Iterator[Node]:
    lines = "\n".join(f'modparam("auth_db", {param})' for param in params)
    with closing(Node(TEXT % (database.url, lines))) as node:
        yield node


def attempt(node: Node, **changed: str) -> tuple[int, str]:
    """Status and uid for credentials; a challenge is fetched first."""

    def send(credentials: str) -> tuple[int, str, str]:
        headers = {"Authorization": credentials} if credentials else {}
        data = build_message("REGISTER", URI, from_="sip:a@example.org", to="sip:a@example.org", headers=headers)
        reply = node.receive(data)[0]
        return reply.status or 0, reply.header("X-Result") or "", reply.header("WWW-Authenticate") or ""

    status, _, challenge = send("")
    assert status == 401
    return send(answer(read_challenge(challenge), "REGISTER", URI, **changed))[:2]


@pytest.mark.parametrize("calculate", [0, 1])
def test_the_first_credentials_in_use_count(database: Sqlite, calculate: int) -> None:
    with router(database, f'"calculate_ha1", {calculate}') as node:
        assert attempt(node, password="mirror") == (200, "other")
        assert attempt(node, password="wonderland") == (401, "")
        assert attempt(node, user="nobody") == (401, "")
        assert attempt(node, user="alice' OR '1'='1") == (401, "")


@pytest.mark.parametrize("calculate", [0, 1])
def test_all_credentials_may_be_tried(database: Sqlite, calculate: int) -> None:
    with router(database, '"check_all_ha1", 1', f'"calculate_ha1", {calculate}') as node:
        assert attempt(node, password="wonderland") == (200, "alice1")
        assert attempt(node, password="cat") == (200, "alice2")
        assert attempt(node, user="alice@example.org", password="cat") == (200, "alice2")
        assert attempt(node, password="dog") == (401, "")


def test_the_domain_may_count(database: Sqlite) -> None:
    with router(database, '"check_all_ha1", 1', '"use_did", 1') as node:
        assert attempt(node, password="wonderland") == (200, "alice1")
        assert attempt(node, password="cat") == (401, "")


def test_a_database_that_fails_lets_nobody_in(database: Sqlite) -> None:
    with router(database) as node:
        database.run("ALTER TABLE credentials RENAME TO gone")
        assert attempt(node, password="mirror") == (401, "")
        assert node.logged("cannot look for a user")
        node.records.clear()


def test_what_is_checked_at_the_start(database: Sqlite) -> None:
    with (
        pytest.raises(LoadError, match="parameter load_credentials is no name"),
        router(database, '"load_credentials", "uid|a b"'),
    ):
        pass
    database.run("UPDATE version SET table_version = 6 WHERE table_name = 'credentials'")
    with pytest.raises(OperatorError, match="table credentials has version 6, 7 is needed"), router(database):
        pass
