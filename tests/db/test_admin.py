"""Whole databases: made, checked, brought up to date, copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.db import admin
from siprouter.db.databases import check_version
from siprouter.db.interface import Database
from siprouter.db.schema import EXTRA, PRESENCE, STANDARD, schema
from siprouter.db.url import parse_url
from siprouter.db.values import from_epoch, to_epoch
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

ALL = (STANDARD, EXTRA, PRESENCE)


def test_the_schema_is_that_of_3_1() -> None:
    tables = schema()
    assert len(tables) == 51
    assert sum(len(spec.columns) for spec in tables.values()) == 401
    assert sum(len(spec.indexes) for spec in tables.values()) == 45
    assert tables["location"].version == 1004
    assert tables["subscriber"].natural_key == ["username", "domain"]


async def test_all_tables_can_be_made_and_are_what_is_expected(database: Database) -> None:
    specs = admin.wanted_tables(ALL)
    made = await admin.create_tables(database, specs)
    assert sorted(made) == sorted(schema())
    assert {finding.state for finding in await admin.check_tables(database, specs)} == {admin.OK}
    assert await admin.create_tables(database, specs) == []
    await check_version(database, "subscriber", 6, "m")


async def test_columns_keep_what_they_are_given(database: Database) -> None:
    await admin.create_tables(database, admin.wanted_tables((STANDARD,)))
    when = from_epoch(1_290_000_000)
    await database.insert("location", {"username": "bob", "contact": "sip:b@h", "expires": when, "q": -1.0})
    await database.insert("address", {"ip_addr": "10.0.0.0", "mask": 8, "port": 65535, "grp": 3})
    columns = ["id", "username", "domain", "expires", "q", "cseq", "methods"]
    rows = await database.query("location", [], columns)
    assert (*rows[0][:3], to_epoch(rows[0][3]), *rows[0][4:]) == (1, "bob", None, 1_290_000_000, -1.0, 13, None)
    assert await database.query("address", [], ["ip_addr", "mask", "port", "grp"]) == [("10.0.0.0", 8, 65535, 3)]
    octets = bytes(range(256))
    await database.insert("silo", {"body": octets, "inc_time": 1, "exp_time": 2_000_000_000, "username": "b"})
    assert await database.query("silo", [("exp_time", ">", 1)], ["id", "body"], "id", 1) == [(1, octets)]


async def test_what_is_wrong_with_tables_is_found_and_mended(database: Database) -> None:
    specs = admin.wanted_tables((STANDARD,))
    await admin.create_tables(database, specs)
    await database.raw("DROP TABLE silo")
    await database.raw("DROP TABLE uri")
    await database.raw("CREATE TABLE uri (username VARCHAR(20))")
    await database.update("version", [("table_name", "acc")], {"table_version": 2})
    found = {item.table: item for item in await admin.check_tables(database, specs) if item.state != admin.OK}
    assert found["silo"].state == admin.MISSING
    assert found["uri"].columns == ("id", "domain", "uri_user", "last_modified")
    assert (found["acc"].version, found["acc"].wanted) == (2, 4)
    assert await admin.upgrade_tables(database, specs) == ["made silo", "version of acc: 2 is now 4"]
    assert [item.table for item in await admin.check_tables(database, specs) if item.state != admin.OK] == ["uri"]


async def test_copies_hold_the_same_rows(database: Database, tmp_path: Path, log: Log) -> None:
    specs = admin.wanted_tables((STANDARD,))
    await admin.create_tables(database, specs)
    when = from_epoch(1_290_000_000)
    for number in range(3):
        await database.insert("acc", {"method": "INVITE", "callid": f"c{number}", "time": when})
    await database.insert("subscriber", {"username": "bob", "domain": "d", "rpid": None, "ha1": "x"})
    url = f"text://{tmp_path}/copy"
    await admin.ensure_database(parse_url(url), log)
    text = admin.connect(url, log, create=True)
    await admin.create_tables(text, specs)
    seen: list[tuple[str, int, int]] = []
    assert await admin.copy_tables(database, text, specs, lambda *args: seen.append(args)) == 4
    assert ("acc", 3, 3) in seen
    rows = await text.query("acc", [], ["callid", "time"], "callid")
    assert rows == [("c0", 1_290_000_000), ("c1", 1_290_000_000), ("c2", 1_290_000_000)]
    with pytest.raises(OperatorError, match="is not empty"):
        await admin.copy_tables(database, text, specs, lambda *args: None)
    await admin.drop_tables(database, specs)
    assert await database.tables() == []
    await admin.create_tables(database, specs)
    assert await admin.copy_tables(text, database, specs, lambda *args: None) == 4
    rows = await database.query("acc", [("callid", "c1")], ["method", "time"])
    assert [(method, to_epoch(time)) for method, time in rows] == [("INVITE", 1_290_000_000)]


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
async def test_databases_are_made_where_they_are_missing(kind: str, request: pytest.FixtureRequest, log: Log) -> None:
    server = request.getfixturevalue("mariadb_server" if kind == "mysql" else "postgres_server")
    url = parse_url(server.url("fresh_one"))
    assert await admin.ensure_database(url, log)
    assert not await admin.ensure_database(url, log)
    first = admin.connect(server.url(admin.FIRST_DATABASE[kind]), log)
    await first.raw("DROP DATABASE fresh_one")
    first.close()


def test_flatstore_has_nothing_to_make(log: Log) -> None:
    with pytest.raises(OperatorError, match="flatstore"):
        admin.connect("flatstore:/x", log)
