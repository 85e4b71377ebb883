"""PostgreSQL, by asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from typing import Any

import asyncpg

from siprouter.db.errors import DbDuplicateError, DbError, DbRefusedError, DbUnavailableError
from siprouter.db.options import DriverOptions
from siprouter.db.pool import Link, Pool
from siprouter.db.server import ServerDatabase
from siprouter.db.sql import Dialect, Statement
from siprouter.db.url import DbUrl
from siprouter.db.values import Row, to_epoch, to_text
from siprouter.util.log import Log

MAX_PREPARED = 500

_WIDTHS = (
    "SELECT column_name::text, character_maximum_length::int FROM information_schema.columns "
    "WHERE table_name = $1 AND table_schema = ANY (current_schemas(false)) AND character_maximum_length IS NOT NULL"
)
_TABLES = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false))"


class PostgresDatabase(ServerDatabase):
    """Text of any type is taken for a column and converted, as the C library does."""

    def __init__(self, url: DbUrl, options: DriverOptions, log: Log) -> None:
        async def connect() -> Link:
            return await open_link(url, options)

        super().__init__(url, Dialect('"', "$", folds=True), Pool(url.safe, connect, options, log))

    async def widths(self, table: str) -> dict[str, int]:
        rows = await self._read((_WIDTHS, (table.rpartition(".")[2].lower(),)))
        return {name: int(width) for name, width in rows}

    async def tables(self) -> list[str]:
        return sorted(row[0] for row in await self._read((_TABLES, ())))


async def open_link(url: DbUrl, options: DriverOptions) -> Link:
    """A new connection. Raises DbError or OSError."""
    try:
        connection = await asyncpg.connect(
            host=url.host,
            port=url.port or None,
            user=url.user or None,
            password=url.password or None,
            database=url.database,
            timeout=options.connect_timeout or 60,
            statement_cache_size=0,
            server_settings={"application_name": "siprouter"},
        )
    except asyncpg.PostgresError as error:
        raise DbUnavailableError(str(error).partition("\n")[0]) from None
    return PostgresLink(connection)


class PostgresLink(Link):
    """One connection with its prepared statements. The server tells the type of each value, values are made so."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._prepared: dict[str, tuple[Any, list[Callable[[Any], Any]]]] = {}

    @property
    def closed(self) -> bool:
        return bool(self.connection.is_closed())

    async def _prepare(self, text: str) -> tuple[Any, list[Callable[[Any], Any]]]:
        found = self._prepared.get(text)
        if found is None:
            prepared = await self.connection.prepare(text)
            found = prepared, [_converter(kind.name) for kind in prepared.get_parameters()]
            if len(self._prepared) >= MAX_PREPARED:
                self._prepared.clear()
            self._prepared[text] = found
        return found

    async def _run(self, statement: Statement) -> tuple[Any, list[Any]]:
        text, values = statement
        prepared, converters = await self._prepare(text)
        if len(converters) != len(values):
            raise DbRefusedError(f"{len(values)} values for {len(converters)} marks")
        arguments = [
            None if value is None else convert(value) for convert, value in zip(converters, values, strict=True)
        ]
        return prepared, await prepared.fetch(*arguments)

    async def _guard(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            self._prepared.clear()  # a plan may have become stale: the next try makes it anew
            raise _translate(error) from None

    async def fetch(self, statement: Statement) -> tuple[list[str], list[Row]]:
        prepared, records = await self._guard(self._run(statement))
        return [item.name for item in prepared.get_attributes() or ()], [tuple(record) for record in records]

    async def execute(self, statement: Statement) -> int:
        prepared, _ = await self._guard(self._run(statement))
        words = prepared.get_statusmsg().split()
        return int(words[-1]) if words and words[-1].isdigit() else 0

    async def transact(self, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
        async def within() -> int:
            async with self.connection.transaction():
                return await work()

        result: int = await self._guard(within())
        return result

    async def pages(self, statement: Statement, size: int) -> AsyncIterator[list[Row]]:
        text, values = statement
        prepared, converters = await self._guard(self._prepare(text))
        arguments = [None if value is None else make(value) for make, value in zip(converters, values, strict=True)]
        try:
            async with self.connection.transaction(readonly=True):
                cursor = await prepared.cursor(*arguments)
                while records := await cursor.fetch(size):
                    yield [tuple(record) for record in records]
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise _translate(error) from None

    async def ping(self) -> None:
        async with asyncio.timeout(2):
            await self._guard(self.connection.execute("SELECT 1"))

    def close(self) -> None:
        self.connection.terminate()


def _translate(error: Exception) -> DbError:
    text = str(error).partition("\n")[0] or type(error).__name__
    if isinstance(error, asyncpg.UniqueViolationError):
        return DbDuplicateError(text)
    if isinstance(error, (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, OSError)):
        return DbUnavailableError(text, in_doubt=True)
    busy = (asyncpg.InsufficientResourcesError, asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
    if isinstance(error, busy):
        return DbUnavailableError(text)
    if isinstance(error, asyncpg.InterfaceError) and "closed" in text:
        return DbUnavailableError(text, in_doubt=True)
    return DbRefusedError(text)


def _as_time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromtimestamp(to_epoch(value))  # noqa: DTZ006  # local


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else to_text(value).encode("utf-8", "surrogateescape")


def _as_is(value: Any) -> Any:
    return value


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "char", "name", "unknown", "citext"), to_text),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), int),
    **dict.fromkeys(("float4", "float8"), float),
    **dict.fromkeys(("timestamp", "timestamptz"), _as_time),
    "bool": bool,
    "bytea": _as_bytes,
}


def _converter(kind: str) -> Callable[[Any], Any]:
    return _CONVERTERS.get(kind, _as_is)
