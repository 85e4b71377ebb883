"""A table of the shared backend.

An entry is in the database `data` under the table's number and its key; `due` has its filing, under the second after
its end, as `local.py` keeps it; `meta` how many entries the table has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from struct import Struct
from typing import Any

from siprouter.state.interface import FOREVER, Revise
from siprouter.state.local import SWEEP_LIMIT
from siprouter.state.rows import decode, encode
from siprouter.state.store import NUMBER, Area, StateFullError, Store

HEADER = Struct("<dQI")
"""of an entry: when it ends (0: never), the second it is filed under (0: not filed), length of the key that follows"""
HEADER_SIZE = HEADER.size
SECOND = Struct(">Q")
COUNT = Struct("<q")
LONGEST_KEY = 480
"""octets of a key that are kept as they are; of a longer one a hash"""
BATCH = 200
_RETRY = 60
_unpack = HEADER.unpack_from
_pack = HEADER.pack


class SharedTable:
    """See `interface.Table`."""

    __slots__ = (
        "_clock",
        "_count_key",
        "_data",
        "_due",
        "_long",
        "_meta",
        "_prefix",
        "_short",
        "_store",
        "interval",
        "lasting",
        "name",
        "record",
        "revise",
        "sweep_at",
        "ttl",
        "unreadable",
    )

    def __init__(
        self,
        name: str,
        store: Store,
        area: Area,
        clock: Callable[[], float],
        ttl: float,
        record: type | None,
        revise: Revise | None,
        interval: float,
        lasting: bool,
    ) -> None:
        self.name = name
        self.ttl = ttl
        self.record = record
        self.revise = revise
        self.interval = interval
        self.lasting = lasting
        self.sweep_at = 0.0
        self.unreadable = 0
        self._store = store
        self._clock = clock
        self._data = area.data
        self._due = area.due
        self._meta = area.meta
        number = NUMBER.pack(store.run(area.number, b"t:" + name.encode("utf-8", "surrogatepass")))
        self._prefix = number
        self._short = number + b"\0"
        self._long = number + b"\1"
        self._count_key = b"count" + number

    # --- reading

    def get(self, key: str) -> Any:
        """See `interface.Table`; so for all methods below."""
        store = self._store
        txn = store.reader()
        try:
            raw = txn.get(self._place(key), None, self._data)
        finally:
            store.done(txn)
        if raw is None:
            return None
        expires, _, length = _unpack(raw)
        if expires != 0.0 and self.revise is None and expires <= self._clock():
            return None
        return self._value(raw, length)

    def remaining(self, key: str) -> float | None:
        store = self._store
        txn = store.reader()
        try:
            raw = txn.get(self._place(key), None, self._data)
        finally:
            store.done(txn)
        if raw is None or self._is_over(raw):
            return None
        expires = _unpack(raw)[0]
        if expires == 0.0:
            return FOREVER
        left: float = expires - self._clock()
        return max(left, 1e-6)  # over, but not revised yet

    def items(self) -> Iterator[tuple[str, Any]]:
        store = self._store
        txn = store.reader()
        try:
            cursor = txn.cursor(self._data)
            found = []
            if cursor.set_range(self._prefix):
                for place, raw in cursor.iternext():
                    if place[:2] != self._prefix:
                        break
                    found.append((place, raw))
            cursor.close()
        finally:
            store.done(txn)
        return self._live(found)

    def _live(self, found: list[tuple[bytes, bytes]]) -> Iterator[tuple[str, Any]]:
        now = 0.0 if self.revise is not None else self._clock()
        for place, raw in found:
            expires = _unpack(raw)[0]
            if expires == 0.0 or expires > now:
                value = self._value(raw, _unpack(raw)[2])
                if value is not None or self.record is None:
                    yield self._key_of(place, raw), value

    def __len__(self) -> int:
        store = self._store
        txn = store.reader()
        try:
            raw = txn.get(self._count_key, None, self._meta)
        finally:
            store.done(txn)
        return 0 if raw is None else int(COUNT.unpack(raw)[0])

    def _place(self, key: str) -> bytes:
        """Where an entry is in `data`."""
        raw = key.encode("utf-8", "surrogatepass")
        if len(raw) <= LONGEST_KEY:
            return self._short + raw
        return self._long + sha256(raw).digest()

    def _key_of(self, place: bytes, raw: bytes) -> str:
        length = _unpack(raw)[2]
        octets = raw[HEADER_SIZE : HEADER_SIZE + length] if length else place[3:]
        return octets.decode("utf-8", "surrogatepass")

    def _is_over(self, raw: bytes) -> bool:
        if self.revise is not None:
            return False
        expires = _unpack(raw)[0]
        return bool(expires != 0.0 and expires <= self._clock())

    def _value(self, raw: bytes, length: int) -> Any:
        """The value of an entry; None where a server of another version wrote rows that mean nothing here."""
        try:
            return decode(raw[HEADER_SIZE + length :], self.record)
        except (TypeError, ValueError, EOFError):
            self.unreadable += 1
            return None

    # --- writing

    def put(self, key: str, value: Any, ttl: float = -1.0) -> None:
        self._store.run(self._put, key, encode(self.name, value, self.record), ttl)

    def replace(self, key: str, expected: Any, value: Any, ttl: float = -1.0) -> bool:
        payload = encode(self.name, value, self.record)
        wanted = None if expected is None else encode(self.name, expected, self.record)
        done: bool = self._store.run(self._replace, key, expected, wanted, payload, ttl)
        return done

    def add(self, key: str, amount: int, ttl: float = -1.0) -> int:
        total: int = self._store.run(self._add, key, amount, ttl)
        return total

    def touch(self, key: str, ttl: float) -> bool:
        done: bool = self._store.run(self._touch, key, ttl)
        return done

    def delete(self, key: str) -> bool:
        done: bool = self._store.run(self._delete, key)
        return done

    def clear(self) -> None:
        self._store.run(self._clear)

    def _put(self, txn: Any, key: str, payload: bytes, ttl: float) -> None:
        place = self._place(key)
        old = txn.get(place, None, self._data)
        filed = 0
        if old is None:
            self._store.check_room(txn)
            self._count(txn, 1)
        else:
            filed = _unpack(old)[1]
        if ttl < 0.0:
            ttl = self.ttl
        expires = 0.0
        if ttl != 0.0:
            expires = self._clock() + ttl
            second = int(expires) + 1
            if filed == 0 or second < filed:
                self._file(txn, place, filed, second)
                filed = second
        if place[2] == 0:
            txn.put(place, _pack(expires, filed, 0) + payload, db=self._data)
        else:
            octets = key.encode("utf-8", "surrogatepass")
            txn.put(place, _pack(expires, filed, len(octets)) + octets + payload, db=self._data)

    def _replace(self, txn: Any, key: str, expected: Any, wanted: bytes | None, payload: bytes, ttl: float) -> bool:
        raw = txn.get(self._place(key), None, self._data)
        if raw is None or self._is_over(raw):
            same = expected is None
        elif wanted is not None and raw[HEADER_SIZE + _unpack(raw)[2] :] == wanted:
            same = True
        else:
            same = self.record is None and bool(self._value(raw, _unpack(raw)[2]) == expected)
        if same:
            self._put(txn, key, payload, ttl)
        return same

    def _add(self, txn: Any, key: str, amount: int, ttl: float) -> int:
        raw = txn.get(self._place(key), None, self._data)
        present = None if raw is None or self._is_over(raw) else self._value(raw, _unpack(raw)[2])
        total: int = amount if present is None else present + amount
        self._put(txn, key, encode(self.name, total, self.record), ttl)
        return total

    def _touch(self, txn: Any, key: str, ttl: float) -> bool:
        raw = txn.get(self._place(key), None, self._data)
        if raw is None or self._is_over(raw):
            return False
        self._put(txn, key, raw[HEADER_SIZE + _unpack(raw)[2] :], ttl)
        return True

    def _delete(self, txn: Any, key: str) -> bool:
        place = self._place(key)
        raw = txn.pop(place, db=self._data)
        if raw is None:
            return False
        self._count(txn, -1)
        filed = _unpack(raw)[1]
        if filed:
            txn.delete(self._filing(place, filed), db=self._due)
        return not self._is_over(raw)

    def _clear(self, txn: Any) -> None:
        for database in (self._data, self._due):
            cursor = txn.cursor(database)
            more = cursor.set_range(self._prefix)
            while more and cursor.key()[:2] == self._prefix:
                more = cursor.delete()
            cursor.close()
        txn.delete(self._count_key, db=self._meta)

    def _count(self, txn: Any, amount: int) -> None:
        raw = txn.get(self._count_key, None, self._meta)
        number = amount if raw is None else COUNT.unpack(raw)[0] + amount
        txn.put(self._count_key, COUNT.pack(number), db=self._meta)

    # --- what is over

    def _filing(self, place: bytes, second: int) -> bytes:
        return self._prefix + SECOND.pack(second) + place[2:]

    def _file(self, txn: Any, place: bytes, before: int, second: int) -> None:
        if before:
            txn.delete(self._filing(place, before), db=self._due)
        txn.put(self._filing(place, second), b"", db=self._due)

    def sweep(self, limit: int = SWEEP_LIMIT) -> int:
        """See `interface.Table`. Each entry is revised by one process, whatever process comes first."""
        now: float = self._clock()
        seen = 0
        while seen < limit:
            filings = self._overdue(now, min(BATCH, limit - seen))
            if not filings:
                break
            seen += len(filings)
            if self.revise is None:
                self._drop_all(filings, now)
                continue
            for filing in filings:
                self._revise_alone(filing, now)
        return seen

    def _overdue(self, now: float, most: int) -> list[bytes]:
        store = self._store
        txn = store.reader()
        end = self._prefix + SECOND.pack(int(now) + 1)
        found: list[bytes] = []
        try:
            cursor = txn.cursor(self._due)
            if cursor.set_range(self._prefix):
                for filing in cursor.iternext(True, False):
                    if filing >= end or len(found) >= most:
                        break
                    found.append(filing)
            cursor.close()
        finally:
            store.done(txn)
        return found

    def _drop_all(self, filings: list[bytes], now: float) -> None:
        try:
            self._store.run(self._drop, filings, now)
        except StateFullError:  # one by one they need less room
            for filing in filings:
                self._store.run(self._sweep_key, filing, now)

    def _drop(self, txn: Any, filings: list[bytes], now: float) -> None:
        for filing in filings:
            self._sweep_key(txn, filing, now)

    def _revise_alone(self, filing: bytes, now: float) -> None:
        store = self._store
        if store.txn is not None:
            self._sweep_key(store.txn, filing, now)
            return
        txn = store.open_section()
        try:
            self._sweep_key(txn, filing, now)
        except BaseException:
            store.close_section(False)
            store.run(self._refile, filing, int(now) + _RETRY)
            raise
        store.close_section(True)

    def _refile(self, txn: Any, filing: bytes, second: int) -> bytes | None:
        """Files an entry elsewhere; the entry as it is then, None where it is not filed here any more."""
        place = self._prefix + filing[10:]
        raw = txn.get(place, None, self._data)
        before = SECOND.unpack(filing[2:10])[0]
        if raw is None or _unpack(raw)[1] != before:
            txn.delete(filing, db=self._due)
            return None
        expires, _, length = _unpack(raw)
        if second:
            self._file(txn, place, before, second)
        else:
            txn.delete(filing, db=self._due)
        moved: bytes = _pack(expires, second, length) + raw[HEADER_SIZE:]
        txn.put(place, moved, db=self._data)
        return moved

    def _sweep_key(self, txn: Any, filing: bytes, now: float) -> None:
        place = self._prefix + filing[10:]
        raw = txn.get(place, None, self._data)
        expires = 0.0 if raw is None else _unpack(raw)[0]
        if raw is None or expires == 0.0:
            self._refile(txn, filing, 0)
            return
        if expires > now:
            self._refile(txn, filing, int(expires) + 1)
            return
        moved = self._refile(txn, filing, int(now) + _RETRY)  # so that whatever `revise` does finds it filed
        if moved is None:
            return  # another process was first
        key = self._key_of(place, raw)
        value = None if self.revise is None else self._value(raw, _unpack(raw)[2])
        kept = None if self.revise is None or value is None else self.revise(key, value, now)
        if kept is not None:
            self._put(txn, key, encode(self.name, kept[0], self.record), kept[1])
        elif txn.get(place, None, self._data) == moved:
            self._delete(txn, key)
