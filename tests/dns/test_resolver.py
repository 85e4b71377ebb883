"""The resolver and its client against a real server on loopback."""

import asyncio
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import dns.message
import pytest

from siprouter.dns.cache import Answer, CacheOptions, DnsCache
from siprouter.dns.client import ClientOptions, DnsClient, ServerFailure
from siprouter.dns.hosts import HostsFile
from siprouter.dns.plan import PlanOptions, ResolveError, Target
from siprouter.dns.resolver import Resolver, SearchOptions
from siprouter.dns.wire import NXDOMAIN, SRV, TXT, A, Naptr, Srv, build_query
from siprouter.transport.endpoint import PROTO_NONE, PROTO_TCP, PROTO_UDP
from siprouter.util.log import Log, Record
from tests.support.dns_server import DnsServer, dns_server

ZONE = """
@ IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
_sip._tcp 60 IN SRV 10 1 5070 a
_sip._udp 60 IN SRV 10 1 5071 a
_sip._udp 60 IN SRV 20 1 5072 www
a 60 IN A 192.0.2.1
a 60 IN AAAA 2001:db8::1
www 30 IN CNAME web
web 10 IN CNAME a
loop1 60 IN CNAME loop2
loop2 60 IN CNAME loop1
text 60 IN TXT "hello"
many 60 IN TXT {}
""".format(" ".join(['"' + "x" * 200 + '"'] * 20))


async def turns(done: Callable[[], bool]) -> None:
    """Turns of the loop until something is so."""
    for _ in range(100_000):
        if done():
            return
        await asyncio.sleep(0)
    raise AssertionError("never came true")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A resolver that asks `servers`."""

    def __init__(
        self, *servers: DnsServer, timeout: float = 1, attempts: int = 1, hosts: Path = Path("/nonexistent")
    ) -> None:
        self.clock = Clock()
        self.records: list[Record] = []
        places = [(server.address, server.port) for server in servers]
        self.client = DnsClient(ClientOptions(places, timeout, attempts))
        self.cache = DnsCache(CacheOptions())
        self.options = PlanOptions(frozenset({PROTO_UDP, PROTO_TCP}), lambda most: 0, {}, failover=True)
        self.search = SearchOptions()
        log = Log(self.records.append)
        self.resolver = Resolver(self.client, self.cache, self.options, HostsFile(hosts), self.clock, log, self.search)


async def test_an_address_is_planned_at_once() -> None:
    plan = Bench().resolver.plan_now("192.0.2.9", 0, PROTO_NONE, False)
    assert plan is not None and list(plan) == [Target(PROTO_UDP, "192.0.2.9", 5060)]


async def test_services_are_looked_up_once_and_then_known() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        assert bench.resolver.plan_now("example.com", 0, PROTO_UDP, False) is None
        plan = await bench.resolver.plan("example.com", 0, PROTO_UDP, False)
        expected = [
            Target(PROTO_UDP, "192.0.2.1", 5071),
            Target(PROTO_UDP, "2001:db8::1", 5071),
            Target(PROTO_UDP, "192.0.2.1", 5072),
            Target(PROTO_UDP, "2001:db8::1", 5072),
        ]
        assert list(plan) == expected
        asked = len(server.asked)
        known = bench.resolver.plan_now("Example.COM.", 0, PROTO_UDP, False)
        assert known is not None and list(known) == expected and len(server.asked) == asked
        bench.clock.now += 11  # the CNAME of www is the first to expire
        assert bench.resolver.plan_now("example.com", 0, PROTO_UDP, False) is None
        await bench.resolver.plan("example.com", 0, PROTO_UDP, False)
        assert set(server.asked[asked:]) == {("www.example.com", "A", "udp"), ("www.example.com", "AAAA", "udp")}


async def test_naptr() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        bench.options.try_naptr = True
        bench.options.failover = False
        assert list(await bench.resolver.plan("example.com", 0, PROTO_NONE, False)) == [
            Target(PROTO_TCP, "192.0.2.1", 5070)
        ]
        assert [name for name, _, _ in server.asked] == ["example.com", "_sip._tcp.example.com", "a.example.com"]


async def test_what_does_not_exist() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        with pytest.raises(ResolveError) as caught:
            await bench.resolver.plan("none.example.com", 0, PROTO_NONE, False)
        assert caught.value.status == 478
        empty = bench.resolver.plan_now("none.example.com", 0, PROTO_NONE, False)
        assert empty is not None and empty.next() is None
        assert (await bench.resolver.query("none.example.com", A)).rcode == NXDOMAIN
        bench.clock.now += 61
        assert bench.resolver.plan_now("none.example.com", 0, PROTO_NONE, False) is None


async def test_questions_under_way_are_shared() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        answers = await asyncio.gather(*(bench.resolver.query("a.example.com", A) for _ in range(50)))
        assert {answer.data for answer in answers} == {("192.0.2.1",)}
        assert server.asked == [("a.example.com", "A", "udp")]


async def test_one_waiter_that_gives_up_does_not_harm_the_others() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        first = asyncio.ensure_future(bench.resolver.query("a.example.com", A))
        second = asyncio.ensure_future(bench.resolver.query("a.example.com", A))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).data == ("192.0.2.1",)
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_aliases_are_followed_but_not_for_ever() -> None:
    async with dns_server(ZONE, chases=False) as server:
        bench = Bench(server)
        assert await bench.resolver.query("www.example.com", A) == Answer(("192.0.2.1",), 10)
        assert [name for name, _, _ in server.asked] == ["www.example.com", "web.example.com", "a.example.com"]
        answer = await bench.resolver.query("loop1.example.com", A)
        assert answer.data == () and "aliases" in bench.records[-1].text


async def test_other_types() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        assert (await bench.resolver.query("text.example.com", TXT)).data == ((b"hello",),)
        (naptr,) = (await bench.resolver.query("example.com", 35)).data
        assert naptr == Naptr(10, 10, "s", "SIP+D2T", "", "_sip._tcp.example.com")
        assert Srv(10, 1, 5071, "a.example.com") in (await bench.resolver.query("_sip._udp.example.com", SRV)).data


async def test_truncated_answers_are_fetched_by_tcp() -> None:
    async with dns_server(ZONE, truncates=True) as server:
        bench = Bench(server)
        answer = await bench.resolver.query("many.example.com", TXT)
        assert answer.data == (tuple([b"x" * 200] * 20),)
        assert [how for _, _, how in server.asked] == ["udp", "tcp"]


async def test_servers_without_edns() -> None:
    async with dns_server(ZONE, refuses_edns=True) as server:
        assert (await Bench(server).resolver.query("a.example.com", A)).data == ("192.0.2.1",)
        assert len(server.asked) == 2


async def test_the_next_server_is_asked() -> None:
    async with (
        dns_server(ZONE, rcode=2) as failing,
        dns_server(ZONE, mangle=lambda wire, query: []) as silent,
        dns_server(ZONE) as good,
    ):
        dead = DnsServer(good.zone, port=1)
        bench = Bench(failing, dead, silent, good, timeout=0.1)
        assert (await bench.resolver.query("a.example.com", A)).data == ("192.0.2.1",)
        assert [len(one.asked) for one in (failing, silent, good)] == [1, 1, 1]


async def test_attempts_go_round_and_a_failure_is_not_asked_again_at_once() -> None:
    async with dns_server(ZONE, rcode=2) as one, dns_server(ZONE, rcode=5) as two:
        bench = Bench(one, two, attempts=3)
        assert await bench.resolver.query("a.example.com", A) == Answer((), 0, -1)
        assert (len(one.asked), len(two.asked)) == (3, 3)
        assert "answers with code" in bench.records[-1].text and bench.resolver.failures == 1
        with pytest.raises(ResolveError):
            await bench.resolver.plan("a.example.com", 5060, PROTO_NONE, False)
        assert len(one.asked) == 6  # AAAA, the A record is known to fail
        bench.clock.now += 6
        await bench.resolver.query("a.example.com", A)
        assert len(one.asked) == 9


def forged(wire: bytes, query: dns.message.Message) -> list[bytes]:
    wrong_id = struct.pack("!H", query.id ^ 1) + wire[2:]
    other = dns.message.make_response(dns.message.make_query("evil.example.com", "A"))
    other.id = query.id
    return [wrong_id, other.to_wire(), b"", b"\0", wire]


async def test_forged_answers_are_passed_over() -> None:
    async with dns_server(ZONE, mangle=forged) as server:
        bench = Bench(server)
        assert (await bench.resolver.query("a.example.com", A)).data == ("192.0.2.1",)


async def test_malformed_answers_are_a_failure_of_the_server() -> None:
    async with dns_server(ZONE, mangle=lambda wire, query: [wire[:-3]]) as server:
        bench = Bench(server)
        assert (await bench.resolver.query("a.example.com", A)).rcode == -1


async def test_impossible_names_are_not_asked() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        for name in ("a..b", "x" * 64, "zürich.example.com", ""):
            assert (await bench.resolver.query(name, A)).data == ()
        assert all(not name or name == "" for name, _, _ in server.asked)


async def test_search_list() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        bench.search.suffixes = ["corp.example.com", "example.com"]
        assert (await bench.resolver.query("a", A)).data == ("192.0.2.1",)
        assert [name for name, _, _ in server.asked] == ["a.corp.example.com", "a.example.com"]
        server.asked.clear()
        assert (await bench.resolver.query("x.y", A)).data == ()
        assert [name for name, _, _ in server.asked] == ["x.y", "x.y.corp.example.com", "x.y.example.com"]
        server.asked.clear()
        await bench.resolver.query("_sip._udp.a", SRV)
        assert [name for name, _, _ in server.asked] == ["_sip._udp.a"]


async def test_hosts_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("198.51.100.7 a.example.com\n")
    async with dns_server(ZONE) as server:
        bench = Bench(server, hosts=tmp_path / "hosts")
        bench.options.try_ipv6 = False
        plan = bench.resolver.plan_now("a.example.com", 5060, PROTO_NONE, False)
        assert plan is not None and list(plan) == [Target(PROTO_UDP, "198.51.100.7", 5060)]
        assert server.asked == []


class Additional(DnsServer):
    def fill(self, reply: dns.message.Message, question: dns.rrset.RRset) -> None:
        super().fill(reply, question)
        reply.additional.append(dns.rrset.from_text("a.example.com.", 60, "IN", "A", "192.0.2.55"))
        reply.additional.append(dns.rrset.from_text("bank.org.", 60, "IN", "A", "192.0.2.66"))


async def test_addresses_that_come_along_are_taken_within_the_domain_only() -> None:
    async with dns_server("_sip._udp 60 IN SRV 1 1 5060 a\n_sip._udp 60 IN SRV 2 1 5060 bank.org.\n") as server:
        server.fill = Additional.fill.__get__(server)  # type: ignore[method-assign]
        server.__class__ = Additional
        bench = Bench(server)
        await bench.resolver.query("_sip._udp.example.com", SRV)
        known = bench.cache.get("a.example.com", A, bench.clock.now)
        assert known is not None and known.data == ("192.0.2.55",)
        assert bench.cache.get("bank.org", A, bench.clock.now) is None


async def test_without_cache_every_plan_asks() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        bench.cache.options.enabled = False
        bench.options.failover = False
        for _ in range(2):
            await bench.resolver.plan("a.example.com", 5060, PROTO_NONE, False)
        assert [name for name, _, _ in server.asked] == ["a.example.com", "a.example.com"]


async def test_closing_gives_up_what_is_under_way() -> None:
    async with dns_server(ZONE, mangle=lambda wire, query: []) as server:
        bench = Bench(server, timeout=60)
        waiting = asyncio.ensure_future(bench.resolver.query("a.example.com", A))
        await asyncio.sleep(0)
        await bench.resolver.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_queries_under_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siprouter.dns.resolver.MAX_QUERIES", 1)
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        first, second = await asyncio.gather(
            bench.resolver.query("a.example.com", A), bench.resolver.query("web.example.com", A)
        )
        assert first.data and not second.data
        assert "too many DNS queries" in bench.records[-1].text


async def test_ten_thousand_questions_under_way() -> None:
    zone = "".join(f"h{number} 60 IN A 192.0.2.{number % 250}\n" for number in range(100))
    async with dns_server(zone + "* 60 IN A 192.0.2.250\n", mangle=lambda wire, query: []) as silent:
        bench = Bench(silent, timeout=60)
        waiting = [asyncio.ensure_future(bench.resolver.query(f"n{number}.example.com", A)) for number in range(10_000)]
        await turns(lambda: bench.client.queries == 10_000)
        assert not any(one.done() for one in waiting)
        # a message that needs no answer does not wait for them
        assert bench.resolver.plan_now("192.0.2.9", 0, PROTO_NONE, False) is not None
        open_sockets = bench.client.sockets
        await bench.resolver.close()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert 0 < open_sockets <= 256 and bench.client.sockets == 0


async def test_answers_find_their_questions_on_shared_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siprouter.dns.channel.MAX_SOCKETS", 3)
    zone = "".join(f"h{number} 60 IN A 192.0.2.{number}\n" for number in range(1, 200))
    async with dns_server(zone) as server:
        bench = Bench(server, timeout=10)
        answers = await asyncio.gather(*(bench.resolver.query(f"h{number}.example.com", A) for number in range(1, 200)))
        assert [answer.data for answer in answers] == [(f"192.0.2.{number}",) for number in range(1, 200)]
        assert bench.client.sockets == 0


async def test_a_flood_of_forged_answers_ends_the_question() -> None:
    async with dns_server(
        ZONE, mangle=lambda wire, query: [struct.pack("!H", query.id ^ 1) + wire[2:]] * 1100
    ) as server:
        assert (await Bench(server, timeout=20).resolver.query("a.example.com", A)).rcode == -1


async def test_answers_from_elsewhere_are_not_heard() -> None:
    async with dns_server(ZONE, mangle=lambda wire, query: []) as server:
        bench = Bench(server, timeout=0.2)
        waiting = asyncio.ensure_future(bench.client.ask("a.example.com", A))
        await turns(lambda: bool(server.asked))
        wire = server.answer(build_query(server.ids[-1], "a.example.com", A), "udp")[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(wire, server.sources[-1])
            with pytest.raises(ServerFailure):
                await waiting


async def test_large_answers_need_no_second_question() -> None:
    async with dns_server(ZONE) as server:
        answer = await Bench(server).resolver.query("many.example.com", TXT)
        assert answer.data == (tuple([b"x" * 200] * 20),) and len(server.asked) == 1


async def test_permanent_entries_win_over_hosts_and_servers(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("198.51.100.7 a.example.com\n")
    async with dns_server(ZONE) as server:
        bench = Bench(server, hosts=tmp_path / "hosts")
        bench.cache.add("a.example.com", A, "203.0.113.5", 1, True, bench.clock.now)
        assert (await bench.resolver.query("a.example.com", A)).data == ("203.0.113.5",)
        assert server.asked == []


async def test_while_servers_are_down_nobody_is_asked_and_nothing_expires() -> None:
    async with dns_server(ZONE) as server:
        bench = Bench(server)
        bench.options.failover = False
        await bench.resolver.plan("a.example.com", 5060, PROTO_NONE, False)
        bench.resolver.servers_up = False
        bench.clock.now += 3600
        plan = bench.resolver.plan_now("a.example.com", 5060, PROTO_NONE, False)
        assert plan is not None and list(plan) == [Target(PROTO_UDP, "192.0.2.1", 5060)]
        other = bench.resolver.plan_now("web.example.com", 5060, PROTO_NONE, False)
        assert other is not None and other.next() is None
        assert len(server.asked) == 1
        bench.resolver.servers_up = True
        assert bench.resolver.plan_now("a.example.com", 5060, PROTO_NONE, False) is None
