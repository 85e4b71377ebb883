"""Where to send: RFC 3263 with the choices of SIP Router, from answers that are at hand. No I/O in this file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from siprouter.dns.cache import Answer
from siprouter.dns.wire import AAAA, NAPTR, SRV, A, Naptr, Srv, normalize_name
from siprouter.transport.endpoint import (
    PROTO_NONE,
    PROTO_SCTP,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    PROTO_WS,
    PROTO_WSS,
    default_port,
)
from siprouter.util.address import normalize_ip
from siprouter.util.errors import PeerError

MAX_TARGETS = 64
MAX_NAPTRS = 32

IPV4_ONLY = 1  # dns_cache_flags
IPV6_ONLY = 2
IPV6_FIRST = 4

SRV_PREFIXES = {
    PROTO_UDP: "_sip._udp.",
    PROTO_TCP: "_sip._tcp.",
    PROTO_TLS: "_sips._tcp.",
    PROTO_SCTP: "_sip._sctp.",
}
NAPTR_SERVICES = {
    "SIP+D2U": PROTO_UDP,
    "SIP+D2T": PROTO_TCP,
    "SIP+D2S": PROTO_SCTP,
    "SIPS+D2T": PROTO_TLS,
}

Question = tuple[str, int]
Lookup = Callable[[str, int], Answer | None]


class ResolveError(PeerError):
    """A host that cannot be resolved."""

    def __init__(self, reason: str) -> None:
        super().__init__(478, reason)


class Target(NamedTuple):
    """One address to send to."""

    proto: int
    ip: str
    port: int


class Plan:
    """Targets in the order in which to try them."""

    __slots__ = ("_next", "targets")

    def __init__(self, targets: list[Target]) -> None:
        self.targets = targets
        self._next = 0

    def next(self) -> Target | None:
        """The next target; None when all have been given."""
        if self._next >= len(self.targets):
            return None
        self._next += 1
        return self.targets[self._next - 1]

    def __iter__(self) -> Iterator[Target]:
        """All targets, those already given too."""
        return iter(self.targets)


@dataclass(slots=True)
class PlanOptions:
    """What the settings and the listeners say. `random(n)` gives a number between 0 and n inclusive.

    `protos`: the protocols that can be sent over; `preferences`: the dns_*_pref settings, negative ones forbid.
    """

    protos: frozenset[int]
    random: Callable[[int], int]
    preferences: dict[int, int]
    try_naptr: bool = False
    try_ipv6: bool = True
    flags: int = 0
    failover: bool = False
    srv_lb: bool = False


class Missing(Exception):
    """Answers are missing: `questions` may be asked all at once; then plan again."""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__(questions)
        self.questions = questions


def plan_targets(host: str, port: int, proto: int, secure: bool, options: PlanOptions, lookup: Lookup) -> list[Target]:
    """The targets for a host, from the answers that `lookup(name, type)` gives (None: not known).

    port 0 and PROTO_NONE mean that none is given; `secure` asks for TLS (sips). Without failover there is one target at
    most. Empty where the host has no address. Raises Missing as long as answers are missing.
    """
    if secure and proto in (PROTO_NONE, PROTO_TCP, PROTO_UDP):
        proto = PROTO_TLS
    elif secure and proto == PROTO_WS:
        proto = PROTO_WSS
    address = normalize_ip(host)
    if address is not None:
        proto = proto or PROTO_UDP
        return [Target(proto, address, port or default_port(proto))]
    planner = _Planner(options, lookup)
    planner.plan(normalize_name(host), port, proto)
    if planner.missing:
        raise Missing(planner.missing)
    return planner.targets


class _Planner:
    """One attempt: collects targets, or what is missing to find them."""

    def __init__(self, options: PlanOptions, lookup: Lookup) -> None:
        self.options = options
        self.lookup = lookup
        self.limit = MAX_TARGETS if options.failover else 1
        self.targets: list[Target] = []
        self.missing: list[Question] = []
        self.refused = False

    def plan(self, host: str, port: int, proto: int) -> None:
        """RFC 3263 4.1 and 4.2."""
        if port:
            self.add_host(proto or PROTO_UDP, host, port)
            return
        services = [(proto or PROTO_UDP, host)]
        if proto == PROTO_NONE and self.options.try_naptr:
            naptrs = [item for item in self.ask(host, NAPTR) if isinstance(item, Naptr)]
            if self.missing:
                return
            for chosen, name in self.by_preference(naptrs):
                self.add_services(chosen, name)
                if self.targets or self.missing:
                    return
            # RFC 3263 4.1: without usable NAPTR records every protocol is tried
            services = [(other, host) for other in self.preferred_protos()]
        for chosen, name in services:
            prefix = SRV_PREFIXES.get(chosen)
            if prefix is not None:
                self.add_services(chosen, prefix + name)
            if self.targets or self.missing:
                return
        if not self.refused:
            chosen = services[0][0] if services else PROTO_UDP
            self.add_host(chosen, host, default_port(chosen))

    def ask(self, name: str, type: int) -> tuple[object, ...]:
        """The data of an answer; empty where it is missing, which is noted, or where there is none."""
        answer = self.lookup(name, type)
        if answer is None:
            self.missing.append((name, type))
            return ()
        return answer.data

    def is_full(self) -> bool:
        """Whether nothing more is wanted."""
        return len(self.targets) >= self.limit or (self.limit == 1 and bool(self.missing))

    def add_services(self, proto: int, name: str) -> None:
        """Adds the addresses of the SRV records of `name`."""
        found = [item for item in self.ask(name, SRV) if isinstance(item, Srv)]
        records = [record for record in found if record.target]
        if found and not records:
            self.refused = True  # RFC 2782: a target of "." says that there is no such service
        for record in order_services(records, self.options.random if self.options.srv_lb else None):
            if self.is_full():
                break
            self.add_host(proto, record.target, record.port)

    def add_host(self, proto: int, host: str, port: int) -> None:
        """Adds the addresses of a host."""
        address = normalize_ip(host)
        if address is not None:
            self.add(Target(proto, address, port))
            return
        for type in self.address_types():
            if self.is_full():
                break
            for item in self.ask(host, type):
                self.add(Target(proto, str(item), port))

    def add(self, target: Target) -> None:
        """Adds a target, once."""
        if len(self.targets) < self.limit and target not in self.targets:
            self.targets.append(target)

    def address_types(self) -> tuple[int, ...]:
        """The types of address records to look for, in order."""
        flags = self.options.flags
        if not self.options.try_ipv6 or flags & IPV4_ONLY:
            return (A,)
        if flags & IPV6_ONLY:
            return (AAAA,)
        return (AAAA, A) if flags & IPV6_FIRST else (A, AAAA)

    def preference(self, proto: int) -> int:
        """The dns_*_pref setting of a protocol; negative where it cannot be used."""
        return self.options.preferences.get(proto, 0) if proto in self.options.protos else -1

    def preferred_protos(self) -> list[int]:
        """The usable protocols of SRV records, the most preferred first."""
        usable = [proto for proto in SRV_PREFIXES if self.preference(proto) >= 0]
        return sorted(usable, key=lambda proto: -self.preference(proto))

    def by_preference(self, records: list[Naptr]) -> list[tuple[int, str]]:
        """(protocol, SRV name) of the usable records: by our preference, then as their owner orders them."""
        usable = []
        for record in records[:MAX_NAPTRS]:
            proto = NAPTR_SERVICES.get(record.service.upper(), PROTO_NONE)
            if record.flags.lower() == "s" and not record.regexp and record.replacement and self.preference(proto) >= 0:
                usable.append((-self.preference(proto), record.order, record.preference, proto, record.replacement))
        return [(proto, name) for _, _, _, proto, name in sorted(usable, key=lambda entry: entry[:3])]


def order_services(records: list[Srv], random: Callable[[int], int] | None) -> list[Srv]:
    """SRV records by priority; within one by random weight (RFC 2782), or without `random` the heavier first."""
    if random is None:
        return sorted(records, key=lambda record: (record.priority, -record.weight))
    ordered: list[Srv] = []
    for priority in sorted({record.priority for record in records}):
        # records without weight come first, so that they keep a small chance
        group = sorted(
            (record for record in records if record.priority == priority), key=lambda record: record.weight > 0
        )
        while group:
            ordered.append(group.pop(_pick(group, random)))
    return ordered


def _pick(group: list[Srv], random: Callable[[int], int]) -> int:
    """The index of the record whose running sum of weights first reaches a random number."""
    if len(group) == 1:
        return 0
    wanted = random(sum(record.weight for record in group))
    running = 0
    for index, record in enumerate(group):
        running += record.weight
        if running >= wanted:
            return index
    return 0
