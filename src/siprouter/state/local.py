"""The backend for one worker: plain dictionaries."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any, Self

from siprouter.state.interface import FOREVER, Revise
from siprouter.util.errors import InternalError

SWEEP_LIMIT = 5_000
"""entries looked at in one sweep: about 15 milliseconds where each is revised"""
_SPARE_FILINGS = 4096
_RETRY = 60


class Entry:
    """A value, when it ends (0: never), and the second under which its key is filed for sweeping (0: not filed)."""

    __slots__ = ("expires", "filed", "value")

    def __init__(self, value: Any, expires: float) -> None:
        self.value = value
        self.expires = expires
        self.filed = 0


class LocalTable:
    """See `interface.Table`.

    Keys are filed under the second after their end. A key that gets more time stays where it is filed and moves on
    when that second comes, so refreshing costs nothing; a sweep looks only at the seconds that are over.
    """

    __slots__ = (
        "_clock",
        "filings",
        "_keys_by_second",
        "_seconds",
        "entries",
        "interval",
        "lasting",
        "name",
        "record",
        "revise",
        "sweep_at",
        "ttl",
    )

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        ttl: float,
        record: type | None,
        revise: Revise | None,
        interval: float,
        lasting: bool,
    ) -> None:
        self.name = name
        self.lasting = lasting
        self.ttl = ttl
        self.record = record
        self.revise = revise
        self.interval = interval
        self.sweep_at = 0.0
        self.entries: dict[str, Entry] = {}
        self._clock = clock
        self._keys_by_second: dict[int, list[str]] = {}
        self._seconds: list[int] = []
        self.filings = 0

    def get(self, key: str) -> Any:
        """See `interface.Table`; so for all methods below."""
        entry = self.entries.get(key)
        if entry is None or self._is_over(entry):
            return None
        return entry.value

    def put(self, key: str, value: Any, ttl: float = -1.0) -> None:
        self._check(value)
        entry = self.entries.get(key)
        if entry is None:
            entry = Entry(value, 0.0)
            self.entries[key] = entry
        else:
            entry.value = value
        self._set_ttl(key, entry, ttl)

    def replace(self, key: str, expected: Any, value: Any, ttl: float = -1.0) -> bool:
        if self.get(key) != expected:
            return False
        self.put(key, value, ttl)
        return True

    def add(self, key: str, amount: int, ttl: float = -1.0) -> int:
        present = self.get(key)
        total: int = amount if present is None else present + amount
        self.put(key, total, ttl)
        return total

    def touch(self, key: str, ttl: float) -> bool:
        entry = self.entries.get(key)
        if entry is None or self._is_over(entry):
            return False
        self._set_ttl(key, entry, ttl)
        return True

    def remaining(self, key: str) -> float | None:
        entry = self.entries.get(key)
        if entry is None or self._is_over(entry):
            return None
        if entry.expires == 0.0:
            return FOREVER
        left: float = entry.expires - self._clock()
        return max(left, 1e-6)  # over, but not revised yet

    def delete(self, key: str) -> bool:
        entry = self.entries.pop(key, None)
        return entry is not None and not self._is_over(entry)

    def clear(self) -> None:
        self.entries.clear()
        self._keys_by_second.clear()
        self._seconds.clear()
        self.filings = 0

    def items(self) -> Iterator[tuple[str, Any]]:
        now = 0.0 if self.revise is not None else self._clock()
        return iter([(k, e.value) for k, e in self.entries.items() if e.expires == 0.0 or e.expires > now])

    def __len__(self) -> int:
        return len(self.entries)

    def _check(self, value: Any) -> None:
        if self.record is not None:
            values = value if isinstance(value, tuple) else (value,)
            for item in values:
                if not isinstance(item, self.record):
                    raise TypeError(f"table {self.name} holds {self.record.__name__}, not {type(item).__name__}")
        elif not is_plain(value):
            raise TypeError(f"table {self.name} cannot hold {type(value).__name__}")

    def _is_over(self, entry: Entry) -> bool:
        return entry.expires != 0.0 and self.revise is None and entry.expires <= self._clock()

    def _set_ttl(self, key: str, entry: Entry, ttl: float) -> None:
        if ttl < 0.0:
            ttl = self.ttl
        if ttl == 0.0:
            entry.expires = 0.0
            return
        entry.expires = self._clock() + ttl
        second = int(entry.expires) + 1
        if entry.filed == 0 or second < entry.filed:
            self._file(key, entry, second)

    def _file(self, key: str, entry: Entry, second: int) -> None:
        keys = self._keys_by_second.get(second)
        if keys is None:
            keys = []
            self._keys_by_second[second] = keys
            heappush(self._seconds, second)
        keys.append(key)
        entry.filed = second
        self.filings += 1
        if self.filings > 2 * len(self.entries) + _SPARE_FILINGS:
            self._file_anew()

    def _file_anew(self) -> None:
        """Forgets the filings of keys that were deleted or moved."""
        self._keys_by_second.clear()
        self._seconds.clear()
        self.filings = 0
        for key, entry in self.entries.items():
            entry.filed = 0
            if entry.expires != 0.0:
                self._file(key, entry, int(entry.expires) + 1)

    def sweep(self, limit: int = SWEEP_LIMIT) -> int:
        """Drops or revises entries whose time is over; looks at `limit` at most. Returns how many it looked at."""
        now: float = self._clock()
        seen = 0
        while self._seconds and self._seconds[0] <= now and seen < limit:
            second = self._seconds[0]
            keys = self._keys_by_second[second]
            while keys and seen < limit:
                seen += 1
                self.filings -= 1
                self._sweep_key(keys.pop(), second, now)
            if not keys and self._keys_by_second.get(second) is keys:
                heappop(self._seconds)
                del self._keys_by_second[second]
        return seen

    def _sweep_key(self, key: str, second: int, now: float) -> None:
        entry = self.entries.get(key)
        if entry is None or entry.filed != second:
            return  # deleted, or filed elsewhere meanwhile
        entry.filed = 0
        if entry.expires == 0.0:
            return
        if entry.expires > now:
            self._file(key, entry, int(entry.expires) + 1)
            return
        kept = None
        if self.revise is not None:
            self._file(key, entry, int(now) + _RETRY)  # in case it raises
            kept = self.revise(key, entry.value, now)
        if kept is not None:
            self.put(key, kept[0], kept[1])
        elif self.entries.get(key) is entry:
            del self.entries[key]


def is_plain(value: Any) -> bool:
    """True for what every backend can store."""
    if value is None or isinstance(value, str | int | float | bytes):
        return True
    if not isinstance(value, tuple):
        return False
    for item in value:  # noqa: SIM110  a generator cannot be compiled here
        if not is_plain(item):
            return False
    return True


class LocalCounter:
    """See `interface.SharedCounter`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def get(self) -> int:
        """The present value."""
        return self.value

    def add(self, amount: int = 1) -> int:
        """Add and return the sum."""
        self.value += amount
        return self.value

    def set(self, value: int) -> None:
        """Set it."""
        self.value = value


class LocalQueue:
    """See `interface.Queue`."""

    __slots__ = ("_values", "max_length")

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length
        self._values: deque[Any] = deque()

    def push(self, value: Any) -> bool:
        """Append; False where the queue is full. Raises TypeError for what no backend could store."""
        if not is_plain(value):
            raise TypeError(f"a queue cannot hold {type(value).__name__}")
        if len(self._values) >= self.max_length:
            return False
        self._values.append(value)
        return True

    def pop(self) -> Any:
        """Take the oldest; None where there is none."""
        return self._values.popleft() if self._values else None

    def __len__(self) -> int:
        return len(self._values)


class Block:
    """The `with` block of `LocalState.atomic`: there is nobody else."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Nothing to end."""


class LocalState:
    """See `interface.State`. `clock()` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.tables: dict[str, LocalTable] = {}
        self.counters: dict[str, LocalCounter] = {}
        self.queues: dict[str, LocalQueue] = {}
        self._block = Block()

    def table(
        self,
        name: str,
        *,
        ttl: float = FOREVER,
        record: type | None = None,
        revise: Revise | None = None,
        interval: float = 1.0,
        lasting: bool = False,
    ) -> LocalTable:
        """See `interface.State`; nothing lasts longer than the process."""
        table = self.tables.get(name)
        wanted = (ttl, record, revise, interval, lasting)
        if table is None:
            table = LocalTable(name, self.clock, *wanted)
            table.sweep_at = self.clock() + interval
            self.tables[name] = table
        elif (table.ttl, table.record, table.revise, table.interval, table.lasting) != wanted:
            raise InternalError(f"table {name} was made with other properties")
        return table

    def counter(self, name: str, *, lasting: bool = False) -> LocalCounter:
        """See `interface.State`."""
        return self.counters.setdefault(name, LocalCounter())

    def queue(self, name: str, max_length: int = 100_000) -> LocalQueue:
        """See `interface.State`."""
        queue = self.queues.setdefault(name, LocalQueue(max_length))
        if queue.max_length != max_length:
            raise InternalError(f"queue {name} was made with another length")
        return queue

    def tick(self) -> None:
        """See `interface.State`. A table with more to sweep than the limit is swept again at the next tick."""
        now = self.clock()
        for table in self.tables.values():
            if now >= table.sweep_at and table.sweep() < SWEEP_LIMIT:
                table.sweep_at = now + table.interval

    def atomic(self) -> Block:
        """See `interface.State`."""
        return self._block

    def close(self) -> None:
        """See `interface.State`."""

    def give_to(self, uid: int, gid: int) -> None:
        """See `interface.State`: nothing is kept in files."""
