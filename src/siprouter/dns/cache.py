"""The DNS cache: answers and failures with the life times that the settings allow. Told the time; no I/O here."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from siprouter.dns.wire import NOERROR, NXDOMAIN, Data, Srv, data_size

ENTRY_SIZE = 300  # octets that an entry is reckoned to take, without its data
DATA_SIZE = 100
FAILURE_TTL = 5.0  # seconds for which a server that failed is not asked the same again

# Flags of entries, as RPC commands show and take them
NEGATIVE = 1
PERMANENT = 2

# dns_cache_rec_pref: which of two answers to one question stays
PREFER_OLD = 1
PREFER_NEW = 2
PREFER_LONGER = 3

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known for a name and type: `data` in the order of the server, empty where there is nothing.

    `rcode` is that of the server (NOERROR with empty data: the name exists, but nothing of this type), or -1 where no
    server gave an answer. `ttl` in seconds.
    """

    data: tuple[Data, ...]
    ttl: float
    rcode: int = NOERROR


@dataclass(slots=True)
class CacheOptions:
    """The dns_cache_* settings; seconds and octets. `preference` is dns_cache_rec_pref."""

    enabled: bool = True
    min_ttl: float = 0
    max_ttl: float = 4294967295
    negative_ttl: float = 60
    size: int = 500 * 1024
    delete_unexpired: bool = False
    preference: int = 0


class Entry:
    """One answer in the cache; `times` are when each of its records ends, `used` when it was last asked for."""

    __slots__ = ("answer", "expires", "permanent", "size", "times", "used")

    def __init__(self, answer: Answer, times: list[float], size: int, used: float, permanent: bool = False) -> None:
        self.answer = answer
        self.times = times
        self.size = size
        self.used = used
        self.permanent = permanent
        self.expires = float("inf") if permanent else min(times)
        """when the next of its records ends"""

    @property
    def flags(self) -> int:
        """NEGATIVE and PERMANENT."""
        return (0 if self.answer.data else NEGATIVE) | (PERMANENT if self.permanent else 0)

    def ends(self) -> float:
        """When the last of its records ends."""
        return max(self.times)


@dataclass(slots=True)
class CacheStats:
    """`hits` answers given, `negative_hits` those among them that say that there is nothing, `evicted` lost to size."""

    hits: int = 0
    negative_hits: int = 0
    evicted: int = 0


class DnsCache:
    """Answers by name and type, bounded in size; the least recently used go first.

    While `frozen` nothing expires: what is known is all there is as long as no name server can be reached.
    """

    def __init__(self, options: CacheOptions | None = None) -> None:
        self.options = options or CacheOptions()
        self.stats = CacheStats()
        self.frozen = False
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._used = 0
        self._permanent = 0
        self._next_collection = float("-inf")

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[Key, Entry]]:
        """(name and type, entry) of all, expired ones too."""
        return iter(list(self._entries.items()))

    @property
    def used(self) -> int:
        """Octets that the entries are reckoned to take."""
        return self._used

    def get(self, name: str, type: int, now: float) -> Answer | None:
        """The answer where it is known and has not expired."""
        entry = self._entries.get((name, type))
        if entry is None or not self.options.enabled:
            return None
        if entry.expires <= now and not self.frozen and not self._shed((name, type), entry, now):
            return None
        self._entries.move_to_end((name, type))
        entry.used = now
        self.stats.hits += 1
        if not entry.answer.data:
            self.stats.negative_hits += 1
        return entry.answer

    def get_permanent(self, name: str, type: int, now: float) -> Answer | None:
        """The answer where it was made permanent."""
        if not self._permanent:
            return None
        entry = self._entries.get((name, type))
        return self.get(name, type, now) if entry is not None and entry.permanent else None

    def find(self, name: str, type: int) -> Entry | None:
        """The entry, whether it has expired or not; counts as no use."""
        return self._entries.get((name, type))

    def put(self, name: str, type: int, answer: Answer, now: float, additional: bool = False) -> None:
        """Keeps an answer as long as the settings say; one that does not fit is not kept.

        `additional`: it came along with another answer. What stays of two answers: see dns_cache_rec_pref.
        """
        if not self.options.enabled:
            return
        key = (name, type)
        life = self._life(answer)
        old = self._entries.get(key)
        if old is not None:
            if not self._may_replace(old, now, now + life, additional):
                return
            self._remove(key)
        if life > 0:
            self._store(key, answer, [now + life] * max(len(answer.data), 1), now)

    def add(self, name: str, type: int, data: Data | None, ttl: float, permanent: bool, now: float) -> bool:
        """Adds one record by hand, or with None notes that there is nothing; False where it cannot be.

        Records that are permanent give way to permanent ones only, which replace those that are not. A record with
        the same address or target is replaced, others stay beside it.
        """
        key = (name, type)
        old = self._entries.get(key)
        if old is not None and old.permanent and not permanent:
            return False
        records: list[Data] = []
        times: list[float] = []
        if old is not None and data is not None and old.permanent == permanent:
            for item, end in zip(old.answer.data, old.times, strict=False):
                if identity(item) != identity(data) and end > now:
                    records.append(item)
                    times.append(end)
        if data is not None:
            records.append(data)
        times.append(now + ttl)
        answer = Answer(tuple(records), ttl, NOERROR if records else NXDOMAIN)
        if old is not None:
            self._remove(key)
        return self._store(key, answer, times, now, permanent)

    def delete(self, name: str, type: int) -> bool:
        """Forgets an entry; False where there was none."""
        if (name, type) not in self._entries:
            return False
        self._remove((name, type))
        return True

    def clear(self, permanent: bool = True) -> None:
        """Forgets everything, or all but what is permanent."""
        for key, entry in self:
            if permanent or not entry.permanent:
                self._remove(key)

    def collect(self, now: float) -> int:
        """Forgets what has expired; how many entries."""
        if self.frozen:
            return 0
        expired = [key for key, entry in self._entries.items() if not entry.permanent and entry.ends() <= now]
        for key in expired:
            self._remove(key)
        return len(expired)

    def _life(self, answer: Answer) -> float:
        options = self.options
        if answer.data:
            return min(max(answer.ttl, options.min_ttl), options.max_ttl)
        return options.negative_ttl if answer.rcode >= 0 else min(options.negative_ttl, FAILURE_TTL)

    def _may_replace(self, old: Entry, now: float, expires: float, additional: bool) -> bool:
        if old.permanent:
            return False
        if not old.answer.data or old.ends() <= now:
            return True
        preference = self.options.preference
        if preference == PREFER_LONGER:
            return old.ends() < expires
        return preference == PREFER_NEW or (preference != PREFER_OLD and not additional)

    def _store(self, key: Key, answer: Answer, times: list[float], now: float, permanent: bool = False) -> bool:
        size = ENTRY_SIZE + len(key[0]) + sum(DATA_SIZE + data_size(item) for item in answer.data)
        if not self._make_room(size, now):
            return False
        self._entries[key] = Entry(answer, times, size, now, permanent)
        self._used += size
        self._permanent += permanent
        return True

    def _shed(self, key: Key, entry: Entry, now: float) -> bool:
        """Drops the records whose time has come; False where that was all of them."""
        kept = [(item, end) for item, end in zip(entry.answer.data, entry.times, strict=False) if end > now]
        self._remove(key)
        if not kept:
            return False
        entry.answer = Answer(tuple(item for item, _ in kept), entry.answer.ttl, entry.answer.rcode)
        entry.times = [end for _, end in kept]
        entry.expires = min(entry.times)
        self._entries[key] = entry
        self._used += entry.size
        return True

    def _make_room(self, size: int, now: float) -> bool:
        limit = self.options.size
        if self._used + size > limit and now >= self._next_collection:
            self._next_collection = now + 1  # a full cache is not searched for each answer
            self.collect(now)
        if self.options.delete_unexpired:
            for _ in range(len(self._entries)):
                if self._used + size <= limit:
                    break
                key = next(iter(self._entries))
                if self._entries[key].permanent:
                    self._entries.move_to_end(key)
                else:
                    self._remove(key)
                    self.stats.evicted += 1
        return self._used + size <= limit

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key)
        self._used -= entry.size
        self._permanent -= entry.permanent


def identity(data: Data) -> object:
    """What tells one record from another: the address, or the target of an SRV record."""
    return data.target if isinstance(data, Srv) else data
