"""The resolver against NSD."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.dns.cache import CacheOptions, DnsCache
from siprouter.dns.client import ClientOptions, DnsClient
from siprouter.dns.hosts import HostsFile
from siprouter.dns.plan import IPV6_FIRST, PlanOptions, ResolveError, Target
from siprouter.dns.resolver import Resolver
from siprouter.dns.wire import AAAA, NXDOMAIN, PTR, TXT, A
from siprouter.transport.endpoint import PROTO_NONE, PROTO_TCP, PROTO_TLS, PROTO_UDP
from siprouter.util.log import Log, Record
from tests.support.nameserver import NameServer
from tests.support.ports import Ports
from tests.support.process import need

ZONE = """
@ NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp
@ NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp
@ NAPTR 30 10 "s" "SIP+D2U" "" _sip._udp
_sips._tcp SRV 1 1 5061 a
_sip._tcp SRV 1 1 5070 a
_sip._udp SRV 1 30 5071 a
_sip._udp SRV 1 70 5072 b
_sip._udp SRV 2 1 5073 c
_sip._udp.closed SRV 0 0 0 .
a A 192.0.2.1
a AAAA 2001:db8::1
b A 192.0.2.2
c CNAME d
d CNAME a
loop1 CNAME loop2
loop2 CNAME loop1
only6 AAAA 2001:db8::6
ptr PTR a
big TXT "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}"
*.wild A 192.0.2.77
""".format("x" * 250)


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    need("nsd")
    with NameServer(tmp_path_factory.mktemp("nsd"), ZONE, Ports(), request.param) as running:
        yield running


class Bench:
    def __init__(self, server: NameServer) -> None:
        self.now = 1000.0
        self.records: list[Record] = []
        self.client = DnsClient(ClientOptions([(server.address, server.port)], 20, 1))
        self.cache = DnsCache(CacheOptions(size=64 << 20))
        protos = frozenset({PROTO_UDP, PROTO_TCP, PROTO_TLS})
        preferences = {PROTO_UDP: 30, PROTO_TCP: 20, PROTO_TLS: 10}
        self.options = PlanOptions(protos, lambda most: most, preferences, failover=True)
        log = Log(self.records.append)
        hosts = HostsFile(Path("/nonexistent"))
        self.resolver = Resolver(self.client, self.cache, self.options, hosts, lambda: self.now, log)

    async def plan(self, host: str, port: int = 0, proto: int = PROTO_NONE) -> list[Target]:
        return list(await self.resolver.plan(host, port, proto, False))


async def test_naptr_by_our_preference_and_by_theirs(server: NameServer) -> None:
    bench = Bench(server)
    bench.options.try_naptr = True
    bench.options.failover = False
    assert await bench.plan("example.com") == [Target(PROTO_UDP, "192.0.2.2", 5072)]
    bench.options.preferences = dict.fromkeys((PROTO_UDP, PROTO_TCP, PROTO_TLS), 0)
    assert await bench.plan("example.com") == [Target(PROTO_TLS, "192.0.2.1", 5061)]
    bench.options.preferences = {PROTO_UDP: -1, PROTO_TCP: 0, PROTO_TLS: -1}
    assert await bench.plan("example.com") == [Target(PROTO_TCP, "192.0.2.1", 5070)]


async def test_services_by_priority_and_weight(server: NameServer) -> None:
    bench = Bench(server)
    bench.options.try_ipv6 = False
    heavy_first = [5072, 5071, 5073]
    assert [target.port for target in await bench.plan("example.com", 0, PROTO_UDP)] == heavy_first
    bench.options.srv_lb = True
    bench.options.random = lambda most: 0
    assert [target.port for target in await bench.plan("example.com", 0, PROTO_UDP)] == [5071, 5072, 5073]
    with pytest.raises(ResolveError):
        await bench.plan("closed.example.com", 0, PROTO_UDP)


async def test_ipv4_and_ipv6(server: NameServer) -> None:
    bench = Bench(server)
    assert [target.ip for target in await bench.plan("a.example.com", 5060)] == ["192.0.2.1", "2001:db8::1"]
    bench.options.flags = IPV6_FIRST
    assert [target.ip for target in await bench.plan("a.example.com", 5060)] == ["2001:db8::1", "192.0.2.1"]
    assert [target.ip for target in await bench.plan("only6.example.com", 5060)] == ["2001:db8::6"]


async def test_aliases(server: NameServer) -> None:
    bench = Bench(server)
    assert (await bench.resolver.query("c.example.com", A)).data == ("192.0.2.1",)
    assert (await bench.resolver.query("loop1.example.com", A)).data == ()
    assert (await bench.resolver.query("loop1.example.com", AAAA)).data == ()


async def test_what_does_not_exist(server: NameServer) -> None:
    bench = Bench(server)
    assert (await bench.resolver.query("none.example.com", A)).rcode == NXDOMAIN
    assert (await bench.resolver.query("b.example.com", AAAA)).data == ()
    assert (await bench.resolver.query("elsewhere.org", A)).rcode == -1  # refused
    assert (await bench.resolver.query("ptr.example.com", PTR)).data == ("a.example.com",)


async def test_a_truncated_answer_is_fetched_by_tcp(server: NameServer) -> None:
    bench = Bench(server)
    assert (await bench.resolver.query("big.example.com", TXT)).data == (tuple([b"x" * 250] * 18),)


async def test_thousands_of_names_at_once(server: NameServer) -> None:
    bench = Bench(server)
    names = [f"n{number}.wild.example.com" for number in range(3000)]
    answers = await asyncio.gather(*(bench.resolver.query(name, A) for name in names))
    assert {answer.data for answer in answers} == {("192.0.2.77",)}
    assert len(bench.cache) == 3000 and bench.client.sockets == 0
