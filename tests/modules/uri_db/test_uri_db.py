"""uri_db over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import build_message
from siprouter.util.errors import OperatorError
from tests.support.db_modules import Router, router
from tests.support.digests import answer, read_challenge
from tests.support.sqlite import Sqlite

AUTHORIZE = """
    if (!pv_www_authenticate("example.org", "wonderland", "0")) {
        www_challenge("example.org", "0");
        exit;
    }
"""


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.insert("subscriber", username="bob", domain="example.org")
    sqlite.insert("uri", username="alice", domain="example.org", uri_user="sales")
    return sqlite


def authorized(found: Router, **fields: str) -> str:
    reply = found.node.receive(build_message("OPTIONS", "sip:x@y", from_="sip:a@b", to="sip:x@y"))[0]
    credentials = answer(read_challenge(reply.header("WWW-Authenticate") or ""), "OPTIONS", "sip:x@y")
    return found.ask("sip:x@y", headers={"Authorization": credentials}, **fields).split()[0]


@pytest.mark.parametrize(("user", "result"), [("alice", "1"), ("ALICE", "1"), ("sales", "-10"), ("bob", "-10")])
@pytest.mark.parametrize("which", ["from", "to"])
def test_the_user_is_who_authenticated(database: Sqlite, which: str, user: str, result: str) -> None:
    with router(database, "uri_db", expression=f"check_{which}()", more=AUTHORIZE) as found:
        field = {"from_" if which == "from" else "to": f"sip:{user}@example.org"}
        assert authorized(found, **field) == result


@pytest.mark.parametrize(("user", "result"), [("sales", "1"), ("alice", "-9"), ("x'%20OR%20'1'='1", "-9")])
def test_a_table_says_who_one_may_be(database: Sqlite, user: str, result: str) -> None:
    params = ('"use_uri_table", 1', '"db_table", "uri"')
    with router(database, "uri_db", *params, expression="check_from()", more=AUTHORIZE) as found:
        assert authorized(found, from_=f"sip:{user}@example.org") == result


def test_without_credentials(database: Sqlite) -> None:
    with router(database, "uri_db", expression="check_from()") as found:
        assert found.fails("no credentials were accepted").startswith("-2 ")


def test_no_user(database: Sqlite) -> None:
    with router(database, "uri_db", expression="check_from()", more=AUTHORIZE) as found:
        assert authorized(found, from_="sip:example.org") == "-4"


def test_users_that_exist(database: Sqlite) -> None:
    with router(database, "uri_db", expression="does_uri_exist()") as found:
        assert found.ask("sip:bob@elsewhere").startswith("1 ")
        assert found.ask("sip:eve@example.org").startswith("-5 ")
    with router(database, "uri_db", '"use_domain", 1', expression="does_uri_exist()") as found:
        assert found.ask("sip:bob@elsewhere").startswith("-5 ")
        assert found.ask("sip:bob@example.org").startswith("1 ")
        database.run("ALTER TABLE subscriber RENAME TO gone")
        assert found.fails("no such table").startswith("-4 ")


def test_without_a_database_the_credentials_count(database: Sqlite) -> None:
    with router(database, "uri_db", '"db_url", ""', expression="check_from()", more=AUTHORIZE) as found:
        assert authorized(found, from_="sip:alice@example.org") == "1"
    with router(database, "uri_db", '"db_url", ""', expression="does_uri_exist()") as found:
        assert found.fails("db_url is empty").startswith("-4 ")


def test_the_version_depends_on_the_table(database: Sqlite) -> None:
    with (
        pytest.raises(OperatorError, match="table subscriber has version 6, 1 is needed"),
        router(database, "uri_db", '"use_uri_table", 1', expression="check_from()"),
    ):
        pass
