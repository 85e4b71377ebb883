"""uri_db of SER over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError
from tests.support.ser_modules import HOSTILE, ser_router
from tests.support.sqlite import Sqlite

HERE, OFF, CANONICAL, TO, FROM = 1, 2, 4, 8, 16
SHOW = "%$fu.uid %$tu.uid %$tu.ruri_canonical"


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.run("CREATE TABLE uris (uid, did, username, scheme, flags INTEGER)")
    sqlite.run("CREATE TABLE ser_domains (did, domain, flags INTEGER)")
    sqlite.insert("ser_domains", did="d1", domain="one.org", flags=1)
    for uid, did, user, scheme, flags in (
        ("off", "_default", "bob", "sip", HERE | OFF | TO),
        (None, "_default", "bob", "sip", HERE | TO),
        ("u-bob", "_default", "bob", "sip", HERE | TO | CANONICAL),
        ("u-alice", "_default", "alice", "sip", HERE | FROM),
        ("u-one", "d1", "bob", "sip", HERE | TO | FROM),
        ("u-tel", "_default", "bob", "tel", HERE | TO),
        ("not-here", "_default", "carol", "sip", TO),
        ("u-dave", "_default", "dave", "sip", HERE | TO),
    ):
        sqlite.insert("uris", uid=uid, did=did, username=user, scheme=scheme, flags=flags)
    return sqlite


def lines(database: Sqlite, domain: bool = False) -> str:
    found = f'loadmodule "uri_db.so"\nmodparam("uri_db", "db_url", "{database.url}")\n'
    found += 'modparam("uri_db", "uri_table", "uris")\n'
    if domain:
        found = f'loadmodule "domain.so"\nmodparam("domain", "db_url", "{database.url}")\n' + found
        found += 'modparam("domain", "domain_table", "ser_domains")\n'
    return found


@pytest.mark.parametrize(
    ("call", "before", "result"),
    [
        ('lookup_user("Request-URI")', "", "ok  u-bob 1"),
        ('lookup_user("To")', "", "ok  u-bob"),
        ('lookup_user("from")', "", "ok u-alice"),
        ('lookup_user("To")', '$tr.did = "d1";', "ok  u-one"),
        ('lookup_user("From")', '$fr.did = "d1";', "no"),
        ('lookup_user("To")', '$tu.uid = "old";', "ok  u-bob"),
        ('check_uri("To")', "", "ok"),
        ('check_uri("From")', "", "ok"),
    ],
)
def test_users(database: Sqlite, call: str, before: str, result: str) -> None:
    with ser_router(lines(database), call, SHOW, before) as found:
        assert found.ask().rstrip() == result


@pytest.mark.parametrize(
    ("uri", "result"),
    [("sip:carol@x", "no"), ("sip:dave@x", "ok"), ("sip:x", "no"), ("sips:bob@x", "no"), ("sip:BOB@x", "no")],
)
def test_uris(database: Sqlite, uri: str, result: str) -> None:
    with ser_router(lines(database), 'check_uri("Request-URI")') as found:
        assert found.ask(uri).rstrip() == result
    with ser_router(lines(database), 'check_uri("From")') as found:
        assert found.ask(from_=uri).rstrip() == "no"


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('lookup_user("$tu.uid", "@ruri")', "ok  u-bob"),
        ('lookup_user("$tr.x", "sip:bob@ONE.org")', "ok"),
        ('lookup_user("$fu.uid", "sip:bob@one.org")', "ok u-one"),
        ('lookup_user("$fu.uid", "sip:bob@else")', "no"),
        ('lookup_user("$tu.uid", "tel:bob")', "ok  u-tel"),
        ('lookup_user("$tu.uid", "$none")', "no"),
        ('lookup_user("$tu.uid", "nonsense")', "no"),
    ],
)
def test_users_of_any_uri(database: Sqlite, call: str, result: str) -> None:
    with ser_router(lines(database, True), call, SHOW) as found:
        assert found.ask().rstrip() == result
        found.node.records.clear()


@pytest.mark.parametrize("user", HOSTILE)
def test_hostile_users(database: Sqlite, user: str) -> None:
    for call in ('check_uri("Request-URI")', 'lookup_user("To")', 'lookup_user("From")', 'lookup_user("$x", "@ruri")'):
        with ser_router(lines(database, True), call) as found:
            assert found.ask(f"sip:{user}@x", f"sip:{user}@x").rstrip() == "no"
    assert database.run("SELECT count(*) FROM uris") == [(8,)]


def test_what_fails(database: Sqlite) -> None:
    with ser_router(lines(database), 'check_uri("To")') as found:
        database.run("ALTER TABLE uris RENAME TO gone")
        assert found.fails("no such table").rstrip() == "no"
    for call, message in (
        ('check_uri("Via")', "From, To or Request-URI"),
        ('lookup_user("x", "@ruri")', "an attribute"),
        ('lookup_user("$x", "@ruri")', "needs module domain"),
    ):
        with pytest.raises(LoadError, match=message), ser_router(lines(database), call):
            pass
