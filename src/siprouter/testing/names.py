"""Host names for a node under test: the real resolver (RFC 3263, cache, failover) with answers that the test gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from siprouter.dns.cache import DnsCache
from siprouter.dns.client import ClientOptions, DnsClient
from siprouter.dns.hosts import HostsFile
from siprouter.dns.plan import PlanOptions
from siprouter.dns.resolver import Resolver
from siprouter.dns.wire import (
    AAAA,
    CNAME,
    NAPTR,
    NOERROR,
    NXDOMAIN,
    SRV,
    A,
    Data,
    Naptr,
    Record,
    Response,
    Srv,
    normalize_name,
)
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP
from siprouter.util.address import normalize_ip
from siprouter.util.log import Log

NameData = str | Srv | Naptr
Names = Mapping[str, Any]
"""by name: addresses, another name (CNAME), Srv and Naptr records; one or several"""

TTL = 300


class FakeClient(DnsClient):
    """A name server that knows `names` only; its answers take `delay` seconds. `asked` are the questions so far."""

    def __init__(self, names: Names, sleep: Callable[[float], Awaitable[None]], delay: float = 0.0) -> None:
        super().__init__(ClientOptions())
        self.names = {normalize_name(name): as_list(data) for name, data in names.items()}
        self.delay = delay
        self.asked: list[tuple[str, int]] = []
        self._sleep = sleep

    async def ask(self, name: str, type: int) -> Response:
        """The records of a name, an alias included; NXDOMAIN where it is not known."""
        self.asked.append((name, type))
        if self.delay:
            await self._sleep(self.delay)
        known = self.names.get(normalize_name(name))
        if known is None:
            return Response(NXDOMAIN, False)
        records = [Record(name, type_of(data), TTL, data) for data in known]
        return Response(NOERROR, False, [record for record in records if record.type in (type, CNAME)])


def as_list(data: NameData | Iterable[NameData]) -> list[Data]:
    """One record or several, addresses in canonical form."""
    single = isinstance(data, str | Srv | Naptr)
    items: Iterable[NameData] = [data] if single else data  # type: ignore[assignment, list-item]
    return [normalize_ip(item) or normalize_name(item) if isinstance(item, str) else item for item in items]


def type_of(data: Data) -> int:
    """The type of a record with this data."""
    if isinstance(data, Srv):
        return SRV
    if isinstance(data, Naptr):
        return NAPTR
    text = str(data)
    if normalize_ip(text) is None:
        return CNAME
    return AAAA if ":" in text else A


class NoHosts(HostsFile):
    """No /etc/hosts: what a test sees must not depend on the machine."""

    def get(self, name: str, type: int, now: float) -> tuple[str, ...]:
        """Nothing."""
        return ()


def fake_resolver(
    names: Names,
    clock: Callable[[], float],
    log: Log,
    sleep: Callable[[float], Awaitable[None]],
    *,
    delay: float = 0.0,
    options: PlanOptions | None = None,
) -> Resolver:
    """A resolver that knows `names`. Of SRV records with one priority the first in the list is always picked."""
    if options is None:
        options = PlanOptions(frozenset((PROTO_UDP, PROTO_TCP)), lambda most: 0, {})
    return Resolver(FakeClient(names, sleep, delay), DnsCache(), options, NoHosts(), clock, log)
