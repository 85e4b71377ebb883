"""What the databases that are servers have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from siprouter.db.errors import DbError, DbUnavailableError
from siprouter.db.interface import PAGE, Database
from siprouter.db.operations import Key, Operation, Replace
from siprouter.db.pool import Link, Pool, run_statements
from siprouter.db.sql import Dialect, Statement
from siprouter.db.url import DbUrl
from siprouter.db.values import Row, Value, clean

T = TypeVar("T")


class ServerDatabase(Database):
    """Operations over a pool of connections. Reads that fail with a connection are tried again on another one."""

    def __init__(self, url: DbUrl, dialect: Dialect, pool: Pool) -> None:
        super().__init__(url)
        self.dialect = dialect
        self.pool = pool

    async def query(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0
    ) -> list[Row]:
        return await self._read(self.dialect.select(table, keys, columns, order, limit))

    async def count(self, table: str, keys: Sequence[Key] = ()) -> int:
        rows = await self._read(self.dialect.count(table, keys))
        return int(rows[0][0])

    async def pages(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", size: int = PAGE
    ) -> AsyncIterator[list[Row]]:
        statement = self.dialect.select(table, keys, columns, order)
        async with self.pool.link() as link:
            async for page in link.pages(statement, size):
                yield page

    async def apply(self, operations: Sequence[Operation]) -> int:
        groups = [self.dialect.statements(operation) for operation in operations]
        if not groups:
            return 0

        async def work(link: Link) -> int:
            if len(groups) == 1 and not isinstance(operations[0], Replace):
                return await run_statements(link, groups)
            return await link.transact(lambda: run_statements(link, groups))

        return await self._run(work, 0)

    async def raw(self, statement: str, values: Sequence[Value] = ()) -> tuple[list[str], list[Row]]:
        given: Statement = (statement, tuple([clean(value) for value in values]))
        return await self._run(lambda link: link.fetch(given), 0)

    async def _read(self, statement: Statement) -> list[Row]:
        _, rows = await self._run(lambda link: link.fetch(statement), self.pool.options.retries)
        return rows

    async def _run(self, work: Callable[[Link], Awaitable[T]], retries: int) -> T:
        try:
            return await self._try(work, retries)
        except DbError:
            if self.pool.options.on_error is not None:
                self.pool.options.on_error()
            raise

    async def _try(self, work: Callable[[Link], Awaitable[T]], retries: int) -> T:
        while True:
            async with self.pool.link() as link:
                try:
                    async with asyncio.timeout(self.pool.options.statement_timeout or None):
                        return await work(link)
                except TimeoutError:
                    failure = DbUnavailableError(f"database {self.url.safe}: no answer in time", in_doubt=True)
                except DbUnavailableError as error:
                    failure = error
                link.close()
            if retries <= 0:
                raise failure
            retries -= 1

    def close(self) -> None:
        self.pool.close()
