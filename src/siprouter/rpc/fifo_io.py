"""FIFOs in the file system: one that requests come from, and the ones that replies go to. Nothing here blocks."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Awaitable, Callable

from siprouter.rpc.fifo import FifoError, FifoReader, FifoRequest
from siprouter.rpc.owner import Ownership, identity_of, remove_own, remove_stale
from siprouter.util.log import Log

REST_TIMEOUT = 5.0
"""seconds that the rest of a request may take to come; its writer has gone when they have passed"""
REPLY_RETRIES = 4
REPLY_WAIT = 0.08
"""a client gets REPLY_RETRIES times REPLY_WAIT seconds to open its reply FIFO"""
WRITE_TIMEOUT = 5.0
_CHUNK = 65536

Handler = Callable[[FifoRequest | FifoError], Awaitable[None]]


class FifoListener:
    """Creates a FIFO and hands each request from it to `handler`, one after the other."""

    def __init__(self, path: str, ownership: Ownership, handler: Handler, log: Log) -> None:
        self.path = path
        self._ownership = ownership
        self._handler = handler
        self._log = log
        self._read_end = -1
        self._write_end = -1
        self._identity: tuple[int, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self._readable = asyncio.Event()

    async def open(self) -> None:
        """Create the FIFO and start to read. Raises OSError."""
        remove_stale(self.path)
        os.mkfifo(self.path, self._ownership.mode & 0o600)
        self._identity = identity_of(self.path)
        try:
            self._ownership.apply(self.path)
            self._read_end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            # A writer of our own: else the FIFO would report its end whenever the last client closes it.
            self._write_end = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self._close_files()
            raise
        loop = asyncio.get_running_loop()
        loop.add_reader(self._read_end, self._readable.set)
        self._task = loop.create_task(self._serve())

    async def close(self) -> None:
        """Stop, and remove the FIFO."""
        if self._task is not None:
            asyncio.get_running_loop().remove_reader(self._read_end)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._close_files()

    def _close_files(self) -> None:
        for descriptor in (self._read_end, self._write_end):
            if descriptor >= 0:
                os.close(descriptor)
        self._read_end = self._write_end = -1
        if self._identity is not None:
            remove_own(self.path, self._identity)

    async def _serve(self) -> None:
        reader = FifoReader()
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(REST_TIMEOUT if reader.pending else None):
                    await self._readable.wait()
            except TimeoutError:
                self._log.warning("unfinished request in %s dropped", self.path)
                reader.clear()
                continue
            self._readable.clear()
            try:
                data = os.read(self._read_end, _CHUNK)
            except BlockingIOError:
                continue
            # While a request runs, the rest waits in the FIFO, and clients that write more wait for us.
            loop.remove_reader(self._read_end)
            reader.feed(data)
            await self._handle_all(reader)
            loop.add_reader(self._read_end, self._readable.set)

    async def _handle_all(self, reader: FifoReader) -> None:
        while True:
            request: FifoRequest | FifoError | None
            try:
                request = reader.next()
            except FifoError as error:
                request = error
            if request is None:
                return
            try:
                await self._handler(request)
            except Exception:
                self._log.exception("request from %s failed", self.path)


async def write_reply(path: str, data: bytes, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Write a reply into the FIFO that a client made, waiting a little for it to be opened there.

    Raises OSError when that is not possible, or when `path` is no FIFO, is linked, or was replaced meanwhile.
    """
    descriptor = await _open_for_writing(path, sleep)
    try:
        _check(descriptor, path)
        async with asyncio.timeout(WRITE_TIMEOUT):
            await _write_all(descriptor, data)
    finally:
        os.close(descriptor)


async def _open_for_writing(path: str, sleep: Callable[[float], Awaitable[None]]) -> int:
    retries = REPLY_RETRIES
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO or not retries:
                raise
        retries -= 1
        await sleep(REPLY_WAIT)


def _check(descriptor: int, path: str) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISFIFO(status.st_mode):
        raise OSError(errno.EPERM, "not a FIFO", path)
    if status.st_nlink > 1:
        raise OSError(errno.EPERM, "FIFO has several names", path)
    if (status.st_dev, status.st_ino) != identity_of(path):
        raise OSError(errno.EPERM, "FIFO was replaced", path)


async def _write_all(descriptor: int, data: bytes) -> None:
    loop = asyncio.get_running_loop()
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            writable = loop.create_future()
            loop.add_writer(descriptor, _finish, writable)
            try:
                await writable
            finally:
                loop.remove_writer(descriptor)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
