"""speeddial of SER over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError
from tests.support.ser_modules import HOSTILE, ser_router
from tests.support.sqlite import Sqlite

DID = '$tr.did = "d1";'
CALL = 'sd_lookup("short_numbers")'


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.run("CREATE TABLE short_numbers (uid, dial_did, dial_username, new_uri)")
    for uid, did, number, uri in (
        ("alice", "d1", "1", "sip:one@x"),
        ("alice", "d1", "2", "two@x"),
        ("alice", "d2", "3", "sip:three@x"),
        ("alice", "d1", "4", None),
        ("carol", "d1", "1", "sips:c@x"),
    ):
        sqlite.insert("short_numbers", uid=uid, dial_did=did, dial_username=number, new_uri=uri)
    return sqlite


def lines(database: Sqlite) -> str:
    return f'loadmodule "speeddial.so"\nmodparam("speeddial", "db_url", "{database.url}")'


@pytest.mark.parametrize(
    ("before", "number", "result"),
    [
        (DID, "1", "ok sip:one@x"),
        (DID, "2", "ok sip:two@x"),
        (DID, "3", "no sip:3@example.org"),
        (DID, "4", "no sip:4@example.org"),
        ('$tr.did = "d2";', "3", "ok sip:three@x"),
        (f'{DID} $fu.uid = "carol";', "1", "ok sips:c@x"),
    ],
)
def test_numbers(database: Sqlite, before: str, number: str, result: str) -> None:
    with ser_router(lines(database), CALL, "%ru", before) as found:
        assert found.ask(f"sip:{number}@example.org", "sip:Alice@example.org") == result


@pytest.mark.parametrize("user", HOSTILE)
def test_hostile_users(database: Sqlite, user: str) -> None:
    with ser_router(lines(database), CALL, "", DID) as found:
        assert found.ask(f"sip:{user}@x").startswith("no")
        assert found.ask("sip:1@x", f"sip:{user}@x").startswith("no")
    assert database.run("SELECT count(*) FROM short_numbers") == [(5,)]


def test_what_fails(database: Sqlite) -> None:
    with ser_router(lines(database), CALL) as found:
        assert found.fails("was not looked up").startswith("no")
    with ser_router(lines(database), CALL, "", DID) as found:
        database.run("ALTER TABLE short_numbers RENAME TO gone")
        assert found.fails("no such table") == "500"
    with pytest.raises(LoadError, match="must be the name of a table"), ser_router(lines(database), 'sd_lookup("a b")'):
        pass
