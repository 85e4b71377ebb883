"""One server: sockets to it, identifiers, requests on their way."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from siprouter.radius.attributes import Pair
from siprouter.radius.config import ALWAYS, NEVER, RadiusConfig, ServerAddress
from siprouter.radius.dictionary import Dictionary
from siprouter.radius.errors import RadiusUnavailableError
from siprouter.radius.packets import ACCESS_REQUEST, Reply, Request, build_request, is_signed, read_reply
from siprouter.util.log import Log

IDENTIFIERS = 256
MAX_SOCKETS = 4
"""each has 256 identifiers: so many requests can be on their way to one server"""


@dataclass(slots=True)
class Waiting:
    """A request on its way; `patient`: see Server.ask."""

    request: Request
    reply: asyncio.Future[Reply]
    patient: bool


class Socket(asyncio.DatagramProtocol):
    """A connected UDP socket with its identifiers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.transport: asyncio.DatagramTransport | None = None
        self.waiting: dict[int, Waiting] = {}
        self.free = deque(range(IDENTIFIERS))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        # uvloop's and asyncio's share no class that says so
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """A reply, or what wants to be one."""
        self.server.received(self, data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        self.server.refused(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is of no use any more."""
        self.server.lost(self)

    @property
    def local_address(self) -> str:
        """Our address in the server's eyes."""
        name = None if self.transport is None else self.transport.get_extra_info("sockname")
        return str(name[0]) if name else ""

    def close(self) -> None:
        """Whoever waits is told."""
        for waiting in self.waiting.values():
            if not waiting.reply.done():
                waiting.reply.set_exception(RadiusUnavailableError("the client is closed"))
        self.waiting.clear()
        if self.transport is not None:
            self.transport.close()


class Server:
    """Sends requests to one address, again and again, until the answer is there."""

    def __init__(self, address: ServerAddress, config: RadiusConfig, dictionary: Dictionary, log: Log) -> None:
        self.address = address
        self.config = config
        self.dictionary = dictionary
        self.log = log
        self.dead_until = 0.0
        self.bad_replies = 0
        self._sockets: list[Socket] = []
        self._opening: asyncio.Lock = asyncio.Lock()
        self._signs = False
        self._told = False

    async def ask(self, code: int, pairs: Sequence[Pair], patient: bool) -> Reply:
        """Send a request until it is answered. Raises RadiusUnavailableError, RadiusRequestError.

        `patient`: go on though nobody listens on the port, the server may come back meanwhile.
        """
        socket = await self._socket()
        number = socket.free.popleft()
        try:
            pairs = self._with_origin(socket, pairs)
            request = build_request(self.dictionary, code, number, self.address.secret, pairs)
            future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            socket.waiting[number] = Waiting(request, future, patient)
            return await self._send(socket, request, future)
        finally:
            socket.waiting.pop(number, None)
            # at the end of the row: late answers should not meet a new request with the same number
            socket.free.append(number)

    async def _send(self, socket: Socket, request: Request, future: asyncio.Future[Reply]) -> Reply:
        for _ in range(self.config.retries + 1):
            if socket.transport is None or socket.transport.is_closing():
                break
            socket.transport.sendto(request.data)
            await asyncio.wait({future}, timeout=self.config.timeout)
            if future.done():
                return future.result()
        raise RadiusUnavailableError(f"RADIUS server {self.address} does not answer")

    def _with_origin(self, socket: Socket, pairs: Sequence[Pair]) -> list[Pair]:
        """Who asks: NAS-IP-Address or NAS-Identifier must be in each request (RFC 2865, 4.1)."""
        found = list(pairs)
        keys = {key for key, _ in pairs}
        if self.config.nas_identifier and 32 not in keys:
            found.append((32, self.config.nas_identifier.encode("utf-8", "surrogateescape")[:253]))
        address = ipaddress.ip_address(socket.local_address.partition("%")[0] or "0.0.0.0")
        key = 4 if address.version == 4 else 95
        if key not in keys:
            found.append((key, address.packed))
        return found

    async def _socket(self) -> Socket:
        """One with a free identifier. Raises RadiusUnavailableError."""
        for socket in self._sockets:
            if socket.free:
                return socket
        async with self._opening:
            for socket in self._sockets:
                if socket.free:
                    return socket
            if len(self._sockets) >= MAX_SOCKETS:
                raise RadiusUnavailableError(f"too many requests to the RADIUS server {self.address} are on their way")
            return await self._open()

    async def _open(self) -> Socket:
        loop = asyncio.get_running_loop()
        bind = (self.config.bind_address, 0) if self.config.bind_address else None
        remote: Any = (self.address.host, self.address.port)
        try:
            _, socket = await loop.create_datagram_endpoint(lambda: Socket(self), local_addr=bind, remote_addr=remote)
        except OSError as error:
            raise RadiusUnavailableError(f"RADIUS server {self.address}: {error.strerror or error}") from None
        self._sockets.append(socket)
        return socket

    def received(self, socket: Socket, data: bytes) -> None:
        """A datagram from the server's address."""
        found = socket.waiting.get(data[1]) if len(data) >= 20 else None
        if found is None:
            # an answer that came twice, or too late
            return
        request = found.request
        check = self.config.message_authenticator
        need = check == ALWAYS or (check != NEVER and self._signs)
        reply = read_reply(request, data, need)
        if reply is None:
            self.bad_replies += 1
            if not self._told:
                self._told = True
                text = "a reply of the RADIUS server %s is refused: it is not signed with our secret (told once)"
                self.log.error(text, self.address, source="radius")
            return
        if request.packet.code == ACCESS_REQUEST and is_signed(reply):
            self._signs = True
        if not found.reply.done():
            found.reply.set_result(reply)

    def lost(self, socket: Socket) -> None:
        """A socket is closed: the next request opens another one."""
        if socket in self._sockets:
            self._sockets.remove(socket)
            socket.close()

    def forget_address(self) -> None:
        """The server did not answer: ask for its address, and for ours, anew. Sockets that are in use stay."""
        for socket in [socket for socket in self._sockets if not socket.waiting]:
            self.lost(socket)

    def refused(self, socket: Socket) -> None:
        """ICMP says that nobody listens: those who have another server need not wait."""
        for waiting in socket.waiting.values():
            if not waiting.patient and not waiting.reply.done():
                error = RadiusUnavailableError(f"RADIUS server {self.address}: nobody listens there")
                waiting.reply.set_exception(error)

    def close(self) -> None:
        """Close all sockets."""
        for socket in self._sockets:
            socket.close()
        self._sockets.clear()
