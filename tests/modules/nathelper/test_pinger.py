"""Pings: who gets one, when, what and from where."""

from typing import Any

import pytest

from siprouter.modules.nathelper.pinger import EMPTY_PING, PORTIONS
from siprouter.modules.nathelper.state import Nathelper
from siprouter.modules.usrloc.contact import ALL_METHODS, Contact
from siprouter.modules.usrloc.domain import DELETE, INSERT, Domain
from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument
from siprouter.sip.message import parse_message
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Listener
from siprouter.util.errors import PeerError
from siprouter.util.wheel import Wheel
from tests.support.fakes import FakeWorker, context, reply
from tests.support.states import make_state

NOW = 1_700_000_000


class Site:
    def __init__(self, usrloc: dict[str, Any], nathelper: dict[str, Any]) -> None:
        self.worker = FakeWorker(
            Listener(PROTO_UDP, "192.0.2.10", 5060),
            Listener(PROTO_UDP, "192.0.2.11", 5070),
            Listener(PROTO_TCP, "192.0.2.10", 5060),
        )
        self.worker.wall_time = float(NOW)
        self.worker.state = make_state(self.worker.wall_clock)
        self.worker.wheel = Wheel(self.worker.time)
        self.worker.load("usrloc", **usrloc)
        self.inst: Nathelper = self.worker.load("nathelper", **nathelper)
        self.errors = self.worker.configure_modules()
        self.domain: Domain = self.worker.module("usrloc").domain("location")

    def put(self, aor: str, uri: str = "sip:bob@203.0.113.7:1024", **changes: Any) -> Contact:
        fields: dict[str, Any] = {
            "expires": NOW + 600,
            "q": -1,
            "call_id": "c",
            "cseq": 1,
            "flags": 0,
            "cflags": 0,
            "user_agent": "ua",
            "received": None,
            "path": None,
            "socket": None,
            "methods": ALL_METHODS,
            "last_modified": NOW,
        }
        fields.update(changes)
        one = Contact(uri, **fields)
        self.domain.store(aor, (*self.domain.get(aor), one), [(INSERT, one)])
        return one

    def second(self) -> list[tuple[bytes, str, int, str]]:
        """One second passes; the pings sent: data, address, port, socket."""
        for callback in self.worker.hooks.tick:
            callback(self.worker.time)
        start = self.worker.time
        for portion in range(1, PORTIONS + 1):
            self.worker.time = start + portion / PORTIONS
            self.worker.wheel.advance(self.worker.time)
        taken = [(data, to.ip, to.port, to.listener.name) for data, to in self.worker.outlet.sent]
        self.worker.outlet.sent.clear()
        return taken

    def seconds(self, count: int) -> list[tuple[bytes, str, int, str]]:
        return [ping for _ in range(count) for ping in self.second()]


def test_every_contact_once_in_an_interval() -> None:
    site = Site({}, {"natping_interval": 5})
    for number in range(100):
        site.put(f"user{number}", f"sip:u@198.51.100.{number}:{number + 1}")
    by_second = [site.second() for _ in range(5)]
    pings = [ping for second in by_second for ping in second]
    assert sorted(port for _, _, port, _ in pings) == list(range(1, 101))
    assert {(data, name) for data, _, _, name in pings} == {(EMPTY_PING, "udp:192.0.2.10:5060")}
    assert all(5 <= len(second) <= 40 for second in by_second)
    assert by_second == [site.second() for _ in range(5)]


def test_contacts_that_went_are_forgotten() -> None:
    site = Site({}, {"natping_interval": 2})
    one = site.put("bob")
    site.put("ann", expires=NOW + 3)
    assert len(site.seconds(2)) == 2
    site.domain.store("bob", (), [(DELETE, one)])
    site.worker.wall_time += 3
    assert site.seconds(2) == []
    site.put("bob")
    assert len(site.seconds(2)) == 1


def test_contacts_from_before_the_start() -> None:
    site = Site({}, {})
    site.put("bob")
    from siprouter.modules.nathelper.pinger import Pinger

    pinger = Pinger(site.worker, site.worker.module("usrloc"), 1)
    pinger.tick(site.worker.time)
    assert len(site.worker.outlet.sent) == 1


def test_late_ticks_are_made_up_for() -> None:
    site = Site({}, {"natping_interval": 10})
    for number in range(50):
        site.put(f"user{number}")
    site.second()
    site.worker.time += 30
    assert len(site.second()) >= 45


def test_destinations() -> None:
    site = Site({}, {"natping_interval": 1, "force_socket": "udp:192.0.2.11:5070"})
    site.put("a", "sip:a@10.0.0.1", received="sip:203.0.113.1:1000", socket="udp:192.0.2.10:5060")
    site.put("b", "sip:b@203.0.113.2")
    site.put("c", "sip:c@203.0.113.3;transport=tcp")
    site.put("d", "sip:d@203.0.113.4", received="sip:203.0.113.4:4;transport=TLS")
    site.put("e", "nonsense")
    site.put("f", "sip:f@203.0.113.5;transport=udp", socket="tcp:192.0.2.10:5060")
    assert sorted(site.second()) == [
        (EMPTY_PING, "203.0.113.1", 1000, "udp:192.0.2.10:5060"),
        (EMPTY_PING, "203.0.113.2", 5060, "udp:192.0.2.11:5070"),
        (EMPTY_PING, "203.0.113.5", 5060, "udp:192.0.2.10:5060"),
    ]
    assert any("cannot ping nonsense" in text for text in site.worker.texts())


def test_only_contacts_behind_nat() -> None:
    site = Site({"nat_bflag": 6}, {"natping_interval": 1, "ping_nated_only": 1})
    site.put("a", "sip:a@203.0.113.1", cflags=64)
    site.put("a", "sip:a@203.0.113.2", cflags=32)
    assert [ip for _, ip, _, _ in site.second()] == ["203.0.113.1"]


def test_sip_pings() -> None:
    site = Site({}, {"natping_interval": 1, "sipping_bflag": 7, "sipping_from": "sip:pinger@example.com"})
    site.put("a", "sip:a@203.0.113.1", cflags=128)
    site.put("b", "sip:b@10.0.0.1", cflags=128, received="sip:203.0.113.2:9", path="<sip:203.0.113.9:7;lr>,<sip:p;lr>")
    site.put("c", "sip:c@203.0.113.3")
    pings = {ip: (data, port) for data, ip, port, _ in site.second()}
    assert pings["203.0.113.3"] == (EMPTY_PING, 5060)
    first = parse_message(pings["203.0.113.1"][0])
    assert (first.method, first.uri, first.to.uri) == ("OPTIONS", "sip:a@203.0.113.1", "sip:a@203.0.113.1")
    assert (first.from_.uri, len(first.from_.tag)) == ("sip:pinger@example.com", 8)
    assert first.value(first.find("Via")[0]) == "SIP/2.0/UDP 192.0.2.10;branch=0"
    assert first.call_id.endswith("@192.0.2.10")
    data, port = pings["203.0.113.9"]
    second = parse_message(data)
    assert port == 7
    assert second.uri == "sip:203.0.113.2:9"
    assert [route.uri for route in second.routes()] == ["sip:203.0.113.9:7;lr", "sip:p;lr"]
    assert second.call_id != first.call_id


def test_replies_to_sip_pings_end_here() -> None:
    site = Site({}, {"natping_interval": 1, "sipping_bflag": 0, "sipping_from": "sip:p@x", "sipping_method": "INFO"})
    site.put("a", cflags=1)
    [(data, _, _, _)] = site.second()
    call_id = parse_message(data).call_id
    [absorb] = site.worker.hooks.reply_in

    def absorbed(method: str, call_id: str, *headers: str) -> bool:
        msg = reply(200, "OK", *headers, method=method)
        text = msg.buf.replace(b"c1@192.0.2.1", call_id.encode())
        return absorb(context(site.worker, parse_message(text)))

    assert absorbed("INFO", call_id)
    assert not absorbed("OPTIONS", call_id)
    assert not absorbed("INFO", "other@x")
    assert not absorbed("INFO", call_id, "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK2")


class Plan:
    def __init__(self) -> None:
        self.targets: list[Any] = []

    def next(self) -> Any:
        return self.targets.pop(0) if self.targets else None


class Resolver:
    """Knows one name."""

    async def plan(self, host: str, port: int, proto: int, secure: bool) -> Plan:
        from siprouter.core.outgoing import Target

        if host != "phone.example.com":
            raise PeerError(478, "Unresolvable Destination")
        plan = Plan()
        plan.targets.append(Target(proto, "203.0.113.50", port or 5061))
        return plan


async def test_names_are_looked_up() -> None:
    site = Site({}, {"natping_interval": 1})
    site.worker.resolver = Resolver()
    site.put("a", "sip:a@phone.example.com")
    site.put("b", "sip:b@nowhere.example.com")
    assert site.second() == []
    for coroutine in site.worker.spawned:
        await coroutine
    assert [(to.ip, to.port) for _, to in site.worker.outlet.sent] == [("203.0.113.50", 5061)]
    assert any("cannot ping sip:b@nowhere.example.com" in text for text in site.worker.texts())


async def test_switching_off_and_on() -> None:
    site = Site({}, {"natping_interval": 1})
    site.put("a")

    async def enable(*values: str) -> tuple[int, str]:
        answer = await call_mi(site.worker, "nh_enable_ping", [MiArgument(None, value) for value in values])
        assert answer is not None
        return answer.code, answer.reason

    assert await enable("0") == (200, "OK")
    assert site.second() == []
    assert await enable("0x1") == (200, "OK")
    assert len(site.second()) == 1
    assert await enable("x") == (400, "Bad parameter")
    assert await enable() == (400, "Too few or too many arguments")


async def test_pings_that_are_not_configured() -> None:
    site = Site({}, {})
    answer = await call_mi(site.worker, "nh_enable_ping", [MiArgument(None, "1")])
    assert answer is not None and (answer.code, answer.reason) == (400, "NATping disabled from script")
    assert site.worker.hooks.tick == []


@pytest.mark.parametrize(
    "params,message",
    [
        ({"ping_nated_only": 1}, "needs the parameter nat_bflag"),
        ({"sipping_bflag": 32}, "sipping_bflag must be a flag"),
        ({"sipping_bflag": 1}, "needs sipping_from"),
        ({"sipping_bflag": 1, "sipping_from": "sip:x", "sipping_method": ""}, "needs sipping_from"),
        ({"force_socket": "udp:192.0.2.99:5060"}, "none of the listen sockets"),
        ({"natping_socket": "tcp:192.0.2.1:5060"}, "natping_socket must be"),
        ({"natping_socket": "host.example.com"}, "natping_socket must be"),
    ],
)
def test_bad_parameters(params: dict[str, Any], message: str) -> None:
    [error] = Site({}, {"natping_interval": 1, **params}).errors
    assert message in str(error)


def test_usrloc_is_needed_for_pings() -> None:
    worker = FakeWorker()
    worker.load("nathelper", natping_interval=1)
    [error] = worker.configure_modules()
    assert "usrloc is needed" in str(error)
