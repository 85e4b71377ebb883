"""The DNS cache: answers and failures with the life times that the settings allow. Told the time; no I/O here."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from siprouter.dns.wire import NOERROR, Data

ENTRY_SIZE = 300  # octets that an entry is reckoned to take, without its data
DATA_SIZE = 100
FAILURE_TTL = 5.0  # seconds for which a server that failed is not asked the same again

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
    """The dns_cache_* settings; seconds and octets."""

    enabled: bool = True
    min_ttl: float = 0
    max_ttl: float = 4294967295
    negative_ttl: float = 60
    size: int = 500 * 1024
    delete_unexpired: bool = False


@dataclass(slots=True)
class _Entry:
    answer: Answer
    expires: float
    size: int


class DnsCache:
    """Answers by name and type, bounded in size; the least recently used go first."""

    def __init__(self, options: CacheOptions | None = None) -> None:
        self.options = options or CacheOptions()
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._used = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[Key, Answer, float]]:
        """(name and type, answer, time of expiry) of all entries."""
        return iter([(key, entry.answer, entry.expires) for key, entry in self._entries.items()])

    @property
    def used(self) -> int:
        """Octets that the entries are reckoned to take."""
        return self._used

    def get(self, name: str, type: int, now: float) -> Answer | None:
        """The answer where it is known and has not expired."""
        entry = self._entries.get((name, type))
        if entry is None:
            return None
        if entry.expires <= now:
            self._remove((name, type))
            return None
        self._entries.move_to_end((name, type))
        return entry.answer

    def put(self, name: str, type: int, answer: Answer, now: float) -> None:
        """Keeps an answer as long as the settings say; an answer that does not fit is not kept."""
        options = self.options
        if not options.enabled:
            return
        if answer.data:
            life = min(max(answer.ttl, options.min_ttl), options.max_ttl)
        elif answer.rcode >= 0:
            life = options.negative_ttl
        else:
            life = min(options.negative_ttl, FAILURE_TTL)
        key = (name, type)
        if key in self._entries:
            self._remove(key)
        size = ENTRY_SIZE + len(name) + DATA_SIZE * len(answer.data)
        if life > 0 and self._make_room(size, now):
            self._entries[key] = _Entry(answer, now + life, size)
            self._used += size

    def delete(self, name: str, type: int) -> bool:
        """Forgets an entry; False where there was none."""
        if (name, type) not in self._entries:
            return False
        self._remove((name, type))
        return True

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self._used = 0

    def collect(self, now: float) -> int:
        """Forgets what has expired; how many entries."""
        expired = [key for key, entry in self._entries.items() if entry.expires <= now]
        for key in expired:
            self._remove(key)
        return len(expired)

    def _make_room(self, size: int, now: float) -> bool:
        if self._used + size <= self.options.size:
            return True
        self.collect(now)
        while self.options.delete_unexpired and self._entries and self._used + size > self.options.size:
            self._remove(next(iter(self._entries)))
        return self._used + size <= self.options.size

    def _remove(self, key: Key) -> None:
        self._used -= self._entries.pop(key).size
