"""The backend for several workers on one machine: one LMDB database that all of them have open."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from struct import Struct
from typing import Any, Self

from siprouter.state.interface import FOREVER, Revise
from siprouter.state.local import SWEEP_LIMIT, is_plain
from siprouter.state.place import Place
from siprouter.state.rows import FORMAT
from siprouter.state.shared_table import SharedTable
from siprouter.state.store import NUMBER, Area, Store
from siprouter.util.errors import InternalError
from siprouter.util.log import Log

ENDS = Struct("<QQ")
POSITION = Struct(">Q")
COMPLAIN_EVERY = 60  # seconds between two log records about the same


class SharedCounter:
    """See `interface.SharedCounter`."""

    __slots__ = ("_key", "_meta", "_store")

    def __init__(self, name: str, store: Store, area: Area) -> None:
        self._key = b"counter:" + name.encode("utf-8", "surrogatepass")
        self._meta = area.meta
        self._store = store

    def get(self) -> int:
        """The present value."""
        store = self._store
        txn = store.reader()
        try:
            raw = txn.get(self._key, None, self._meta)
        finally:
            store.done(txn)
        return 0 if raw is None else int(marshal.loads(raw))

    def add(self, amount: int = 1) -> int:
        """Add and return the sum."""
        total: int = self._store.run(self._add, amount)
        return total

    def set(self, value: int) -> None:
        """Set it."""
        self._store.run(self._set, value)

    def _add(self, txn: Any, amount: int) -> int:
        raw = txn.get(self._key, None, self._meta)
        total: int = amount if raw is None else marshal.loads(raw) + amount
        self._set(txn, total)
        return total

    def _set(self, txn: Any, value: int) -> None:
        txn.put(self._key, marshal.dumps(value, FORMAT), db=self._meta)


class SharedQueue:
    """See `interface.Queue`."""

    __slots__ = ("_data", "_ends", "_meta", "_prefix", "_store", "max_length")

    def __init__(self, name: str, max_length: int, store: Store, area: Area) -> None:
        self.max_length = max_length
        self._store = store
        self._data = area.data
        self._meta = area.meta
        self._prefix = NUMBER.pack(store.run(area.number, b"q:" + name.encode("utf-8", "surrogatepass")))
        self._ends = b"ends" + self._prefix

    def push(self, value: Any) -> bool:
        """Append; False where the queue is full. Raises TypeError for what no backend could store."""
        if not is_plain(value):
            raise TypeError(f"a queue cannot hold {type(value).__name__}")
        done: bool = self._store.run(self._push, marshal.dumps(value, FORMAT))
        return done

    def pop(self) -> Any:
        """Take the oldest; None where there is none."""
        return self._store.run(self._pop) if len(self) else None

    def __len__(self) -> int:
        store = self._store
        txn = store.reader()
        try:
            first, end = self._read_ends(txn)
        finally:
            store.done(txn)
        return end - first

    def _read_ends(self, txn: Any) -> tuple[int, int]:
        """The numbers of the oldest value and of the next one."""
        raw = txn.get(self._ends, None, self._meta)
        return (0, 0) if raw is None else ENDS.unpack(raw)

    def _push(self, txn: Any, payload: bytes) -> bool:
        first, end = self._read_ends(txn)
        if end - first >= self.max_length:
            return False
        self._store.check_room(txn)
        txn.put(self._prefix + POSITION.pack(end), payload, db=self._data)
        txn.put(self._ends, ENDS.pack(first, end + 1), db=self._meta)
        return True

    def _pop(self, txn: Any) -> Any:
        first, end = self._read_ends(txn)
        if first == end:
            return None
        payload = txn.pop(self._prefix + POSITION.pack(first), db=self._data)
        txn.put(self._ends, ENDS.pack(first + 1, end), db=self._meta)
        return marshal.loads(payload)


class Section:
    """The `with` block of `State.atomic`: one write transaction, those within it are part of it."""

    __slots__ = ("_depth", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._depth = 0

    def __enter__(self) -> Self:
        if self._store.txn is not None:
            self._depth += 1
        else:
            self._store.open_section()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._depth:
            self._depth -= 1
        else:
            self._store.close_section(kind is None)


class SharedState:
    """See `interface.State`. To be made after a fork, and used in one thread; one for a directory in each process."""

    def __init__(self, place: Place, clock: Callable[[], float], limit: int, log: Log) -> None:
        """`limit` counts octets. Raises OperatorError."""
        self.place = place
        self.clock = clock
        self.log = log
        self.tables: dict[str, SharedTable] = {}
        self.counters: dict[str, SharedCounter] = {}
        self.queues: dict[str, SharedQueue] = {}
        self.store = Store(place.directory, limit)
        self._brief = Area(self.store, b"")
        self._lasting = Area(self.store, b"lasting-")
        self._section = Section(self.store)
        self._complained = 0.0
        self._told = 0
        place.begin_run(lambda: self.store.run(self._brief.forget))

    def table(
        self,
        name: str,
        *,
        ttl: float = FOREVER,
        record: type | None = None,
        revise: Revise | None = None,
        interval: float = 1.0,
        lasting: bool = False,
    ) -> SharedTable:
        """See `interface.State`; so for all methods below."""
        table = self.tables.get(name)
        wanted = (ttl, record, revise, interval, lasting)
        if table is None:
            area = self._lasting if lasting else self._brief
            table = SharedTable(name, self.store, area, self.clock, *wanted)
            table.sweep_at = self.clock() + interval
            self.tables[name] = table
        elif (table.ttl, table.record, table.revise, table.interval, table.lasting) != wanted:
            raise InternalError(f"table {name} was made with other properties")
        return table

    def counter(self, name: str, *, lasting: bool = False) -> SharedCounter:
        counter = self.counters.get(name)
        if counter is None:
            counter = SharedCounter(name, self.store, self._lasting if lasting else self._brief)
            self.counters[name] = counter
        return counter

    def queue(self, name: str, max_length: int = 100_000) -> SharedQueue:
        queue = self.queues.get(name)
        if queue is None:
            queue = self.queues[name] = SharedQueue(name, max_length, self.store, self._brief)
        elif queue.max_length != max_length:
            raise InternalError(f"queue {name} was made with another length")
        return queue

    def atomic(self) -> Section:
        return self._section

    def tick(self) -> None:
        now = self.clock()
        self.store.tick()
        for table in self.tables.values():
            if now >= table.sweep_at and table.sweep() < SWEEP_LIMIT:
                table.sweep_at = now + table.interval
        self._complain(now)

    def _complain(self, now: float) -> None:
        """Says, not too often, what went wrong since the last time."""
        refusals, unreadable = self.store.refusals, sum(table.unreadable for table in self.tables.values())
        if refusals + unreadable <= self._told or now < self._complained + COMPLAIN_EVERY:
            return
        self._told, self._complained = refusals + unreadable, now
        if refusals:
            self.log.error("shared state is full: %s (%d refusals)", self.store.problem, refusals)
        if unreadable:
            self.log.error("shared state: %d entries of another version were passed over", unreadable)

    def give_to(self, uid: int, gid: int) -> None:
        """Makes another user the owner of the files, before the process becomes that user."""
        self.place.give_to(uid, gid)

    def close(self) -> None:
        self.store.close()
        self.place.release()
