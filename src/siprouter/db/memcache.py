"""A memcached server, by its text protocol: one connection, over which commands follow one another without waiting.

A command that is not answered in time ends the connection, because nobody knows which answer would belong to which
command then. The next command connects again, but not sooner than RETRY_SECONDS after an attempt that failed:
meanwhile commands fail at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from siprouter.util.errors import SipRouterError

RETRY_SECONDS = 0.5
MAX_KEY = 250
MAX_VALUE = 1 << 20
"""what memcached itself takes, unless it is told otherwise"""
MAX_LINE = 2048
MAX_PENDING = 10_000

Reply = list[bytes]
"""the words of the last line; behind VALUE: the words of that line and the value"""


class MemcacheError(SipRouterError):
    """The server is not there, does not answer, or refuses a command."""


class MemcacheAway(MemcacheError):
    """The server is not there or does not answer: `told` has heard of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value with the flags that it was stored with."""

    value: bytes
    flags: int


class Memcache:
    """One server; `timeout` in seconds. `told(message)` hears once that it is away, and that it is back (None)."""

    def __init__(self, host: str, port: int, timeout: float, told: Callable[[str | None], None]) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout
        self.told = told
        self._link: _Link | None = None
        self._connecting: asyncio.Task[_Link] | None = None
        self._not_before = 0.0
        self._away = ""

    async def get(self, key: bytes) -> Entry | None:
        """The entry, None where there is none. All commands raise MemcacheError."""
        reply = await self._command(b"get %s\r\n" % key)
        if reply == [b"END"]:
            return None
        if len(reply) != 5 or reply[0] != b"VALUE" or reply[1] != key or not reply[2].isdigit():
            raise self._strange(reply)
        return Entry(reply[4], int(reply[2]))

    async def set(self, key: bytes, value: bytes, flags: int, expire: int) -> None:
        """Store, whatever there was."""
        await self._store(b"set", key, value, flags, expire)

    async def add(self, key: bytes, value: bytes, flags: int, expire: int) -> bool:
        """Store where there is no entry; False where there is one."""
        return await self._store(b"add", key, value, flags, expire)

    async def delete(self, key: bytes) -> bool:
        """Forget; False where there was nothing."""
        return await self._expect(b"delete %s\r\n" % key, b"DELETED", b"NOT_FOUND")

    async def touch(self, key: bytes, expire: int) -> bool:
        """Another time to live; False where there is no entry."""
        return await self._expect(b"touch %s %d\r\n" % (key, expire), b"TOUCHED", b"NOT_FOUND")

    async def count(self, key: bytes, amount: int) -> int | None:
        """Add to a number, or take from it (not below 0): the result; None where there is no entry."""
        word = b"incr" if amount >= 0 else b"decr"
        reply = await self._command(b"%s %s %d\r\n" % (word, key, abs(amount)))
        if reply == [b"NOT_FOUND"]:
            return None
        if len(reply) != 1 or not reply[0].isdigit():
            raise self._strange(reply)
        return int(reply[0])

    async def _store(self, word: bytes, key: bytes, value: bytes, flags: int, expire: int) -> bool:
        if len(value) > MAX_VALUE:
            raise MemcacheError(f"a value of {len(value)} octets is too long")
        line = b"%s %s %d %d %d\r\n%s\r\n" % (word, key, flags, expire, len(value), value)
        return await self._expect(line, b"STORED", b"NOT_STORED")

    async def _expect(self, line: bytes, good: bytes, absent: bytes) -> bool:
        reply = await self._command(line)
        if reply not in ([good], [absent]):
            raise self._strange(reply)
        return reply == [good]

    def _strange(self, reply: Reply) -> MemcacheError:
        text = b" ".join(reply)[:80].decode("latin-1")
        return MemcacheError(f"{self.host}:{self.port} answered '{text}'")

    # --- the connection

    async def _command(self, line: bytes) -> Reply:
        try:
            async with asyncio.timeout(self.timeout):
                link = self._link if self._link is not None and self._link.error is None else await self._connect()
                return await link.ask(line)
        except TimeoutError:
            if self._link is not None:
                self._link.close("it did not answer in time")
            raise self._failed(f"no answer within {self.timeout:g} seconds") from None
        except OSError as error:
            raise self._failed(str(error)) from None

    def _failed(self, reason: str) -> MemcacheAway:
        if not self._away:
            self._away = reason
            self.told(f"{self.host}:{self.port}: {reason}")
        return MemcacheAway(f"{self.host}:{self.port}: {reason}")

    async def _connect(self) -> _Link:
        """A new connection; all who want one at the same time share the attempt. Raises OSError."""
        loop = asyncio.get_running_loop()
        if self._connecting is None:
            if loop.time() < self._not_before:
                raise OSError(self._away or "not connected")
            self._not_before = loop.time() + RETRY_SECONDS
            self._connecting = loop.create_task(self._open(loop))
        link = await asyncio.shield(self._connecting)
        if self._away:
            self._away = ""
            self.told(None)
        return link

    async def _open(self, loop: asyncio.AbstractEventLoop) -> _Link:
        try:
            async with asyncio.timeout(self.timeout):
                _, link = await loop.create_connection(_Link, self.host, self.port)
        except TimeoutError:
            raise OSError("cannot connect in time") from None
        finally:
            self._connecting = None
        self._link = link
        self._not_before = 0.0
        return link

    async def close(self) -> None:
        """The end. Commands that wait fail."""
        task = self._connecting
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task
        if self._link is not None:
            self._link.close("closed")


class _Link(asyncio.Protocol):
    """A connection: replies in the order of the commands."""

    def __init__(self) -> None:
        self.error: str | None = None
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._data = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # that of uvloop is no subclass

    def ask(self, line: bytes) -> asyncio.Future[Reply]:
        """Send a command; raises OSError where the connection is gone or too much waits."""
        if self.error is not None:
            raise OSError(self.error)
        if len(self._waiting) >= MAX_PENDING:
            raise OSError("too many commands wait")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(line)
        return future

    def data_received(self, data: bytes) -> None:
        self._data += data
        while self.error is None and (reply := self._take()) is not None:
            if not self._waiting:
                self.close("it spoke without being asked")
                return
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(reply)

    def _take(self) -> Reply | None:
        """The next whole reply."""
        end = self._data.find(b"\r\n")
        if end < 0:
            if len(self._data) > MAX_LINE:
                self.close("it sent a line without end")
            return None
        words = bytes(self._data[:end]).split(b" ")
        if words[0] != b"VALUE":
            del self._data[: end + 2]
            return words
        if len(words) < 4 or not words[3].isdigit() or len(words[3]) > 9:
            self.close("it sent a value without length")
            return None
        start = end + 2
        stop = start + int(words[3])
        if len(self._data) < stop + 7:
            return None
        if self._data[stop : stop + 7] != b"\r\nEND\r\n":
            self.close("it sent a value without end")
            return None
        value = bytes(self._data[start:stop])
        del self._data[: stop + 7]
        return [*words[:4], value]

    def connection_lost(self, error: Exception | None) -> None:
        self.close(str(error) if error else "it closed the connection")

    def close(self, reason: str) -> None:
        """No more commands; those that wait fail."""
        if self.error is None:
            self.error = reason
            self._transport.abort()
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(OSError(self.error))
