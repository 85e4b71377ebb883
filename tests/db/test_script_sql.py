"""SQL with variables in it, on each database: whatever the variables contain is a value, never SQL."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.db.errors import DbError, DbRefusedError
from siprouter.db.interface import Database
from siprouter.db.script_sql import dialect_of, parse_script_sql, run
from siprouter.db.sql import Dialect
from siprouter.util.errors import NOWHERE, OperatorError
from tests.support.fakes import context, make_worker

HOSTILE = [
    "bob",
    "' OR '1'='1",
    "x'; DROP TABLE people; --",
    'x" OR ""="',
    "\\' OR 1=1 --",
    "\\",
    "100%",
    "a%sb%%c",
    "$1 ? ?1 :a @b",
    "/* */ -- #",
    "Zoë\N{SNOWMAN}",
]


class Script:
    """A context whose $var(a), $var(b) … a test sets."""

    def __init__(self) -> None:
        self.worker = make_worker("pv", "textops")
        self.env = LoadEnv(self.worker)
        self.ctx: Context = context(self.worker)

    def set(self, **values: str | int | None) -> None:
        for name, value in values.items():
            access = self.env.parse_pvar(f"$var({name})")
            assert access.set is not None
            access.set(self.ctx, value)

    async def run(self, database: Database, text: str, **values: str | int | None) -> list[tuple[object, ...]]:
        self.set(**values)
        parsed = parse_script_sql(text, self.env, NOWHERE, dialect_of(database))
        return (await run(database, parsed, self.ctx))[1]

    def render(self, text: str, mark: str = "?", **values: str | int | None) -> tuple[str, list[object]]:
        self.set(**values)
        dialect = Dialect("`" if mark == "%s" else '"', mark)
        sql, found = parse_script_sql(text, self.env, NOWHERE, dialect).render(self.ctx)
        return sql, list(found)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def people(database: Database) -> Database:
    await database.raw("CREATE TABLE people (name VARCHAR(64), age INTEGER, born TIMESTAMP NULL)")
    await database.insert("people", {"name": "other", "age": 7})
    return database


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_value_is_never_sql(people: Database, script: Script, value: str) -> None:
    await script.run(people, "INSERT INTO people (name, age) VALUES ('$var(a)', $var(b))", a=value, b=42)
    assert await script.run(people, "SELECT age, name FROM people WHERE name = '$var(a)'", a=value) == [(42, value)]
    assert await script.run(people, "SELECT age FROM people WHERE name = $var(a)", a=value) == [(42,)]
    assert await script.run(people, "SELECT age FROM people WHERE name LIKE '$var(a)%' AND age > 41") in ([(42,)], [])
    assert await people.count("people") == 2


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_where_a_name_is_wanted_nothing_else_goes(people: Database, script: Script, value: str) -> None:
    for text in ("SELECT * FROM $var(a)", "SELECT age FROM peo$var(a)", "UPDATE $var(a) SET age = 1"):
        with pytest.raises(DbError):
            await script.run(people, text, a=value)
    assert await people.query("people", columns=["age"]) == [(7,)]


async def test_names_numbers_and_counts(people: Database, script: Script) -> None:
    assert await script.run(people, "SELECT $var(a) FROM $var(b)", a="name, age", b="people") == [("other", 7)]
    ordered = "SELECT name FROM peo$var(a) ORDER BY $var(b)"
    assert await script.run(people, ordered, a="ple", b="age desc") == [("other",)]
    assert await script.run(people, "SELECT name FROM people WHERE age = $var(a)", a="7") == [("other",)]
    assert await script.run(people, "SELECT name FROM people WHERE age IN ($var(a))", a="5, 6,7") == [("other",)]
    assert await script.run(people, "SELECT name FROM people LIMIT $var(a)", a="1") == [("other",)]
    with pytest.raises(DbRefusedError, match="a number is wanted"):
        await script.run(people, "SELECT name FROM people LIMIT $var(a)", a="1; DROP TABLE people")


async def test_a_whole_statement_of_the_script(people: Database, script: Script) -> None:
    assert await script.run(people, "$var(a)", a="SELECT name FROM people") == [("other",)]
    with pytest.raises(DbError):
        await script.run(people, "$var(a)", a="SELECT name FROM people; DROP TABLE people")
    assert await people.count("people") == 1


async def test_values_with_percent_and_quotes_in_the_statement(people: Database, script: Script) -> None:
    text = "SELECT name FROM people WHERE name LIKE '%the%' AND name <> 'it''s' AND age = $var(a)"
    assert await script.run(people, text, a=7) == [("other",)]
    assert await script.run(people, "SELECT name FROM people WHERE name LIKE '%$var(a)%'", a="the") == [("other",)]


async def test_null_is_null(people: Database, script: Script) -> None:
    await script.run(people, "UPDATE people SET age = $avp(s:none)")
    assert await people.query("people", columns=["age"]) == [(None,)]


def test_escaping_is_taken_off(script: Script) -> None:
    assert script.render("a = '$(var(a){s.escape.common})'", a="O'Hara") == ("a = ?", ["O'Hara"])


def test_strings_of_each_database(script: Script) -> None:
    assert script.render('x = "a$var(a)"', "%s", a="b") == ("x = %s", ["ab"])
    assert script.render("x = 'a\\'$var(a)\\n\\%'", "%s", a="b") == ("x = %s", ["a'b\n\\%"])
    assert script.render("x = 'a\\$var(a)'", a="b") == ("x = ?", ["a\\b"])
    assert script.render("x = 'it''s $var(a)' AND y = '$var(a)'", "$", a="b") == ("x = $1 AND y = $2", ["it's b", "b"])
    assert script.render('x = "c$var(a)"', "$", a="b") == ('x = "cb"', [])
    assert script.render("now() - interval '$var(a) days'", "$", a=3) == (
        "now() - CAST(CAST($1 AS text) AS interval)",
        ["3 days"],
    )
    assert script.render("a % 2 = $var(a)", "%s", a=1) == ("a %% 2 = %s", [1])
    assert script.render("a % 2 = 1", "%s") == ("a % 2 = 1", [])
    assert script.render("SELECT 1 -- $var(a)\n, 2 /* '$var(a)' */", a="x") == ("SELECT 1  , 2  ", [])
    assert script.render("`t$var(a)`", "%s", a="x") == ("`tx`", [])


@pytest.mark.parametrize("text", ["a = 'open $var(a)", 'a = "open', "E'x$var(a)'", "a = $nothing"])
def test_what_is_no_statement(script: Script, text: str) -> None:
    with pytest.raises(OperatorError):
        script.render(text, "$")
