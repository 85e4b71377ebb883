"""A small authoritative DNS server on loopback, built on dnspython, that can misbehave on request."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

ZONE = """
$ORIGIN example.com.
@ 3600 IN SOA ns hostmaster 1 3600 600 86400 60
@ 3600 IN NS ns
ns 3600 IN A 127.0.0.1
"""


@dataclass
class DnsServer:
    """Answers from `zone`. `asked` lists (name, type, transport) in the order of the questions.

    `mangle(wire, query)` may turn each UDP answer into the datagrams to send in its place.
    """

    zone: dns.zone.Zone
    port: int = 0
    address: str = "127.0.0.1"
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    mangle: Callable[[bytes, dns.message.Message], list[bytes]] = lambda wire, query: [wire]
    rcode: int | None = None
    refuses_edns: bool = False
    truncates: bool = False
    ids: list[int] = field(default_factory=list)  # of the questions
    sources: list[tuple[str, int]] = field(default_factory=list)  # of those over UDP
    chases: bool = True  # gives what an alias leads to beside the alias

    def answer(self, data: bytes, transport: str) -> tuple[bytes, dns.message.Message]:
        query = dns.message.from_wire(data)
        question = query.question[0]
        self.ids.append(query.id)
        self.asked.append((str(question.name).rstrip("."), dns.rdatatype.to_text(question.rdtype), transport))
        reply = dns.message.make_response(query)
        if self.refuses_edns and query.edns >= 0:
            reply.set_rcode(dns.rcode.FORMERR)
            return reply.to_wire(), query
        if self.rcode is not None:
            reply.set_rcode(dns.rcode.Rcode(self.rcode))
            return reply.to_wire(), query
        self.fill(reply, question)
        if self.truncates and transport == "udp":
            reply.flags |= dns.flags.TC
            reply.answer = []
        return reply.to_wire(max_size=65535), query

    def fill(self, reply: dns.message.Message, question: dns.rrset.RRset) -> None:
        name = question.name
        for _ in range(10 if self.chases else 1):
            found = self.zone.get_rrset(name, question.rdtype)
            if found is not None:
                reply.answer.append(self.named(name, found))
                return
            alias = self.zone.get_rrset(name, "CNAME")
            if alias is None:
                break
            reply.answer.append(self.named(name, alias))
            name = alias[0].target.derelativize(self.zone.origin)
        if not reply.answer and self.zone.get_node(name) is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)

    def named(self, name: dns.name.Name, found: dns.rrset.RRset) -> dns.rrset.RRset:
        data = [one.replace() for one in found]
        return dns.rrset.from_rdata_list(name, found.ttl, [one.to_generic() for one in data])


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.server.sources.append(address)
        wire, query = self.server.answer(data, "udp")
        for datagram in self.server.mangle(wire, query):
            self.transport.sendto(datagram, address)  # type: ignore[attr-defined]


@asynccontextmanager
async def dns_server(zone: str = "", **options: object) -> AsyncIterator[DnsServer]:
    """A running server with the records of `zone` (in the zone example.com, but any names may be there)."""
    parsed = dns.zone.from_text(ZONE + zone, origin="example.com.", relativize=False, check_origin=False)
    server = DnsServer(parsed, **options)  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    tcp = socket.socket()
    tcp.bind((server.address, 0))
    server.port = tcp.getsockname()[1]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            wire, _ = server.answer(await reader.readexactly(size), "tcp")
            writer.write(struct.pack("!H", len(wire)) + wire)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, sock=tcp)
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(server), (server.address, server.port))
    try:
        yield server
    finally:
        transport.close()
        listening.close()
        await listening.wait_closed()
        await asyncio.sleep(0)
