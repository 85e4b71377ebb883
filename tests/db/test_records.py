"""Tables that operators keep, in each kind of database."""

from __future__ import annotations

import pytest

from siprouter.db import admin
from siprouter.db.interface import Database
from siprouter.db.record_kinds import kinds
from siprouter.db.records import add_record, find_records, import_records, missing_account, remove_records
from siprouter.db.schema import EXTRA, STANDARD
from siprouter.util.errors import OperatorError

NOW = 1_290_000_000.0

EXAMPLES: dict[str, list[dict[str, str]]] = {
    "alias": [{"alias": "bob@a.org", "user": "alice@a.org"}, {"alias": "carol@a.org", "user": "alice@a.org"}],
    "domain": [{"domain": "a.org"}, {"domain": "b.org"}],
    "address": [{"address": "192.0.2.1"}, {"address": "10.0.0.0/8", "group": "7", "port": "5060", "tag": "o'x\\"}],
    "trusted": [{"address": "192.0.2.1", "proto": "any"}, {"address": "::1", "proto": "udp", "from-pattern": "^sip:b"}],
    "dispatcher": [{"set": "1", "destination": "sip:192.0.2.1"}, {"set": "1", "destination": "sip:h", "flags": "2"}],
    "group": [{"user": "alice@a.org", "group": "int"}, {"user": "alice@a.org", "group": "ld"}],
    "uri": [{"user": "alice@a.org", "uri-user": "alice"}, {"user": "alice@a.org", "uri-user": "a'; DROP TABLE uri"}],
    "speeddial": [
        {"user": "alice@a.org", "short": "11@a.org", "uri": "sip:bob@b.org"},
        {"user": "alice@a.org", "short": "12@a.org", "uri": "sip:bob@b.org", "description": 'the "other"'},
    ],
    "avp": [
        {"user": "alice@a.org", "attribute": "lang", "value": "en"},
        {"user": "alice@a.org", "attribute": "7", "value": "1", "type": "3", "uuid": "u1"},
    ],
    "dialplan": [
        {"dpid": "1", "priority": "1", "match": "regexp", "expression": "^00", "substitute": "^00(.*)"},
        {"dpid": "1", "priority": "2", "match": "equal", "expression": "100", "replacement": "200", "length": "3"},
    ],
}


def quiet(what: str, done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
async def tables(database: Database) -> Database:
    await admin.create_tables(database, admin.wanted_tables((STANDARD, EXTRA)))
    return database


async def test_rows_of_every_kind_are_made_found_and_removed(tables: Database) -> None:
    assert set(EXAMPLES) == set(kinds())
    for kind in kinds().values():
        given = EXAMPLES[kind.command]
        for one in given:
            record = await add_record(tables, kind, one, NOW)
            assert {name: str(record[name]) for name in one} == one
            with pytest.raises(OperatorError, match="is there already"):
                await add_record(tables, kind, one, NOW)
        found = await find_records(tables, kind, [], quiet)
        assert [record["id"] for record in found] == [1, 2]
        second = await find_records(tables, kind, kind.find(given[1]))
        assert second == found[1:]
        assert await remove_records(tables, kind, second, quiet) == 1
        assert await find_records(tables, kind, []) == found[:1]


async def test_many_rows(tables: Database) -> None:
    kind = kinds("a.org")["group"]
    many = [{"user": f"u{number}", "group": "g"} for number in range(1200)]
    done = await import_records(tables, kind, many, False, NOW, quiet)
    assert (done.added, done.skipped) == (1200, 0)
    with pytest.raises(OperatorError, match="record 1 is there already"):
        await import_records(tables, kind, many, False, NOW, quiet)
    done = await import_records(tables, kind, [*many, {"user": "new@b.org", "group": "g"}], True, NOW, quiet)
    assert (done.added, done.skipped) == (1, 1200)
    found = await find_records(tables, kind, kind.find({"group": "g"}), quiet)
    assert len(found) == 1201
    assert await remove_records(tables, kind, found, quiet) == 1201


async def test_nothing_is_stored_where_one_record_is_wrong(tables: Database) -> None:
    kind = kinds()["domain"]
    with pytest.raises(OperatorError, match="record 2: 'not a name' is no domain"):
        await import_records(tables, kind, [{"domain": "a.org"}, {"domain": "not a name"}], False, NOW, quiet)
    if await tables.widths("domain"):  # SQLite keeps texts of any length
        with pytest.raises(OperatorError, match="too long: column domain takes 64"):
            await import_records(tables, kind, [{"domain": "a.org"}, {"domain": "x" * 65}], False, NOW, quiet)
    with pytest.raises(OperatorError, match="record 2 is there already"):
        await import_records(tables, kind, [{"domain": "a.org"}, {"domain": "A.org"}], False, NOW, quiet)
    assert await tables.count("domain") == 0


async def test_accounts_that_are_not_there(tables: Database) -> None:
    assert await missing_account(tables, "alice", "a.org")
    await tables.insert("subscriber", {"username": "alice", "domain": "a.org"})
    assert not await missing_account(tables, "alice", "a.org")
    await tables.raw("DROP TABLE subscriber")
    assert not await missing_account(tables, "bob", "a.org")
