"""Asking name servers: UDP with a random id and port for each query, TCP where an answer is truncated."""

import asyncio
import secrets
import socket
import struct
from dataclasses import dataclass, field

from siprouter.dns.hosts import Server
from siprouter.dns.wire import (
    FORMERR,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    OtherAnswer,
    Response,
    WireError,
    build_query,
    parse_response,
)

MAX_UDP = 4096
MAX_OTHERS = 1000  # datagrams that do not answer the query, before a server is given up


@dataclass(slots=True)
class ClientOptions:
    """`timeout`: seconds for one query; `attempts`: rounds over all `servers`."""

    servers: list[Server] = field(default_factory=list)
    timeout: float = 5
    attempts: int = 2


class ServerFailure(Exception):
    """No server gave an answer that says what there is."""


class DnsClient:
    """Asks one question at a time of one server after the other; many questions may be under way together."""

    def __init__(self, options: ClientOptions) -> None:
        self.options = options
        self.queries = 0

    async def ask(self, name: str, type: int) -> Response:
        """The answer of the first server that gives one (NOERROR or NXDOMAIN).

        Raises ServerFailure when none does, and WireError for a name that cannot be in the DNS.
        """
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
        number = secrets.randbelow(1 << 16)
        query = build_query(number, name, type, edns)
        self.queries += 1
        async with asyncio.timeout(self.options.timeout):
            response = await self._exchange_udp(server, query, number, name, type)
            if response.truncated:
                response = await self._exchange_tcp(server, query, number, name, type)
        return response

    async def _exchange_udp(self, server: Server, query: bytes, number: int, name: str, type: int) -> Response:
        """A connected socket of its own for each query: the system picks its port at random and drops other senders."""
        loop = asyncio.get_running_loop()
        with socket.socket(family(server), socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(server)
            sock.send(query)
            for _ in range(MAX_OTHERS):
                try:
                    return parse_response(await loop.sock_recv(sock, MAX_UDP), number, name, type)
                except OtherAnswer:
                    continue  # somebody guesses: the right answer may still come
        raise WireError("too many forged answers")

    async def _exchange_tcp(self, server: Server, query: bytes, number: int, name: str, type: int) -> Response:
        reader, writer = await asyncio.open_connection(*server)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            return parse_response(await reader.readexactly(size), number, name, type)
        finally:
            writer.transport.abort()


def family(server: Server) -> socket.AddressFamily:
    """The address family of a server."""
    return socket.AF_INET6 if ":" in server[0] else socket.AF_INET
