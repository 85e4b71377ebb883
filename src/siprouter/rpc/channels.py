"""Sockets of control channels: stream listeners with their connections, and datagram listeners."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siprouter.rpc.addresses import UNIX_DATAGRAM, UNIX_STREAM, ControlAddress
from siprouter.rpc.owner import Ownership, identity_of, remove_own, remove_stale
from siprouter.rpc.sessions import Session
from siprouter.util.log import Log

MAX_CONNECTIONS = 128
"""of one listener; one more takes the place of the one that has been idle longest"""
MAX_DATAGRAMS = 64
"""requests of one datagram listener that run at a time; more are dropped"""
REQUEST_TIMEOUT = 10.0
"""seconds that the rest of a request may take to come, and a reply to be taken"""
_CHUNK = 65536


@dataclass(eq=False, slots=True)
class Connection:
    """An open stream connection, as `ctl.who` tells it."""

    listener: StreamListener
    remote: tuple[str, int]
    local: tuple[str, int]
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Listener:
    """What stream and datagram listeners have in common. `open` raises OSError when the address cannot be had."""

    kind = socket.SOCK_STREAM

    def __init__(
        self, address: ControlAddress, ownership: Ownership, session: Callable[[], Session], log: Log, payload: str
    ) -> None:
        self.address = address
        self.payload = payload
        self._ownership = ownership
        self._session = session
        self._log = log
        self._identity: tuple[int, int] | None = None

    def bind(self) -> socket.socket:
        """A non-blocking socket bound to the address; a Unix socket gets its owner and mode before it can be used."""
        family, name = self._family_and_name()
        sock = socket.socket(family, self.kind)
        try:
            sock.setblocking(False)
            if family == socket.AF_UNIX:
                self._bind_path(sock, str(name))
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(name)
        except OSError:
            sock.close()
            raise
        return sock

    def _family_and_name(self) -> tuple[int, Any]:
        if self.address.transport in (UNIX_STREAM, UNIX_DATAGRAM):
            return socket.AF_UNIX, self.address.name
        host = "0.0.0.0" if self.address.name == "*" else self.address.name
        flags = socket.AI_PASSIVE
        family, _, _, _, name = socket.getaddrinfo(host, self.address.port, type=self.kind, flags=flags)[0]
        return family, name

    def _bind_path(self, sock: socket.socket, path: str) -> None:
        if self._in_use(path):
            raise FileExistsError(f"{path} is in use by another server")
        remove_stale(path)
        # Until it is in place with its mode and owner the socket has a name that no client knows.
        hidden = f"{path}.new"
        Path(hidden).unlink(missing_ok=True)
        try:
            sock.bind(hidden)
            self._ownership.apply(hidden)
            Path(hidden).rename(path)
        except OSError:
            Path(hidden).unlink(missing_ok=True)
            raise
        self._identity = identity_of(path)

    def _in_use(self, path: str) -> bool:
        with socket.socket(socket.AF_UNIX, self.kind) as probe:
            probe.setblocking(False)
            try:
                probe.connect(path)
            except BlockingIOError:
                return True
            except OSError:
                return False
        return True

    def remove_path(self) -> None:
        """Remove the Unix socket's name, if it is still ours."""
        if self._identity is not None:
            remove_own(self.address.name, self._identity)


class StreamListener(Listener):
    """Listens on TCP or a Unix stream socket; each connection has a session of its own."""

    def __init__(
        self, address: ControlAddress, ownership: Ownership, session: Callable[[], Session], log: Log, payload: str
    ) -> None:
        super().__init__(address, ownership, session, log, payload)
        self.connections: dict[Connection, None] = {}
        """open connections, the one that has been idle longest first"""
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Start to listen."""
        sock = self.bind()
        try:
            self._server = await asyncio.start_server(self._serve, sock=sock, limit=_CHUNK)
        except OSError:
            sock.close()
            raise

    async def close(self) -> None:
        """Stop to listen and end all connections."""
        if self._server is not None:
            self._server.close()
        tasks = [connection.task for connection in self.connections if connection.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self.remove_path()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(
            self, _address(writer, "peername"), _address(writer, "sockname"), asyncio.current_task()
        )
        if len(self.connections) >= MAX_CONNECTIONS:
            self._end_longest_idle()
        self.connections[connection] = None
        try:
            await self._talk(connection, reader, writer)
        except (TimeoutError, ConnectionError):
            pass
        except asyncio.CancelledError:
            pass  # ended from outside; asyncio wants the task of a connection to end without an exception
        except Exception:
            self._log.exception("control connection on %s failed", self.address)
        finally:
            self.connections.pop(connection, None)
            writer.close()

    async def _talk(self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = self._session()
        while not session.closed:
            async with asyncio.timeout(REQUEST_TIMEOUT if session.unfinished else None):
                data = await reader.read(_CHUNK)
            if not data:
                return
            if connection in self.connections:
                self.connections[connection] = self.connections.pop(connection)
            async for reply in session.receive(data):
                writer.write(reply)
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    await writer.drain()

    def _end_longest_idle(self) -> None:
        oldest = next(iter(self.connections))
        del self.connections[oldest]
        self._log.warning("more than %d control connections on %s: one is closed", MAX_CONNECTIONS, self.address)
        if oldest.task is not None:
            oldest.task.cancel()


def _address(writer: asyncio.StreamWriter, which: str) -> tuple[str, int]:
    name = writer.get_extra_info(which)
    return (name[0], name[1]) if isinstance(name, tuple) else ("", 0)


class DatagramListener(Listener):
    """Listens on UDP or a Unix datagram socket; each datagram is a session of its own."""

    kind = socket.SOCK_DGRAM

    def __init__(
        self, address: ControlAddress, ownership: Ownership, session: Callable[[], Session], log: Log, payload: str
    ) -> None:
        super().__init__(address, ownership, session, log, payload)
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start to listen."""
        self._socket = self.bind()
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    async def close(self) -> None:
        """Stop to listen and end what still runs."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.remove_path()

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data, sender = self._socket.recvfrom(_CHUNK)
        except (BlockingIOError, ConnectionError):
            return
        if len(self._tasks) >= MAX_DATAGRAMS:
            self._log.warning(
                "more than %d control requests at a time on %s: one is dropped", MAX_DATAGRAMS, self.address
            )
            return
        task = asyncio.get_running_loop().create_task(self._answer(data, sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, sender: Any) -> None:
        try:
            async for reply in self._session().receive(data):
                if sender and self._socket is not None:
                    self._socket.sendto(reply, sender)
        except OSError as error:
            self._log.warning("control reply on %s not sent: %s", self.address, error)
        except Exception:
            self._log.exception("control request on %s failed", self.address)


def make_listener(
    address: ControlAddress, ownership: Ownership, session: Callable[[], Session], log: Log, payload: str
) -> StreamListener | DatagramListener:
    """The listener for an address that is no FIFO."""
    kind = DatagramListener if address.is_datagram else StreamListener
    return kind(address, ownership, session, log, payload)
