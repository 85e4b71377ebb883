"""Keeps the ways to phones behind NAT open: each contact gets a packet every `natping_interval` seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from zlib import crc32

from siprouter.core.outgoing import NextHop, literal_target, next_hop
from siprouter.modules.nathelper.sip_ping import SipPing
from siprouter.modules.usrloc.contact import Contact
from siprouter.modules.usrloc.domain import INSERT, Domain
from siprouter.sip.nameaddr import parse_nameaddr
from siprouter.transport.endpoint import PROTO_NONE, PROTO_UDP, Endpoint, Listener
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes
from siprouter.util.wheel import CallTimer

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.modules.usrloc.state import Usrloc

EMPTY_PING = b"\0\0\0\0"
PORTIONS = 20
"""parts that the pings of a second are sent in, so that other traffic gets through"""


class RawSender(Protocol):
    """What sends with another source address than ours."""

    def send(self, data: bytes, ip: str, port: int) -> bool: ...


class Pinger:
    """Each address of record belongs to one second of the interval; all its contacts are pinged then.

    `needed_flags` are the branch flags that a contact must have to be pinged, `sip_flag` the one that asks for a SIP
    request (`sip_ping`) instead of four zero octets. `raw` sends the latter where it is given.
    """

    def __init__(
        self,
        worker: Worker,
        usrloc: Usrloc,
        interval: int,
        needed_flags: int = 0,
        sip_flag: int = 0,
        sip_ping: SipPing | None = None,
        forced: Listener | None = None,
        raw: RawSender | None = None,
    ) -> None:
        self.worker = worker
        self.usrloc = usrloc
        self.interval = interval
        self.needed_flags = needed_flags
        self.sip_flag = sip_flag
        self.sip_ping = sip_ping
        self.forced = forced
        self.raw = raw
        self.enabled = True
        self._slots: dict[Domain, list[set[str]]] = {}
        self._next_second: int | None = None
        usrloc.subscribe(self.add, INSERT)
        for domain in usrloc.domains.values():
            for aor, contacts in domain.records():
                if self._loads(aor):
                    self.add(INSERT, domain, aor, contacts[0])

    def _loads(self, aor: str) -> bool:
        """Of what is there at the start each worker takes a part; one that comes later takes all, since nobody knows
        which ones the worker before it pinged."""
        worker = self.worker
        return "comes_later" in worker.services or crc32(to_bytes(aor)) % worker.count == worker.index

    def add(self, event: int, domain: Domain, aor: str, contact: Contact) -> None:
        """A new contact: its address of record is pinged from now on."""
        slots = self._slots.get(domain)
        if slots is None:
            slots = [set() for _ in range(self.interval)]
            self._slots[domain] = slots
        slots[crc32(to_bytes(aor)) % self.interval].add(aor)

    def tick(self, now: float) -> None:
        """About once a second. Seconds that were missed are made up for, those of one interval at most."""
        second = int(now)
        first = second if self._next_second is None else max(self._next_second, second - self.interval + 1)
        self._next_second = second + 1
        if not self.enabled:
            return
        for passed in range(first, second + 1):
            self._schedule(passed % self.interval, now)

    def _schedule(self, slot: int, now: float) -> None:
        """Spreads the pings of a slot over the second."""
        due = [(domain, aor) for domain, slots in self._slots.items() for aor in slots[slot]]
        if not due:
            return
        size = -(-len(due) // PORTIONS)
        for number in range(0, len(due), size):
            delay = number // size / PORTIONS
            portion = due[number : number + size]
            if delay == 0:
                self._ping_all(portion, slot)
            else:
                self.worker.wheel.add(CallTimer(self._ping_all, portion, slot), now + delay)

    def _ping_all(self, portion: list[tuple[Domain, str]], slot: int) -> None:
        for domain, aor in portion:
            contacts = domain.valid(aor)
            if not contacts and not domain.get(aor):
                self._slots[domain][slot].discard(aor)
            for contact in contacts:
                if contact.cflags & self.needed_flags == self.needed_flags:
                    self.ping(contact)

    def ping(self, contact: Contact) -> None:
        """Pings one contact, where it is reached over UDP."""
        by_sip = bool(contact.cflags & self.sip_flag)
        try:
            if by_sip and contact.path:
                data = to_bytes(contact.path)
                hop = next_hop(parse_nameaddr(data, 0, len(data), True).uri)
            else:
                hop = next_hop(contact.received or contact.uri)
        except PeerError as error:
            self.worker.log.error("cannot ping %s: %s", contact.uri, error, source="nathelper")
            return
        if hop.proto not in (PROTO_UDP, PROTO_NONE):
            return
        target = literal_target(NextHop(hop.host, hop.port, PROTO_UDP, False))
        if target is not None:
            self._send(contact, by_sip, target.ip, target.port)
        elif self.worker.resolver is not None:
            self.worker.spawn(self._resolve(contact, by_sip, hop), "nathelper ping")

    async def _resolve(self, contact: Contact, by_sip: bool, hop: NextHop) -> None:
        try:
            plan = await self.worker.resolver.plan(hop.host, hop.port, PROTO_UDP, False)
        except PeerError as error:
            self.worker.log.warning("cannot ping %s: %s", contact.uri, error, source="nathelper")
            return
        target = plan.next()
        if target is not None:
            self._send(contact, by_sip, target.ip, target.port)

    def _send(self, contact: Contact, by_sip: bool, ip: str, port: int) -> None:
        if not by_sip and self.raw is not None:
            self.raw.send(EMPTY_PING, ip, port)
            return
        forced = self.usrloc.listener(contact.socket) or self.forced
        listener: Listener | None = self.worker.listeners.choose(PROTO_UDP, ip, forced)
        if listener is None:
            self.worker.log.error("no socket to ping %s from", ip, source="nathelper")
            return
        data = EMPTY_PING
        if by_sip and self.sip_ping is not None:
            data = self.sip_ping.build(contact.received or contact.uri, contact.path, listener)
        self.worker.outlet.send(data, Endpoint(PROTO_UDP, ip, port, 0, listener))
