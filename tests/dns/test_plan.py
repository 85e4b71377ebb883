"""RFC 3263 plans from answers at hand."""

from collections import Counter
from collections.abc import Callable

import pytest

from siprouter.dns.cache import Answer
from siprouter.dns.plan import (
    IPV4_ONLY,
    IPV6_FIRST,
    IPV6_ONLY,
    Missing,
    Plan,
    PlanOptions,
    Target,
    order_services,
    plan_targets,
)
from siprouter.dns.wire import AAAA, NAPTR, SRV, A, Data, Naptr, Srv
from siprouter.transport.endpoint import PROTO_NONE, PROTO_SCTP, PROTO_TCP, PROTO_TLS, PROTO_UDP, PROTO_WS, PROTO_WSS

ALL = frozenset({PROTO_UDP, PROTO_TCP, PROTO_TLS, PROTO_SCTP})


def options(**more: object) -> PlanOptions:
    made = PlanOptions(
        ALL, lambda most: 0, {PROTO_UDP: 30, PROTO_TCP: 20, PROTO_TLS: 10, PROTO_SCTP: 20}, failover=True
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


class Zone:
    """Answers; what is not there does not exist. `asked` lists the questions."""

    def __init__(self, records: dict[tuple[str, int], list[Data]]) -> None:
        self.records = records
        self.asked: list[tuple[str, int]] = []

    def __call__(self, name: str, type: int) -> Answer | None:
        self.asked.append((name, type))
        return Answer(tuple(self.records.get((name, type), ())), 60)


EXAMPLE: dict[tuple[str, int], list[Data]] = {
    ("example.com", A): ["192.0.2.1", "192.0.2.2"],
    ("example.com", AAAA): ["2001:db8::1"],
    ("_sip._udp.srv.example", SRV): [Srv(20, 0, 5080, "b.example"), Srv(10, 0, 5070, "a.example")],
    ("_sip._tcp.srv.example", SRV): [Srv(10, 0, 5075, "a.example")],
    ("_sips._tcp.srv.example", SRV): [Srv(10, 0, 5061, "b.example")],
    ("a.example", A): ["192.0.2.11"],
    ("b.example", A): ["192.0.2.12"],
    ("srv.example", A): ["192.0.2.19"],
}


def plan(
    zone: dict[tuple[str, int], list[Data]],
    host: str,
    port: int = 0,
    proto: int = 0,
    secure: bool = False,
    **more: object,
) -> list[Target]:
    return plan_targets(host, port, proto, secure, options(**more), Zone(zone))


@pytest.mark.parametrize(
    ("host", "port", "proto", "secure", "target"),
    [
        ("192.0.2.9", 0, PROTO_NONE, False, Target(PROTO_UDP, "192.0.2.9", 5060)),
        ("192.0.2.9", 5070, PROTO_TCP, False, Target(PROTO_TCP, "192.0.2.9", 5070)),
        ("192.0.2.9", 0, PROTO_TLS, False, Target(PROTO_TLS, "192.0.2.9", 5061)),
        ("192.0.2.9", 0, PROTO_NONE, True, Target(PROTO_TLS, "192.0.2.9", 5061)),
        ("192.0.2.9", 0, PROTO_TCP, True, Target(PROTO_TLS, "192.0.2.9", 5061)),
        ("192.0.2.9", 443, PROTO_WS, True, Target(PROTO_WSS, "192.0.2.9", 443)),
        ("[2001:DB8::9]", 0, PROTO_NONE, False, Target(PROTO_UDP, "2001:db8::9", 5060)),
        ("2001:db8::9", 0, PROTO_NONE, False, Target(PROTO_UDP, "2001:db8::9", 5060)),
    ],
)
def test_addresses_need_no_lookup(host: str, port: int, proto: int, secure: bool, target: Target) -> None:
    assert plan_targets(host, port, proto, secure, options(), lambda name, type: None) == [target]


def test_with_a_port_only_addresses_are_looked_up() -> None:
    zone = Zone(EXAMPLE)
    found = plan_targets("example.com", 5070, PROTO_NONE, False, options(), zone)
    assert found == [
        Target(PROTO_UDP, "192.0.2.1", 5070),
        Target(PROTO_UDP, "192.0.2.2", 5070),
        Target(PROTO_UDP, "2001:db8::1", 5070),
    ]
    assert zone.asked == [("example.com", A), ("example.com", AAAA)]


def test_without_failover_one_target_and_no_more_questions_than_needed() -> None:
    zone = Zone(EXAMPLE)
    found = plan_targets("srv.example", 0, PROTO_NONE, False, options(failover=False), zone)
    assert found == [Target(PROTO_UDP, "192.0.2.11", 5070)]
    assert zone.asked == [("_sip._udp.srv.example", SRV), ("a.example", A)]


def test_services_by_priority() -> None:
    assert plan(EXAMPLE, "srv.example") == [
        Target(PROTO_UDP, "192.0.2.11", 5070),
        Target(PROTO_UDP, "192.0.2.12", 5080),
    ]
    assert plan(EXAMPLE, "SRV.example.", proto=PROTO_TCP) == [Target(PROTO_TCP, "192.0.2.11", 5075)]
    assert plan(EXAMPLE, "srv.example", secure=True) == [Target(PROTO_TLS, "192.0.2.12", 5061)]


def test_without_services_the_host_itself() -> None:
    assert plan(EXAMPLE, "srv.example", proto=PROTO_SCTP) == [Target(PROTO_SCTP, "192.0.2.19", 5060)]
    assert plan(EXAMPLE, "example.com", proto=PROTO_TLS)[0] == Target(PROTO_TLS, "192.0.2.1", 5061)
    assert plan(EXAMPLE, "example.com", proto=PROTO_WS)[0] == Target(PROTO_WS, "192.0.2.1", 5060)


def test_services_that_lead_nowhere_fall_back_to_the_host() -> None:
    zone: dict[tuple[str, int], list[Data]] = {
        ("_sip._udp.x.example", SRV): [Srv(1, 1, 1, "gone.example")],
        ("x.example", A): ["192.0.2.5"],
    }
    assert plan(zone, "x.example") == [Target(PROTO_UDP, "192.0.2.5", 5060)]
    assert plan({}, "x.example") == []


def test_a_service_that_is_refused_is_not_replaced_by_the_host() -> None:
    zone: dict[tuple[str, int], list[Data]] = {
        ("_sip._udp.x.example", SRV): [Srv(0, 0, 0, "")],
        ("x.example", A): ["192.0.2.5"],
    }
    assert plan(zone, "x.example") == []


@pytest.mark.parametrize(
    ("flags", "try_ipv6", "addresses"),
    [
        (0, True, ["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        (0, False, ["192.0.2.1", "192.0.2.2"]),
        (IPV4_ONLY, True, ["192.0.2.1", "192.0.2.2"]),
        (IPV6_ONLY, True, ["2001:db8::1"]),
        (IPV6_ONLY, False, ["192.0.2.1", "192.0.2.2"]),
        (IPV6_FIRST, True, ["2001:db8::1", "192.0.2.1", "192.0.2.2"]),
    ],
)
def test_address_families(flags: int, try_ipv6: bool, addresses: list[str]) -> None:
    found = plan(EXAMPLE, "example.com", 5060, flags=flags, try_ipv6=try_ipv6)
    assert [target.ip for target in found] == addresses


NAPTRS: dict[tuple[str, int], list[Data]] = {
    **EXAMPLE,
    ("srv.example", NAPTR): [
        Naptr(20, 1, "s", "SIP+D2U", "", "_sip._udp.srv.example"),
        Naptr(10, 1, "S", "sip+d2t", "", "_sip._tcp.srv.example"),
        Naptr(5, 1, "s", "SIPS+D2T", "", "_sips._tcp.srv.example"),
        Naptr(1, 1, "u", "E2U+sip", "!x!y!", ""),
        Naptr(1, 1, "s", "SIP+D2X", "", "_sip._udp.other.example"),
    ],
}


def test_naptr_is_asked_only_where_wanted_and_nothing_is_given() -> None:
    for more in ({"try_naptr": False}, {"try_naptr": True, "proto": PROTO_UDP}, {"try_naptr": True, "port": 5060}):
        zone = Zone(NAPTRS)
        plan_targets(
            "srv.example",
            int(more.get("port", 0)),
            int(more.get("proto", 0)),
            False,
            options(try_naptr=more["try_naptr"]),
            zone,
        )
        assert ("srv.example", NAPTR) not in zone.asked


def test_naptr_by_our_preference() -> None:
    assert {target.proto for target in plan(NAPTRS, "srv.example", try_naptr=True)} == {PROTO_UDP}
    preferences = {PROTO_UDP: -1, PROTO_TCP: 5, PROTO_TLS: 1}
    assert {target.proto for target in plan(NAPTRS, "srv.example", try_naptr=True, preferences=preferences)} == {
        PROTO_TCP
    }


def test_naptr_by_theirs_where_ours_are_equal() -> None:
    equal = {PROTO_UDP: 0, PROTO_TCP: 0, PROTO_TLS: 0}
    assert plan(NAPTRS, "srv.example", try_naptr=True, preferences=equal) == [Target(PROTO_TLS, "192.0.2.12", 5061)]
    no_tls = frozenset({PROTO_UDP, PROTO_TCP})
    assert plan(NAPTRS, "srv.example", try_naptr=True, preferences=equal, protos=no_tls)[0].proto == PROTO_TCP


def test_without_naptr_every_protocol_is_tried_by_preference() -> None:
    zone = {key: value for key, value in EXAMPLE.items() if key != ("_sip._udp.srv.example", SRV)}
    assert plan(zone, "srv.example", try_naptr=True) == [Target(PROTO_TCP, "192.0.2.11", 5075)]
    assert plan(zone, "srv.example") == [Target(PROTO_UDP, "192.0.2.19", 5060)]


def test_missing_answers_are_asked_together_where_all_are_wanted() -> None:
    known = {("_sip._udp.srv.example", SRV): Answer(tuple(EXAMPLE["_sip._udp.srv.example", SRV]), 60)}

    def lookup(name: str, type: int) -> Answer | None:
        return known.get((name, type))

    def missing(failover: bool) -> list[tuple[str, int]]:
        with pytest.raises(Missing) as caught:
            plan_targets("srv.example", 0, PROTO_NONE, False, options(failover=failover), lookup)
        return caught.value.questions

    assert missing(True) == [("a.example", A), ("a.example", AAAA), ("b.example", A), ("b.example", AAAA)]
    assert missing(False) == [("a.example", A)]
    known[("a.example", A)] = Answer((), 60)
    assert missing(False) == [("a.example", AAAA)]
    known[("a.example", AAAA)] = Answer((), 60)
    assert missing(False) == [("b.example", A)]


def test_weights_follow_rfc_2782() -> None:
    records = [Srv(1, 0, 1, "zero"), Srv(1, 30, 1, "light"), Srv(1, 70, 1, "heavy"), Srv(2, 0, 1, "last")]

    def picking(*numbers: int) -> Callable[[int], int]:
        left = list(numbers)
        return lambda most: left.pop(0)

    def names(random: Callable[[int], int] | None) -> list[str]:
        return [record.target for record in order_services(records, random)]

    assert names(None) == ["heavy", "light", "zero", "last"]
    assert names(picking(0, 0)) == ["zero", "light", "heavy", "last"]
    assert names(picking(1, 1)) == ["light", "heavy", "zero", "last"]
    assert names(picking(31, 30)) == ["heavy", "light", "zero", "last"]
    assert names(picking(100, 0)) == ["heavy", "zero", "light", "last"]


def test_weights_spread_the_load() -> None:
    state = [1]

    def random(most: int) -> int:
        state[0] = (state[0] * 1103515245 + 12345) % (1 << 31)
        return (state[0] >> 8) % (most + 1)

    records = [Srv(1, 25, 1, "one"), Srv(1, 75, 1, "three")]
    first = Counter(order_services(records, random)[0].target for _ in range(4000))
    assert 850 < first["one"] < 1150


def test_load_balancing_only_where_wanted() -> None:
    zone: dict[tuple[str, int], list[Data]] = {
        ("_sip._udp.x.example", SRV): [Srv(1, 90, 1, "192.0.2.1"), Srv(1, 10, 1, "192.0.2.2")],
    }
    assert [target.ip for target in plan(zone, "x.example", random=lambda most: most)] == ["192.0.2.1", "192.0.2.2"]
    assert [target.ip for target in plan(zone, "x.example", srv_lb=True, random=lambda most: most)] == [
        "192.0.2.2",
        "192.0.2.1",
    ]


def test_targets_are_bounded_and_not_repeated() -> None:
    zone: dict[tuple[str, int], list[Data]] = {
        ("big.example", A): [f"192.0.{high}.{low}" for high in range(2) for low in range(200)],
        ("twice.example", A): ["192.0.2.1", "192.0.2.1"],
    }
    assert len(plan(zone, "big.example", 5060)) == 64
    assert len(plan(zone, "twice.example", 5060)) == 1


def test_a_plan_gives_its_targets_one_by_one() -> None:
    one, two = Target(PROTO_UDP, "192.0.2.1", 5060), Target(PROTO_TCP, "192.0.2.2", 5060)
    made = Plan([one, two])
    assert [made.next(), made.next(), made.next(), made.next()] == [one, two, None, None]
    assert list(made) == [one, two]
