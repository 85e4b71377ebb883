"""The destination blacklist: addresses that failed lately and are not tried again for a while. Told the time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from siprouter.core.outgoing import setting
from siprouter.transport.endpoint import PROTO_NAMES, PROTO_NONE, SEND_IGNORE_SHIFT, Endpoint

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

# Why: bits of an entry's flags and of the parameters dst_blacklist_udp_imask and so on
IS_IPV6 = 1
ERR_SEND = 2
ERR_CONNECT = 4
ICMP_RECEIVED = 8
ERR_TIMEOUT = 16
REPLY_503 = 32
ADM_PROHIBITED = 64
PERMANENT = 128

# What an entry counts for against dst_blacklist_mem (kB)
ENTRY_SIZE = 64

Key = tuple[int, str, int]


class Entry:
    """Until when (seconds of the worker's clock) and why."""

    __slots__ = ("expires", "flags")

    def __init__(self, expires: float, flags: int) -> None:
        self.expires = expires
        self.flags = flags


class Blacklist:
    """One per worker; see `blacklist_of`. Nothing is added or found while use_dst_blacklist is off.

    `hits` counts destinations avoided, `evicted` entries that had to go because of the size limit.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.entries: dict[Key, Entry] = {}
        self.hits = 0
        self.evicted = 0
        self.next_sweep = 0.0

    def is_on(self) -> bool:
        """Core parameters use_dst_blacklist and dst_blacklist_init."""
        return bool(setting(self.worker, "use_dst_blacklist", 0) and setting(self.worker, "dst_blacklist_init", 1))

    def counts(self, reason: int, proto: int, flags: int) -> bool:
        """Whether an error lists its destination: neither the mask of the protocol nor endpoint flags name it."""
        ignored = setting(self.worker, f"dst_blacklist_{PROTO_NAMES[proto]}_imask", 0) | flags >> SEND_IGNORE_SHIFT
        return self.is_on() and bool(reason & ~ignored)

    def add(self, reason: int, to: Endpoint, now: float) -> None:
        """Note a failure for dst_blacklist_expire seconds, unless an ignore mask names it."""
        if self.counts(reason, to.proto, to.flags):
            self.force(reason, to.proto, to.ip, to.port, setting(self.worker, "dst_blacklist_expire", 60), now)

    def force(self, reason: int, proto: int, ip: str, port: int, seconds: float, now: float) -> None:
        """Note a destination for `seconds`, whatever the ignore masks say; port 0 and protocol 0 mean any."""
        key = (proto, ip, port)
        entry = self.entries.get(key)
        if entry is not None:
            entry.flags |= reason
            entry.expires = max(entry.expires, now + seconds)
            return
        self.make_room(now)
        self.entries[key] = Entry(now + seconds, reason | (IS_IPV6 if ":" in ip else 0))

    def make_room(self, now: float) -> None:
        """Delete expired entries now and then, and the oldest one where the size limit is reached."""
        most = max(setting(self.worker, "dst_blacklist_mem", 250) * 1024 // ENTRY_SIZE, 1)
        if now >= self.next_sweep or len(self.entries) >= most:
            self.next_sweep = now + max(setting(self.worker, "dst_blacklist_gc_interval", 60), 1)
            old = [key for key, entry in self.entries.items() if entry.expires <= now and not entry.flags & PERMANENT]
            for key in old:
                del self.entries[key]
        while len(self.entries) >= most:
            del self.entries[next(iter(self.entries))]
            self.evicted += 1

    def flags_of(self, proto: int, ip: str, port: int, now: float) -> int:
        """Why a destination is listed; 0 where it is not."""
        if not self.entries:
            return 0
        for key in ((proto, ip, port), (proto, ip, 0), (PROTO_NONE, ip, port), (PROTO_NONE, ip, 0)):
            entry = self.entries.get(key)
            if entry is not None and (entry.expires > now or entry.flags & PERMANENT):
                return entry.flags
        return 0

    def avoids(self, to: Endpoint, now: float) -> bool:
        """Whether a message should not be sent there."""
        if not self.entries or not self.is_on() or not self.flags_of(to.proto, to.ip, to.port, now):
            return False
        self.hits += 1
        return True

    def delete(self, proto: int, ip: str, port: int) -> bool:
        """Take one destination off; whether it was listed."""
        return self.entries.pop((proto, ip, port), None) is not None

    def clear(self) -> None:
        """Take all but permanent entries off."""
        for key in [key for key, entry in self.entries.items() if not entry.flags & PERMANENT]:
            del self.entries[key]

    def __iter__(self) -> Iterator[tuple[Key, Entry]]:
        return iter(list(self.entries.items()))

    def memory(self) -> int:
        """Octets that the entries count for."""
        return len(self.entries) * ENTRY_SIZE


def note_lost(worker: Worker, to: Endpoint, _error: Exception) -> None:
    """A message did not leave over its stream, and its sender did not ask to be told."""
    blacklist_of(worker).add(ERR_CONNECT, to, worker.now())


def note_undelivered(worker: Worker, data: bytes, to: Endpoint) -> None:
    """ICMP says that a datagram reached nobody: whoever sent it hears of it, and a request lists its destination.

    Where there are several workers the error may have come to another one than that which sent the datagram.
    """
    for taken in worker.hooks.undelivered:
        if taken(data, to):
            return
    hand_over = worker.services.get("hand_undelivered")
    if hand_over is not None and hand_over(data, to):
        return
    if data[:1].isalpha() and not data.startswith(b"SIP/"):
        blacklist_of(worker).add(ICMP_RECEIVED, to, worker.now())


def blacklist_of(worker: Worker) -> Blacklist:
    """The blacklist of a worker, made once."""
    services = worker.services
    found: Blacklist | None = services.get("blacklist")
    if found is None:
        found = worker.services["blacklist"] = Blacklist(worker)
    return found
