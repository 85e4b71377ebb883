"""Asking name servers: UDP with a random id and port for each query, TCP where an answer is truncated."""

import asyncio
import secrets
import struct
from dataclasses import dataclass, field

from siprouter.dns.channel import Channel, Channels
from siprouter.dns.hosts import Server
from siprouter.dns.wire import (
    FORMERR,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    Response,
    WireError,
    build_query,
    parse_response,
)

MAX_TCP = 64  # connections to name servers at one time


@dataclass(slots=True)
class ClientOptions:
    """`timeout`: seconds for one query; `attempts`: rounds over all `servers`."""

    servers: list[Server] = field(default_factory=list)
    timeout: float = 5
    attempts: int = 2


class ServerFailure(Exception):
    """No server gave an answer that says what there is."""


class DnsClient:
    """Asks one question at a time of one server after the other; thousands of questions may be under way together.

    `queries` counts the messages sent to servers.
    """

    def __init__(self, options: ClientOptions) -> None:
        self.options = options
        self.queries = 0
        self._channels = Channels()
        self._tcp = asyncio.Semaphore(MAX_TCP)

    @property
    def sockets(self) -> int:
        """UDP sockets that are open now."""
        return len(self._channels)

    async def ask(self, name: str, type: int) -> Response:
        """The answer of the first server that gives one (NOERROR or NXDOMAIN).

        Raises ServerFailure when none does, and WireError for a name that cannot be in the DNS.
        """
        build_query(0, name, type)  # an impossible name is no server's fault
        problem = "no name servers"
        for _ in range(self.options.attempts):
            for server in list(self.options.servers):
                try:
                    response = await self._ask_server(server, name, type)
                except TimeoutError:
                    problem = f"{server[0]} does not answer"
                except (OSError, WireError, EOFError) as error:
                    problem = f"{server[0]}: {error}"
                else:
                    if response.rcode in (NOERROR, NXDOMAIN):
                        return response
                    problem = f"{server[0]} answers with code {response.rcode}"
        raise ServerFailure(f"{name}: {problem}")

    async def _ask_server(self, server: Server, name: str, type: int) -> Response:
        """One server's answer; servers that do not know EDNS are asked again without it."""
        response = await self._exchange(server, name, type, True)
        if response.rcode in (FORMERR, NOTIMP):
            response = await self._exchange(server, name, type, False)
        return response

    async def _exchange(self, server: Server, name: str, type: int, edns: bool) -> Response:
        self.queries += 1
        async with asyncio.timeout(self.options.timeout):
            response = await self._exchange_udp(server, name, type, edns)
            if response.truncated:
                async with self._tcp:
                    response = await self._exchange_tcp(server, name, type, edns)
        return response

    async def _exchange_udp(self, server: Server, name: str, type: int, edns: bool) -> Response:
        channel: Channel = self._channels.open(server)
        number, answer = channel.expect(name, type)
        try:
            channel.send(build_query(number, name, type, edns))
            return await answer
        finally:
            channel.forget(number)

    async def _exchange_tcp(self, server: Server, name: str, type: int, edns: bool) -> Response:
        number = secrets.randbelow(1 << 16)
        query = build_query(number, name, type, edns)
        reader, writer = await asyncio.open_connection(*server)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            return parse_response(await reader.readexactly(size), number, name, type)
        finally:
            writer.transport.abort()
