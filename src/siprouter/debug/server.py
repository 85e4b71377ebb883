"""Where clients of the Debug Adapter Protocol come in: a TCP port, or standard input and output."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from siprouter.core.worker import Worker
from siprouter.debug.adapter import Adapter
from siprouter.debug.framing import MAX_HEADER, FramingError, Json, frame_message, read_message
from siprouter.util.errors import OperatorError
from siprouter.util.log import Record

MAX_CONNECTIONS = 8
MAX_UNSENT = 4 << 20
"""octets that a client has not read yet; with more it is let go"""
MAX_UNSENT_LOG = 256 << 10
"""with more than that log records are not sent"""


@dataclass(slots=True)
class DebugOptions:
    """Where to listen, or `stdio`; `file` and `defines` are those of the configuration."""

    file: str
    host: str = "127.0.0.1"
    port: int = 0
    stdio: bool = False
    defines: dict[str, str] = field(default_factory=dict)


class DebugServer:
    """Of all clients that are connected, one debugs. `stop()` ends the server."""

    def __init__(self, worker: Worker, options: DebugOptions, stop: Callable[[], None]) -> None:
        self.worker = worker
        self.options = options
        self.port = options.port
        self._stop = stop
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._active: Adapter | None = None
        self._transports: set[asyncio.WriteTransport] = set()
        self._sink = worker.log.sink

    async def open(self) -> None:
        """Begin. Raises OperatorError."""
        self.worker.log.sink = self._log
        options = self.options
        if options.stdio:
            await self._open_stdio()
            return
        try:
            self._server = await asyncio.start_server(self._connected, options.host, options.port, limit=MAX_HEADER)
        except (OSError, OverflowError) as error:
            raise OperatorError(f"cannot listen for editors on {options.host}:{options.port}: {error}") from None
        self.port = self._server.sockets[0].getsockname()[1]
        self.worker.log.notice("debug adapter: listening on %s:%d", options.host, self.port)

    async def close(self) -> None:
        """End: whoever waits goes on."""
        self.worker.log.sink = self._sink
        if self._server is not None:
            self._server.close()
        if self._active is not None:
            self._active.event("terminated", {})
            self._active.close()
        for transport in list(self._transports):
            transport.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _log(self, record: Record) -> None:
        """Log records go to the client, too."""
        if not self.options.stdio:
            self._sink(record)
        active = self._active
        if active is not None and not active.closing:
            unsent = sum(transport.get_write_buffer_size() for transport in self._transports)
            if unsent < MAX_UNSENT_LOG:
                active.session.show_record(record)
        elif self.options.stdio:
            self._sink(record)

    # --- connections

    async def _open_stdio(self) -> None:
        if not (is_pipe(0) and is_pipe(1)):
            raise OperatorError("--stdio is for editors: standard input and output must be pipes")
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(MAX_HEADER)
        try:
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
            output = os.fdopen(os.dup(1), "wb", 0)
            transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, output)
        except (OSError, ValueError) as error:
            raise OperatorError(f"cannot use standard input and output: {error}") from None
        os.dup2(2, 1)  # what else is printed is not for the client
        self._spawn(self._serve(reader, transport, owned=True))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._transports) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._spawn(self._serve(reader, writer.transport, owned=False))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, transport: asyncio.WriteTransport, owned: bool) -> None:
        """One client, to its end."""
        self._transports.add(transport)

        def write(message: Json) -> None:
            if transport.is_closing():
                return
            transport.write(frame_message(message))
            if transport.get_write_buffer_size() > MAX_UNSENT:
                transport.abort()

        options = self.options
        adapter = Adapter(
            self.worker,
            write,
            file=options.file,
            defines=options.defines,
            stop=self._stop,
            owned=owned,
            claim=self._claim,
        )
        try:
            while not adapter.closing and (message := await read_message(reader)) is not None:
                await adapter.take(message)
        except FramingError as error:
            self.worker.log.warning("debug adapter: connection closed: %s", error)
        except OSError as error:
            self.worker.log.info("debug adapter: connection lost: %s", error)
        finally:
            adapter.close()
            if self._active is adapter:
                self._active = None
            self._transports.discard(transport)
            transport.close()
            if owned:
                self._stop()

    def _claim(self, adapter: Adapter) -> bool:
        if self._active is not None:
            return False
        self._active = adapter
        return True


def is_pipe(descriptor: int) -> bool:
    """Whether a descriptor of this process is a pipe or a socket."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
