"""The instance of memcached."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from siprouter.core.access import PvAccess
from siprouter.core.format import Format
from siprouter.core.values import Value
from siprouter.core.waiting import CannotWait, require_greenlet, wait_here
from siprouter.db.memcache import MAX_KEY, Memcache, MemcacheAway, MemcacheError
from siprouter.util.errors import OperatorError
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.pvars import InnerName
    from siprouter.core.worker import Worker

T = TypeVar("T")

DEFAULT_PORT = 11211
STRING_FLAG = 1
"""what SIP Router marks text with; numbers have no flag"""
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_PLAIN_KEY = re.compile(rb"[!-~\x80-\xff]+")


def parse_server(text: str) -> tuple[str, int]:
    """`host:port`, `host`, `[::1]:port`. Raises OperatorError."""
    match = re.fullmatch(r"\s*(?:\[([^\]]+)\]|([^\s:,;]+))(?::([0-9]{1,5}))?\s*", text)
    port = int(match[3] or DEFAULT_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise OperatorError(f"memcached: servers must be one host:port, found '{text}'", suggestion="localhost:11211")
    return match[1] or match[2], port


def key_octets(text: str) -> bytes:
    """A key as the server takes it: one that is too long, or that could be taken for more than a key, as its MD5."""
    key = to_bytes(text)
    if len(key) < MAX_KEY and _PLAIN_KEY.fullmatch(key):
        return key
    return hashlib.md5(key, usedforsecurity=False).hexdigest().encode()


class Cache:
    """The entries of one server."""

    servers: str
    expire: int
    mode: int
    timeout: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.server: Memcache

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        require_greenlet("memcached")
        host, port = parse_server(self.servers)
        if self.mode not in (0, 1):
            raise OperatorError(f"memcached: mode must be 0 or 1, found {self.mode}")
        for name, least in (("timeout", 1), ("expire", 0)):
            if getattr(self, name) < least:
                raise OperatorError(f"memcached: {name} must be at least {least}, found {getattr(self, name)}")
        self.server = Memcache(host, port, self.timeout / 1000, self._told)

    async def stop(self) -> None:
        """Give up the connection."""
        await self.server.close()

    def _told(self, message: str | None) -> None:
        if message is None:
            self.log.notice("the server is back", source="memcached")
        else:
            self.log.error("the server is away: %s", message, source="memcached")

    # --- variables

    def _key(self, inner: InnerName) -> Callable[[Context], bytes]:
        form: Format = inner.env.parse_format(inner.text, inner.location)
        if form.constant is not None:
            constant = key_octets(form.constant)
            return lambda ctx: constant
        return lambda ctx: key_octets(form.text(ctx))

    def _wait(self, command: Coroutine[Any, Any, T], name: str, otherwise: T) -> T:
        """What a command gives, `otherwise` where it fails."""
        try:
            result: T = wait_here(command)
            return result
        except MemcacheAway as error:
            self.log.info("$%s: %s", name, error, source="memcached")
        except (MemcacheError, CannotWait) as error:
            self.log.error("$%s: %s", name, error, source="memcached")
        return otherwise

    def _getter(self, key: Callable[[Context], bytes]) -> Callable[[Context], Value]:
        return lambda ctx: self._wait(self.read(key(ctx)), "mct", None)

    def entry(self, inner: InnerName) -> PvAccess:
        """$mct(key)"""
        key = self._key(inner)
        return PvAccess(self._getter(key), lambda ctx, value: self._wait(self.write(key(ctx), value), "mct", None))

    def expiry(self, inner: InnerName) -> PvAccess:
        """$mctex(key)"""
        return self._writer(inner, "mctex", self.live)

    def increment(self, inner: InnerName) -> PvAccess:
        """$mcinc(key)"""
        return self._writer(inner, "mcinc", self.add)

    def decrement(self, inner: InnerName) -> PvAccess:
        """$mcdec(key)"""
        return self._writer(inner, "mcdec", lambda key, amount: self.add(key, -amount))

    def _writer(
        self, inner: InnerName, name: str, command: Callable[[bytes, int], Coroutine[Any, Any, None]]
    ) -> PvAccess:
        """One that reads as the entry, and whose values are numbers."""
        key = self._key(inner)

        def write(ctx: Context, value: Value) -> None:
            if not isinstance(value, int) or value < 0:
                self.log.error("$%s takes numbers from 0 on, found '%s'", name, value, source="memcached")
                return
            self._wait(command(key(ctx), value), name, None)

        return PvAccess(self._getter(key), write)

    # --- commands

    async def read(self, key: bytes) -> Value:
        """The value of an entry: text, or a number where it was stored as one. Raises MemcacheError."""
        entry = await self.server.get(key)
        if entry is None:
            return None
        text = to_str(entry.value)
        if entry.flags & STRING_FLAG:
            return text
        number = text.strip()
        if not _NUMBER.fullmatch(number):
            raise MemcacheError(f"the entry is no number: '{text[:32]}'")
        return int(number)

    async def write(self, key: bytes, value: Value) -> None:
        """Store a value, or remove the entry for None. Raises MemcacheError."""
        if value is None:
            if not await self.server.delete(key):
                self.log.info("there is no entry to remove", source="memcached")
            return
        flags = STRING_FLAG if isinstance(value, str) else 0
        octets = to_bytes(str(value))
        if not self.mode:
            await self.server.set(key, octets, flags, self.expire)
        elif not await self.server.add(key, octets, flags, self.expire):
            raise MemcacheError("the entry is there already, and mode 1 does not overwrite")

    async def live(self, key: bytes, seconds: int) -> None:
        """Let an entry live so long from now on. Raises MemcacheError."""
        if not await self.server.touch(key, seconds):
            raise MemcacheError("there is no such entry")

    async def add(self, key: bytes, amount: int) -> None:
        """Add to a number. Raises MemcacheError."""
        entry = await self.server.get(key)
        if entry is not None and entry.flags & STRING_FLAG:
            raise MemcacheError("the entry is text, not a number")
        if entry is None or await self.server.count(key, amount) is None:
            raise MemcacheError("there is no such entry")
