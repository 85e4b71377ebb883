"""What counts as ourselves, and which socket sends."""

import pytest

from siprouter.transport.endpoint import PROTO_NONE, PROTO_TCP, PROTO_TLS, PROTO_UDP, Listener
from siprouter.transport.listen import Alias, ListenPlan, SocketPlan
from siprouter.transport.listeners import Listeners

PLAN = ListenPlan(
    [
        SocketPlan(PROTO_UDP, "127.0.0.1", 5060, "127.0.0.1"),
        SocketPlan(PROTO_UDP, "192.0.2.1", 5060, "sip.example.com"),
        SocketPlan(PROTO_UDP, "192.0.2.2", 5080, "192.0.2.2"),
        SocketPlan(PROTO_UDP, "2001:db8::1", 5060, "2001:db8::1"),
        SocketPlan(PROTO_TCP, "192.0.2.1", 5060, "192.0.2.1"),
    ],
    [Alias("example.com"), Alias("tcp.example.com", 5070, PROTO_TCP)],
)


@pytest.fixture
def mine() -> Listeners:
    return Listeners.from_plan(PLAN)


@pytest.mark.parametrize(
    ("host", "port", "proto", "expected"),
    [
        ("192.0.2.1", 0, PROTO_NONE, True),
        ("192.0.2.1", 5060, PROTO_NONE, True),
        ("192.0.2.1", 5061, PROTO_NONE, False),
        ("192.0.2.1", 5060, PROTO_TCP, True),
        ("192.0.2.2", 5080, PROTO_UDP, True),
        ("192.0.2.2", 0, PROTO_TCP, False),
        ("192.0.2.2", 5060, PROTO_NONE, False),
        ("SIP.example.COM", 5060, PROTO_UDP, True),
        ("sip.example.com", 5060, PROTO_TCP, False),
        ("[2001:db8::1]", 5060, PROTO_UDP, True),
        ("[2001:0DB8:0::0001]", 0, PROTO_NONE, True),
        ("2001:db8::1", 0, PROTO_NONE, True),
        ("2001:db8::2", 0, PROTO_NONE, False),
        ("example.com", 7777, PROTO_TLS, True),
        ("tcp.example.com", 5070, PROTO_TCP, True),
        ("tcp.example.com", 0, PROTO_NONE, True),
        ("tcp.example.com", 5071, PROTO_TCP, False),
        ("tcp.example.com", 5070, PROTO_UDP, False),
        ("elsewhere.example.com", 0, PROTO_NONE, False),
        ("", 0, PROTO_NONE, False),
    ],
)
def test_myself(mine: Listeners, host: str, port: int, proto: int, expected: bool) -> None:
    assert mine.is_myself(host, port, proto) is expected


def test_modules_add_their_own_check(mine: Listeners) -> None:
    mine.self_checks.append(lambda host, port, proto: host == "sip.example.org" and port in (0, 5060))
    assert mine.is_myself("sip.example.org")
    assert not mine.is_myself("sip.example.org", 5061)


def test_ports(mine: Listeners) -> None:
    assert mine.is_my_port(5080) and mine.is_my_port(5080, PROTO_UDP)
    assert not mine.is_my_port(5080, PROTO_TCP) and not mine.is_my_port(5070)


def test_find(mine: Listeners) -> None:
    assert [str(mine.find(*wanted)) for wanted in [("192.0.2.1", 0, PROTO_TCP), ("example.com", 0, PROTO_NONE)]] == [
        "<Listener tcp:192.0.2.1:5060>",
        "None",
    ]
    assert [listener.name for listener in mine][:2] == ["udp:127.0.0.1:5060", "udp:192.0.2.1:5060"]


def name(listener: Listener | None) -> str:
    return listener.name if listener is not None else ""


def test_the_default_is_the_first_that_is_not_loopback(mine: Listeners) -> None:
    assert name(mine.choose(PROTO_UDP, "203.0.113.9")) == "udp:192.0.2.1:5060"
    assert name(mine.choose(PROTO_UDP, "2001:db8::9")) == "udp:[2001:db8::1]:5060"
    assert name(mine.choose(PROTO_TCP, "203.0.113.9")) == "tcp:192.0.2.1:5060"
    assert name(mine.choose(PROTO_TCP, "2001:db8::9")) == ""
    assert name(mine.choose(PROTO_TLS, "203.0.113.9")) == ""


def test_udp_answers_from_where_it_came_in(mine: Listeners) -> None:
    second = mine.find("192.0.2.2")
    assert name(mine.choose(PROTO_UDP, "203.0.113.9", received=second)) == "udp:192.0.2.2:5080"
    assert name(mine.choose(PROTO_UDP, "2001:db8::9", received=second)) == "udp:[2001:db8::1]:5060"
    assert name(mine.choose(PROTO_TCP, "203.0.113.9", received=second)) == "tcp:192.0.2.1:5060"


def test_a_forced_socket_counts_where_it_fits(mine: Listeners) -> None:
    second, tcp = mine.find("192.0.2.2"), mine.find("192.0.2.1", 0, PROTO_TCP)
    assert name(mine.choose(PROTO_UDP, "203.0.113.9", forced=second)) == "udp:192.0.2.2:5080"
    assert name(mine.choose(PROTO_UDP, "203.0.113.9", forced=tcp)) == "udp:192.0.2.1:5060"
    assert name(mine.choose(PROTO_TCP, "203.0.113.9", forced=second)) == "tcp:192.0.2.1:5060"
    assert name(mine.choose(PROTO_UDP, "2001:db8::9", forced=second)) == "udp:[2001:db8::1]:5060"


def test_multihomed_asks_the_system_for_the_source() -> None:
    sources = {"203.0.113.9": "192.0.2.2", "203.0.113.10": "198.51.100.1"}
    mine = Listeners.from_plan(PLAN, source_address=sources.get)
    assert name(mine.choose(PROTO_UDP, "203.0.113.9", received=mine.find("127.0.0.1"))) == "udp:192.0.2.2:5080"
    assert name(mine.choose(PROTO_UDP, "203.0.113.10")) == ""
    assert name(mine.choose(PROTO_TCP, "203.0.113.9")) == "tcp:192.0.2.1:5060"


def test_advertised_address_goes_to_all() -> None:
    mine = Listeners.from_plan(PLAN, "nat.example.com", 5090)
    assert {listener.sent_by for listener in mine} == {b"nat.example.com:5090"}
