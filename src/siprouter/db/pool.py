"""Connections to one server: bounded, made when needed, with a back-off while the server is away."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from siprouter.db.errors import DbError, DbRefusedError, DbUnavailableError
from siprouter.db.options import DriverOptions
from siprouter.db.sql import Statement
from siprouter.db.values import Row
from siprouter.util.log import Log

FIRST_DELAY = 0.5
LONGEST_DELAY = 15.0
MAX_WAITING = 5_000


class Link(ABC):
    """One connection. What goes wrong is raised as the errors of `db/errors.py`."""

    idle_since = 0.0

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether the other side is known to have gone."""

    @abstractmethod
    async def fetch(self, statement: Statement) -> tuple[list[str], list[Row]]:
        """Names of columns, and rows."""

    @abstractmethod
    async def execute(self, statement: Statement) -> int:
        """How many rows matched."""

    @abstractmethod
    async def transact(self, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
        """Run `work` in a transaction."""

    @abstractmethod
    def pages(self, statement: Statement, size: int) -> AsyncIterator[list[Row]]:
        """Rows, up to `size` at a time."""

    @abstractmethod
    async def ping(self) -> None:
        """Find out whether the connection still works."""

    @abstractmethod
    def close(self) -> None:
        """At once, without a farewell."""


class Pool:
    """Hands out connections. While the server cannot be reached, `link` fails at once and now and then tries anew."""

    def __init__(
        self, name: str, connect: Callable[[], Coroutine[Any, Any, Link]], options: DriverOptions, log: Log
    ) -> None:
        self.name = name
        self.options = options
        self.log = log
        self._connect = connect
        self._idle: deque[Link] = deque()
        self._used: set[Link] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._opening = 0
        self._delay = 0.0
        self._down_until = 0.0
        self._reason = ""
        self._closed = False
        self._broke = False

    @property
    def is_down(self) -> bool:
        """Whether the last attempt to connect failed."""
        return self._delay > 0

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """A connection for one piece of work; one that broke is not used again. Raises DbUnavailableError."""
        link = await self._take()
        try:
            yield link
        except DbRefusedError:
            self._give_back(link)
            raise
        except BaseException as error:
            self._broke = self._broke or isinstance(error, DbUnavailableError)
            self._drop(link)
            raise
        else:
            self._give_back(link)

    async def _take(self) -> Link:
        if self._closed:
            raise DbUnavailableError(f"database {self.name} is closed")
        while True:
            while self._idle:
                link = self._idle.pop()
                self._used.add(link)
                if await self._is_usable(link):
                    return link
                self._broke = True
                self._drop(link)
            if len(self._used) + self._opening < self.options.pool_size:
                return await self._open()
            await self._wait()

    async def _is_usable(self, link: Link) -> bool:
        if link.closed:
            return False
        if self.options.ping_after and asyncio.get_running_loop().time() - link.idle_since > self.options.ping_after:
            try:
                await link.ping()
            except DbError:
                return False
            except BaseException:
                self._drop(link)
                raise
        return True

    async def _open(self) -> Link:
        loop = asyncio.get_running_loop()
        if self._broke and not self.options.reconnect:
            raise DbUnavailableError(f"database {self.name}: its connection broke, and connecting again is turned off")
        if self._delay and (self._opening or loop.time() < self._down_until):
            raise DbUnavailableError(f"database {self.name} is not reachable: {self._reason}")
        self._opening += 1
        try:
            async with asyncio.timeout(self.options.connect_timeout or None):
                link = await self._connect()
        except (DbError, OSError) as error:  # TimeoutError is an OSError
            self._failed(loop.time(), str(error) or f"no answer within {self.options.connect_timeout:g} s")
            raise DbUnavailableError(f"database {self.name} is not reachable: {self._reason}") from None
        finally:
            self._opening -= 1
            self._wake()
        if self._closed:
            link.close()
            raise DbUnavailableError(f"database {self.name} is closed")
        if self._delay:
            self.log.notice("database %s is reachable again", self.name, source="db")
            self._delay = 0.0
        self._used.add(link)
        return link

    def _failed(self, now: float, reason: str) -> None:
        if not self._delay:
            self.log.error("database %s is not reachable: %s", self.name, reason, source="db")
        self._reason = reason
        self._delay = min(self._delay * 2, LONGEST_DELAY) if self._delay else FIRST_DELAY
        self._down_until = now + self._delay

    async def _wait(self) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise DbUnavailableError(f"database {self.name}: {MAX_WAITING} operations wait already")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self.options.statement_timeout or None):
                await turn
        except TimeoutError:
            raise DbUnavailableError(f"database {self.name}: no connection was free in time") from None
        finally:
            if not turn.done() or turn.cancelled():
                if turn in self._waiting:
                    self._waiting.remove(turn)

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _give_back(self, link: Link) -> None:
        self._used.discard(link)
        if self._closed or link.closed:
            self._broke = True
            link.close()
        else:
            link.idle_since = asyncio.get_running_loop().time()
            self._idle.append(link)
        self._wake()

    def _drop(self, link: Link) -> None:
        self._used.discard(link)
        link.close()
        self._wake()

    def close(self) -> None:
        """Close all connections; operations that wait for one fail."""
        self._closed = True
        for link in (*self._idle, *self._used):
            link.close()
        self._idle.clear()
        while self._waiting:
            self._wake()


async def run_statements(link: Link, groups: Sequence[list[Statement]]) -> int:
    """Run groups of statements; the second one of a group only where the first one matched no row."""
    changed = 0
    for group in groups:
        for statement in group:
            matched = await link.execute(statement)
            changed += matched
            if matched:
                break
    return changed
