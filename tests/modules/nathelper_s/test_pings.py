"""Pings: who gets one, when, what and from where."""

import asyncio

import pytest

from siprouter.core.avp import CLASS_URI, TRACK_TO
from siprouter.modules.nathelper_s.pings import CRLF_PING, PingSender
from siprouter.sip.message import parse_message
from siprouter.util.errors import PeerError
from tests.modules.nathelper_s.conftest import MakeSite, Site
from tests.support.fakes import call, context, reply


def test_every_contact_once_in_an_interval(make_site: MakeSite) -> None:
    site = make_site(natping_interval=3)
    for number in range(1, 31):
        site.put(f"user{number}", f"sip:u@198.51.100.{number}")
    pings = [ping for _ in range(3) for ping in site.second()]
    assert sorted(pings) == sorted(
        (CRLF_PING, f"udp:192.0.2.10:5060 1:198.51.100.{number}:5060") for number in range(1, 31)
    )


def test_where_a_ping_goes(make_site: MakeSite) -> None:
    site = make_site(natping_interval=1)
    site.put("a", received="sip:203.0.113.9:7;dstip=192.0.2.11;dstport=5070", socket="udp:192.0.2.11:5070")
    assert site.second() == [(CRLF_PING, "udp:192.0.2.11:5070 1:203.0.113.9:7")]
    site.domain.delete("a")
    site.put("a", "sip:a@203.0.113.9;transport=tcp")
    assert site.second() == [(CRLF_PING, "tcp:192.0.2.10:5060 2:203.0.113.9:5060")]


def test_who_gets_one(make_site: MakeSite) -> None:
    site = make_site(natping_interval=1, ping_nated_only=1, force_socket="udp:192.0.2.11:5070")
    site.put("plain")
    site.put("nat", "sip:n@203.0.113.8", flags=1)
    site.put("elsewhere", flags=1, server_id=5)
    site.put("bad", "sip:", flags=1)
    assert site.second() == [(CRLF_PING, "udp:192.0.2.11:5070 1:203.0.113.8:5060")]


def test_requests_without_a_transaction(make_site: MakeSite) -> None:
    site = make_site(natping_interval=1, natping_method="options", natping_crlf=0)
    site.put("a")
    ((first, _),) = site.second()
    msg = parse_message(first)
    assert (msg.method, msg.uri, msg.cseq.number) == ("OPTIONS", "sip:bob@203.0.113.7:1024", 1)
    assert (msg.to.uri, msg.from_.uri, msg.from_.tag) == (msg.uri, "sip:registrar@127.0.0.1:9", "1")
    assert msg.via.branch.startswith("z9hG4bK-GnIp-")
    ((second, _),) = site.second()
    again = parse_message(second)
    assert again.via.branch != msg.via.branch and again.call_id != msg.call_id

    ours = reply(method="OPTIONS").buf.replace(b"z9hG4bK1", msg.via.branch.encode())
    hooks = site.worker.hooks.reply_in
    assert [hook(context(site.worker, parse_message(ours))) for hook in hooks] == [True]
    assert [hook(context(site.worker, reply(method="OPTIONS"))) for hook in hooks] == [False]


@pytest.mark.parametrize("method", ["NULL", "null", "INFO"])
def test_line_ends_by_default(make_site: MakeSite, method: str) -> None:
    site = make_site(natping_interval=1, natping_method=method)
    site.put("a")
    assert [data for data, _ in site.second()] == [CRLF_PING]
    assert site.worker.hooks.reply_in == []


class Tm:
    """Takes requests as tm does."""

    def __init__(self, fails: bool) -> None:
        self.fails = fails
        self.requests: list[tuple[str, str, str, str]] = []

    def request(self, method: str, uri: str, from_: str, to: str, socket: object) -> None:
        if self.fails:
            raise PeerError(478, "Unresolvable destination")
        self.requests.append((method, uri, from_, to))


@pytest.mark.parametrize("fails", [False, True])
def test_requests_with_a_transaction(site: Site, fails: bool) -> None:
    tm = Tm(fails)
    sender = PingSender(site.worker, "INFO", tm)
    assert sender.ping("sip:a@h") is not fails
    assert tm.requests == ([] if fails else [("INFO", "sip:a@h", "<sip:registrar@127.0.0.1:9>", "<sip:a@h>")])
    assert site.sent() == []


def test_bad_parameters(make_site: MakeSite) -> None:
    (error,) = make_site(natping_method="INFO", natping_stateful=1).errors
    assert "module tm is needed" in str(error)
    (error,) = make_site(natping_method="A B").errors
    assert "natping_method is no method" in str(error)
    (error,) = make_site(force_socket="udp:203.0.113.1:1").errors
    assert "none of the listen sockets" in str(error)
    site = make_site(natping_crlf=0, natping_stateful=1)
    assert site.errors == []
    assert [text for text in site.worker.texts() if "has no effect" in text] == [
        "natping_crlf 0 has no effect without natping_method",
        "natping_stateful has no effect without natping_method",
    ]


def test_ping_contact(site: Site) -> None:
    ctx = site.receive()
    assert call(ctx, "ping_contact", "sip:a@203.0.113.9:8") == 1
    assert site.sent() == [(CRLF_PING, "udp:192.0.2.10:5060 1:203.0.113.9:8")]
    ctx.avps.add("contact", "sip:b@203.0.113.9:9", TRACK_TO | CLASS_URI)
    assert call(ctx, "ping_contact", "$t.contact") == 1
    assert site.sent() == [(CRLF_PING, "udp:192.0.2.10:5060 1:203.0.113.9:9")]
    for bad in ("$t.missing", "", "tel:1", "sip:", "sip:a@[2001:db8::1]"):
        assert call(ctx, "ping_contact", bad) == -1
    assert site.sent() == []


class Resolver:
    """Knows one host."""

    async def plan(self, host: str, port: int, proto: int, secure: bool) -> "Plan":
        if host != "phone.example":
            raise PeerError(478, "Unresolvable destination")
        return Plan()


class Plan:
    def next(self) -> "Target":
        return Target()


class Target:
    proto, ip, port = 1, "203.0.113.20", 5062


def test_names_are_looked_up(site: Site) -> None:
    site.worker.resolver = Resolver()
    assert call(site.receive(), "ping_contact", "sip:a@phone.example") == 1
    assert call(site.receive(), "ping_contact", "sip:a@other.example") == 1
    for waiting in site.worker.spawned:
        asyncio.run(waiting)
    assert site.sent() == [(CRLF_PING, "udp:192.0.2.10:5060 1:203.0.113.20:5062")]
    assert any("cannot ping sip:a@other.example" in text for text in site.worker.texts())
