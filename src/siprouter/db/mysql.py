"""MySQL and MariaDB, by asyncmy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncmy
from asyncmy import errors
from asyncmy.constants.CLIENT import FOUND_ROWS
from asyncmy.constants.COMMAND import COM_SET_OPTION
from asyncmy.cursors import SSCursor

from siprouter.db.errors import DbDuplicateError, DbError, DbRefusedError, DbUnavailableError
from siprouter.db.options import DriverOptions
from siprouter.db.pool import Link, Pool
from siprouter.db.server import ServerDatabase
from siprouter.db.sql import Dialect, Statement
from siprouter.db.url import DbUrl
from siprouter.db.values import Row
from siprouter.util.log import Log

_WIDTHS = (
    "SELECT column_name, character_maximum_length FROM information_schema.columns WHERE table_schema = DATABASE() "
    "AND table_name = %s AND character_maximum_length IS NOT NULL AND character_maximum_length < 65535"
)
MAX_PREPARED = 200
# As servers were in the time of 3.1: a text that is too long for its column is cut off, rather than the row refused.
# Warnings, of which the driver would ask for the texts and write them to a log of its own, are not kept.
SESSION = "SET SESSION sql_mode = '', SESSION max_error_count = 0"
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
# The driver asks for several statements in one text, which nothing here needs and which is what injected SQL lives on.
ONE_STATEMENT = b"\x01\x00"

DUPLICATE = (1022, 1062, 1586)
# lost or refused connections, time-outs, deadlocks, read-only and stopping servers
TRANSIENT = (1040, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1290, 1317, 1927, 2002, 2003, 2006, 2013, 2014, 2055)
NOT_STARTED = (1040, 1203, 1205, 1213, 1290, 2002, 2003)


class MysqlDatabase(ServerDatabase):
    """Statements are prepared on the server; a `%` in the operator's own SQL is one where there are no values."""

    def __init__(self, url: DbUrl, options: DriverOptions, log: Log) -> None:
        async def connect() -> Link:
            return await open_link(url, options)

        super().__init__(url, Dialect("`", "%s"), Pool(url.safe, connect, options, log))

    async def widths(self, table: str) -> dict[str, int]:
        rows = await self._read((_WIDTHS, (table.rpartition(".")[2],)))
        return {str(name): int(width) for name, width in rows}

    async def tables(self) -> list[str]:
        return sorted(str(row[0]) for row in await self._read((_TABLES, ())))


async def open_link(url: DbUrl, options: DriverOptions) -> Link:
    """A new connection. Raises DbError or OSError."""
    try:
        connection: Any = await asyncmy.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.user or None,
            password=url.password,
            database=url.database,
            charset="utf8mb4",
            autocommit=True,
            client_flag=FOUND_ROWS,
            stmt_cache_size=MAX_PREPARED,
            init_command=SESSION,
            connect_timeout=int(options.connect_timeout) or 60,
        )
        await connection._execute_command(COM_SET_OPTION, ONE_STATEMENT)
        await connection.read_packet()
    except errors.MySQLError as error:
        raise DbUnavailableError(_text(error)) from None
    return MysqlLink(connection)


class MysqlLink(Link):
    """One connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @property
    def closed(self) -> bool:
        return not self.connection.connected or bool(self.connection._stream_broken)  # its own pool asks so, too

    async def _run(self, statement: Statement) -> Any:
        text, values = statement
        cursor = self.connection.cursor()
        try:
            await cursor.execute(text, values or None)
        except (errors.MySQLError, OSError, EOFError, RuntimeError, asyncio.IncompleteReadError) as error:
            raise _translate(error) from None
        return cursor

    async def fetch(self, statement: Statement) -> tuple[list[str], list[Row]]:
        cursor = await self._run(statement)
        names = [item[0] for item in cursor.description or ()]
        return names, [tuple(row) for row in await cursor.fetchall()] if names else []

    async def execute(self, statement: Statement) -> int:
        cursor = await self._run(statement)
        return max(int(cursor.rowcount), 0)

    async def transact(self, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
        await self._run(("START TRANSACTION", ()))
        try:
            result = await work()
        except DbRefusedError:
            await self._run(("ROLLBACK", ()))
            raise
        await self._run(("COMMIT", ()))
        return result

    async def pages(self, statement: Statement, size: int) -> AsyncIterator[list[Row]]:
        text, values = statement
        cursor = self.connection.cursor(cursor=SSCursor)
        try:
            await cursor.execute(text, values or None)
            while rows := await cursor.fetchmany(size):
                yield [tuple(row) for row in rows]
            await cursor.close()
        except (errors.MySQLError, OSError, EOFError, RuntimeError, asyncio.IncompleteReadError) as error:
            raise _translate(error) from None

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self.connection.ping(reconnect=False)
        except (errors.MySQLError, OSError, EOFError, RuntimeError) as error:
            raise _translate(error) from None

    def close(self) -> None:
        self.connection.close()


def _number(error: BaseException) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _text(error: BaseException) -> str:
    return str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__


def _translate(error: BaseException) -> DbError:
    number = _number(error)
    if number in DUPLICATE:
        return DbDuplicateError(_text(error))
    if not isinstance(error, errors.MySQLError) or number in TRANSIENT or isinstance(error, errors.InterfaceError):
        return DbUnavailableError(_text(error), in_doubt=number not in NOT_STARTED)
    return DbRefusedError(_text(error))
