"""SQL text: names quoted, values left out."""

from __future__ import annotations

import pytest

from siprouter.db.errors import DbRefusedError
from siprouter.db.operations import Delete, Insert, Replace, Update
from siprouter.db.sql import Dialect


def test_each_dialect_has_its_marks_and_quotes() -> None:
    keys = [("A", 1), ("b", ">=", 2), ("c", None), ("d", "!=", None)]
    assert Dialect('"', "?").select("t", keys, ["x"], "y desc, z", 5) == (
        (
            'SELECT "x" FROM "t" WHERE "A" = ? AND "b" >= ? AND "c" IS NULL AND "d" IS NOT NULL'
            ' ORDER BY "y" DESC, "z" LIMIT 5'
        ),
        (1, 2),
    )
    assert Dialect('"', "$", folds=True).select("S.T", keys[:2])[0] == (
        'SELECT * FROM "s"."t" WHERE "a" = $1 AND "b" >= $2'
    )
    assert Dialect("`", "%s").update("t", [("k", 1)], {"v": 2}) == ("UPDATE `t` SET `v` = %s WHERE `k` = %s", (2, 1))
    assert Dialect('"', "$").update("t", [("k", 1)], {"v": 2})[0] == 'UPDATE "t" SET "v" = $1 WHERE "k" = $2'


def test_a_text_that_is_kept_fits_its_shape_alone() -> None:
    dialect = Dialect('"', "?")
    shapes = [
        [("a", 1)],
        [("a", None)],
        [("a", "<", 1)],
        [("a", "<>", None)],
        [("b", 1)],
        [("a", 1), ("b", 1)],
    ]
    first = [dialect.select("t", keys) for keys in shapes]
    again = [dialect.select("t", keys) for keys in shapes]
    assert first == again
    assert len({text for text, _ in first}) == len(shapes)
    assert dialect.select("t", [("a", "x\0y")]) == ('SELECT * FROM "t" WHERE "a" = ?', ("x\ufffdy",))
    assert dialect.select("t", [("a", 1)], limit=1)[0] != dialect.select("t", [("a", 1)])[0]


def test_operations() -> None:
    dialect = Dialect('"', "?")
    assert dialect.statements(Insert("t", {"a": 1})) == [('INSERT INTO "t" ("a") VALUES (?)', (1,))]
    assert dialect.statements(Delete("t", [])) == [('DELETE FROM "t"', ())]
    assert dialect.statements(Update("t", [], {"a": 1})) == [('UPDATE "t" SET "a" = ?', (1,))]
    assert [text for text, _ in dialect.statements(Replace("t", {"a": 1, "b": 2}, ["a"]))] == [
        'UPDATE "t" SET "b" = ? WHERE "a" = ?',
        'INSERT INTO "t" ("a", "b") VALUES (?, ?)',
    ]


@pytest.mark.parametrize("keys", [[("a;b", 1)], [("a", "; DROP", 1)], [("a", "= 1 OR 1 =", 1)]])
def test_what_is_no_name_or_comparison_is_refused(keys: list) -> None:
    dialect = Dialect('"', "?")
    for _ in range(2):
        with pytest.raises(DbRefusedError):
            dialect.select("t", keys)
