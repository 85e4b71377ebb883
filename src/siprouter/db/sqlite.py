"""SQLite, in process: an operation costs microseconds and never waits."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from siprouter.db.errors import DbDuplicateError, DbError, DbRefusedError, DbUnavailableError
from siprouter.db.interface import PAGE, Database
from siprouter.db.operations import Key, Operation, Replace
from siprouter.db.sql import Dialect, Statement
from siprouter.db.url import DbUrl
from siprouter.db.values import TIME_FORMAT, Row, Value, clean

IN_MEMORY = ":memory:"
BUSY_TIME = 0.25
"""seconds that a write may wait for another process; nothing else runs meanwhile"""

_TRANSIENT = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
_TABLES = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"


class SqliteDatabase(Database):
    """One file, opened at the first use. The file must be there: `siprouter db create` makes it."""

    immediate = True

    def __init__(self, url: DbUrl, create: bool = False) -> None:
        super().__init__(url)
        self.dialect = Dialect("`", "?")  # the name of a missing column in double quotes would be a text
        self._create = create
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The open file. Raises DbUnavailableError."""
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        path = self.url.database
        if path != IN_MEMORY and not self._create and not Path(path).exists():
            raise DbUnavailableError(f"{path}: no such file (siprouter db create {self.url.safe})")
        try:
            connection = sqlite3.connect(path, timeout=BUSY_TIME, isolation_level=None, cached_statements=512)
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            raise DbUnavailableError(f"{path}: {error}") from None
        return connection

    def execute(self, statement: Statement) -> sqlite3.Cursor:
        """Run one statement. Raises DbError."""
        text, values = statement
        try:
            return self.connection.execute(text, [_bind(value) for value in values])
        except (sqlite3.Error, OverflowError) as error:
            raise _translate(error) from None

    async def query(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0
    ) -> list[Row]:
        cursor = self.execute(self.dialect.select(table, keys, columns, order, limit))
        try:
            return cursor.fetchall()
        except sqlite3.Error as error:
            raise _translate(error) from None

    async def count(self, table: str, keys: Sequence[Key] = ()) -> int:
        return int(self.execute(self.dialect.count(table, keys)).fetchone()[0])

    async def pages(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", size: int = PAGE
    ) -> AsyncIterator[list[Row]]:
        cursor = self.execute(self.dialect.select(table, keys, columns, order))
        while rows := cursor.fetchmany(size):
            yield rows

    async def apply(self, operations: Sequence[Operation]) -> int:
        if len(operations) == 1 and not isinstance(operations[0], Replace):
            return max(self.execute(self.dialect.statements(operations[0])[0]).rowcount, 0)
        self.execute(("BEGIN IMMEDIATE", ()))
        try:
            changed = sum([self._apply_one(operation) for operation in operations])
            self.execute(("COMMIT", ()))
        except BaseException:
            if self.connection.in_transaction:
                self.connection.rollback()
            raise
        return changed

    def _apply_one(self, operation: Operation) -> int:
        for statement in self.dialect.statements(operation):
            changed = max(self.execute(statement).rowcount, 0)
            if changed:
                return changed
        return 0

    async def raw(self, statement: str, values: Sequence[Value] = ()) -> tuple[list[str], list[Row]]:
        cursor = self.execute((statement, tuple([clean(value) for value in values])))
        names = [item[0] for item in cursor.description or ()]
        try:
            return names, cursor.fetchall()
        except sqlite3.Error as error:
            raise _translate(error) from None

    async def widths(self, table: str) -> dict[str, int]:
        return {}

    async def tables(self) -> list[str]:
        return [row[0] for row in self.execute((_TABLES, ())).fetchall()]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _bind(value: Value) -> None | int | float | str | bytes:
    return value.strftime(TIME_FORMAT) if isinstance(value, datetime) else value


def _translate(error: Exception) -> DbError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CONSTRAINT and "UNIQUE" in str(error):
        return DbDuplicateError(str(error))
    if code in _TRANSIENT:
        return DbUnavailableError(str(error))
    return DbRefusedError(str(error))
