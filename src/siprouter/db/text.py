"""db_text: a directory of text files, kept in memory. Changes are in the files when an operation ends."""

from __future__ import annotations

import fnmatch
import operator
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from siprouter.db.errors import DbRefusedError, DbUnavailableError
from siprouter.db.interface import PAGE, Database
from siprouter.db.operations import Delete, Insert, Key, Operation, Replace, check_identifier, key_parts, parse_order
from siprouter.db.options import DriverOptions
from siprouter.db.text_format import TEXTS, TextTable, build_row, build_table, parse_table
from siprouter.db.url import DbUrl
from siprouter.db.values import Row, Value

Test = Callable[[Row], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class _Loaded:
    """A table in memory, and its file when it was read."""

    def __init__(self, table: TextTable, stamp: tuple[int, int]) -> None:
        self.table = table
        self.stamp = stamp
        self.appended: list[Row] = []
        self.changed = False


class TextDatabase(Database):
    """Tables are files in one directory; a file that is not there is no table."""

    immediate = True

    def __init__(self, url: DbUrl, options: DriverOptions) -> None:
        super().__init__(url)
        self.folder = Path(url.database)
        self.options = options
        self._tables: dict[str, _Loaded] = {}

    def _table(self, name: str) -> _Loaded:
        path = self.folder / check_identifier(name)
        found = self._tables.get(name)
        try:
            if found is not None and not (self.options.reload_changed and found.stamp != _stamp(path)):
                return found
            stamp = _stamp(path)
            table = parse_table(path.read_text("utf-8", "surrogateescape"))
        except FileNotFoundError:
            raise DbRefusedError(f"{path}: no such table") from None
        except OSError as error:
            raise DbUnavailableError(f"{path}: {error.strerror}") from None
        except DbRefusedError as error:
            raise DbRefusedError(f"{path}: {error}") from None
        found = self._tables[name] = _Loaded(table, stamp)
        return found

    # --- reading

    async def query(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0
    ) -> list[Row]:
        found = self._table(table).table
        test = _test(found, keys)
        rows = [row for row in found.rows if test(row)]
        for name, falls in reversed(parse_order(order)):
            rows.sort(key=_sort_key(found.index(name)), reverse=falls)
        if limit > 0:
            rows = rows[:limit]
        if not columns:
            return rows
        picked = [found.index(name) for name in columns]
        return [tuple([row[index] for index in picked]) for row in rows]

    async def count(self, table: str, keys: Sequence[Key] = ()) -> int:
        return len(await self.query(table, keys))

    async def pages(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", size: int = PAGE
    ) -> AsyncIterator[list[Row]]:
        rows = await self.query(table, keys, columns, order)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    async def raw(self, statement: str, values: Sequence[Value] = ()) -> tuple[list[str], list[Row]]:
        raise DbRefusedError("text files know no SQL")

    async def widths(self, table: str) -> dict[str, int]:
        return {}

    async def tables(self) -> list[str]:
        try:
            return sorted(path.name for path in self.folder.iterdir() if path.is_file() and "." not in path.name)
        except OSError as error:
            raise DbUnavailableError(f"{self.folder}: {error.strerror}") from None

    # --- writing

    async def apply(self, operations: Sequence[Operation]) -> int:
        kept = {name: list(self._table(name).table.rows) for name in {operation.table for operation in operations}}
        try:
            changed = sum([self._apply_one(operation) for operation in operations])
            for name in kept:
                self._store(name)
        except BaseException:
            for name, rows in kept.items():
                loaded = self._tables[name]
                loaded.table.rows, loaded.appended, loaded.changed = rows, [], False
            raise
        return changed

    def _apply_one(self, operation: Operation) -> int:
        loaded = self._table(operation.table)
        table = loaded.table
        if isinstance(operation, Insert):
            return self._insert(loaded, operation)
        if isinstance(operation, Delete):
            test = _test(table, operation.keys)
            kept = [row for row in table.rows if not test(row)]
            removed = len(table.rows) - len(kept)
            table.rows, loaded.changed = kept, loaded.changed or removed > 0
            return removed
        keys: Sequence[Key]
        if isinstance(operation, Replace):
            keys = [(name, operation.values[name]) for name in operation.unique]
        else:
            keys = operation.keys
        new = {
            table.index(name): table.columns[table.index(name)].convert(value)
            for name, value in operation.values.items()
        }
        test = _test(table, keys)
        changed = 0
        for number, row in enumerate(table.rows):
            if test(row):
                table.rows[number] = tuple([new.get(index, value) for index, value in enumerate(row)])
                changed += 1
        loaded.changed = loaded.changed or changed > 0
        if not changed and isinstance(operation, Replace):
            return self._insert(loaded, Insert(operation.table, operation.values))
        return changed

    def _insert(self, loaded: _Loaded, operation: Insert) -> int:
        table = loaded.table
        for name in operation.values:
            table.index(name)
        row = tuple(
            [
                table.next_auto if column.auto and value is None else column.convert(value)
                for column in table.columns
                for value in (operation.values.get(column.name),)
            ]
        )
        table.note_auto(row)
        table.rows.append(row)
        loaded.appended.append(row)
        return 1

    def _store(self, name: str) -> None:
        """Bring the file up to date: new rows go to its end, anything else makes a new file in the place of the old."""
        loaded = self._tables[name]
        path = self.folder / name
        try:
            if loaded.changed:
                fresh = path.with_name(f".{name}.new")
                fresh.write_text(build_table(loaded.table), "utf-8", "surrogateescape")
                fresh.replace(path)
            elif loaded.appended:
                with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
                    file.write("".join([build_row(loaded.table, row) for row in loaded.appended]))
            loaded.stamp = _stamp(path)
        except OSError as error:
            raise DbUnavailableError(f"{path}: {error.strerror}") from None
        loaded.appended, loaded.changed = [], False

    def close(self) -> None:
        self._tables.clear()


def _stamp(path: Path) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116  # once for each operation
    return status.st_mtime_ns, status.st_size


def _sort_key(index: int) -> Callable[[Row], tuple[bool, Any]]:
    """Nulls come first."""
    return lambda row: (row[index] is not None, row[index])


def _test(table: TextTable, keys: Sequence[Key]) -> Test:
    tests = [_key_test(table, *key_parts(key)) for key in keys]
    return lambda row: all(test(row) for test in tests)


def _key_test(table: TextTable, name: str, comparison: str, value: Value) -> Test:
    index = table.index(name)
    column = table.columns[index]
    if value is None:
        wanted = comparison == "<>"
        return lambda row: (row[index] is not None) == wanted
    if comparison == "like":
        pattern = str(value).replace("[", "[[]").replace("%", "*").replace("_", "?")
        return lambda row: column.kind in TEXTS and row[index] is not None and fnmatch.fnmatchcase(row[index], pattern)
    compare, converted = _COMPARE[comparison], column.convert(value)
    return lambda row: row[index] is not None and compare(row[index], converted)
