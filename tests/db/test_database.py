"""The same operations on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from siprouter.db.errors import DbDuplicateError, DbRefusedError
from siprouter.db.interface import Database
from siprouter.db.operations import Delete, Insert, Replace, Update
from siprouter.db.values import from_epoch, to_epoch

AUTO = {"sqlite": "INTEGER PRIMARY KEY", "postgres": "SERIAL PRIMARY KEY", "mysql": "INT AUTO_INCREMENT PRIMARY KEY"}
WHEN = datetime(2010, 10, 11, 12, 13, 14)  # noqa: DTZ001  # local, as in the tables
TIME = {"sqlite": "TEXT", "postgres": "TIMESTAMP", "mysql": "DATETIME"}


@pytest.fixture
async def people(database: Database) -> Database:
    kind = database.url.driver
    await database.raw(
        f"CREATE TABLE people (id {AUTO[kind]}, name VARCHAR(20) NOT NULL UNIQUE, age INT, q FLOAT, seen {TIME[kind]})"
    )
    await database.insert("people", {"name": "alice", "age": 30, "q": 0.5, "seen": WHEN})
    await database.insert("people", {"name": "bob", "age": None})
    await database.insert("people", {"name": "carol", "age": 40})
    return database


async def test_query_gives_the_rows_that_match_all_keys(people: Database) -> None:
    assert await people.query("people", [("name", "alice"), ("age", ">=", 30)], ["name", "age"]) == [("alice", 30)]
    assert await people.query("people", [("name", "alice"), ("age", ">", 30)], ["name"]) == []


async def test_null_is_a_key(people: Database) -> None:
    assert await people.query("people", [("age", None)], ["name"]) == [("bob",)]
    assert await people.query("people", [("age", "<>", None)], ["name"], "name") == [("alice",), ("carol",)]


async def test_order_and_limit(people: Database) -> None:
    rows = await people.query("people", columns=["name"], order="name desc", limit=2)
    assert rows == [("carol",), ("bob",)]


async def test_times_come_back(people: Database) -> None:
    rows = await people.query("people", [("name", "alice")], ["seen"])
    assert from_epoch(to_epoch(rows[0][0])) == WHEN


async def test_numbers_may_be_given_as_text_and_text_as_numbers(people: Database) -> None:
    assert await people.query("people", [("age", "30")], ["name"]) == [("alice",)]
    await people.insert("people", {"name": 4711})
    assert await people.count("people", [("name", "4711")]) == 1


async def test_update_counts_the_rows_that_match_even_where_nothing_changes(people: Database) -> None:
    assert await people.update("people", [("name", "alice")], {"age": 30}) == 1
    assert await people.update("people", [("name", "nobody")], {"age": 30}) == 0


async def test_replace_changes_or_inserts(people: Database) -> None:
    await people.replace("people", {"name": "alice", "age": 31}, ["name"])
    await people.replace("people", {"name": "dave", "age": 50}, ["name"])
    assert await people.query("people", [("age", ">=", 31)], ["name", "age"], "name") == [
        ("alice", 31),
        ("carol", 40),
        ("dave", 50),
    ]


async def test_delete(people: Database) -> None:
    assert await people.delete("people", [("age", "<", 35)]) == 1
    assert await people.count("people") == 2


async def test_all_or_nothing(people: Database) -> None:
    with pytest.raises(DbDuplicateError):
        await people.apply([Delete("people", [("name", "carol")]), Insert("people", {"name": "alice"})])
    assert await people.count("people", [("name", "carol")]) == 1
    changed = await people.apply(
        [
            Delete("people", [("name", "carol")]),
            Update("people", [("name", "bob")], {"age": 1}),
            Insert("people", {"name": "erin"}),
            Replace("people", {"name": "erin", "age": 2}, ["name"]),
        ]
    )
    assert changed == 4
    assert await people.query("people", [("name", "erin")], ["age"]) == [(2,)]


async def test_sql_in_values_is_text(people: Database) -> None:
    for evil in ("'; DROP TABLE people; --", 'x" OR "1"="1', "\\'; --", "%s %d ?1 $1", "\N{SNOWMAN} \\"):
        await people.insert("people", {"name": evil[:20]})
        assert await people.query("people", [("name", evil[:20])], ["name"]) == [(evil[:20],)]
    assert await people.count("people") == 8


async def test_octets_that_are_no_text_do_no_harm(people: Database) -> None:
    await people.insert("people", {"name": "a\udcff\0b"})
    assert await people.query("people", [("name", "a\ufffd\ufffdb")], ["name"]) == [("a\ufffd\ufffdb",)]


@pytest.mark.parametrize("name", ["people; DROP TABLE people", "", 'a"b', "a b", "1a", "x" * 65])
async def test_names_are_checked(people: Database, name: str) -> None:
    with pytest.raises(DbRefusedError):
        await people.query(name)
    with pytest.raises(DbRefusedError):
        await people.query("people", [(name, 1)])
    with pytest.raises(DbRefusedError):
        await people.query("people", order=name or "a b c")


async def test_unknown_tables_are_refused_and_the_connection_lives_on(people: Database) -> None:
    for _ in range(3):
        with pytest.raises(DbRefusedError):
            await people.query("nosuchtable")
    assert await people.count("people") == 3


async def test_pages(people: Database) -> None:
    await people.apply([Insert("people", {"name": f"u{number:03}"}) for number in range(97)])
    sizes, names = [], []
    async for page in people.pages("people", [], ["name"], "name", size=30):
        sizes.append(len(page))
        names += [row[0] for row in page]
    assert sizes == [30, 30, 30, 10]
    assert len(set(names)) == 100


async def test_widths_and_tables(people: Database) -> None:
    assert await people.tables() == ["people"]
    expected = {} if people.url.driver == "sqlite" else {"name": 20}
    assert await people.widths("people") == expected
    assert await people.widths("nosuchtable") == {}


async def test_many_at_once(people: Database) -> None:
    found = await asyncio.gather(*(people.query("people", [("name", "alice")], ["age"]) for _ in range(50)))
    assert found == [[(30,)]] * 50


async def test_raw_names_its_columns(people: Database) -> None:
    names, rows = await people.raw("SELECT name AS n, age FROM people WHERE age > 35")
    assert names == ["n", "age"]
    assert rows == [("carol", 40)]
