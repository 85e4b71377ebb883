"""Records that must not be lost: on disk first, then where they belong, in order; in tables of a database also once.

Each record is a line of the journal before `add` returns, so that neither an end of the process nor a database that is
away costs one. A second file holds how far the journal was carried out. Where a connection broke while the database
may have stored a batch already, and after a start, each of its rows is looked for before it is written.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from siprouter.db.errors import DbError, DbRefusedError, DbUnavailableError
from siprouter.db.interface import Database
from siprouter.db.operations import Insert, Key, Operation
from siprouter.db.values import Value, cut, from_epoch, to_epoch
from siprouter.util.errors import InternalError, OperatorError, PeerError, SipRouterError
from siprouter.util.log import Log

MAX_BATCH = 200
MAX_LINE = 1 << 22
SHRINK_ABOVE = 1 << 20
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
STOP_TIME = 10.0
TIME = "@time"

Record = tuple[str, dict[str, Value]]
"""(table, values)"""


def default_folder() -> Path:
    """Where journals are: /var/lib/siprouter for root, else below the user's own folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/siprouter")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "siprouter"


class RecordJournal:
    """Lines in a file, and the way of what they say to a target. `spawn(coroutine, name)` is that of the worker.

    `path` None: a journal that is gone with the process, for tests.
    """

    target = "the database"
    source = "db"
    waits_for: type[SipRouterError] = DbUnavailableError
    """what `_write_batch` raises while the target is away"""

    def __init__(
        self, path: Path | None, log: Log, spawn: Callable[[Coroutine[Any, Any, None], str], Any]
    ) -> None:
        self.path = Path() if path is None else path
        self._temporary = path is None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.log = log
        self._spawn = spawn
        self._stopping = asyncio.Event()
        self._task: Any = None
        self._file = -1
        self._done_file = -1
        self._done = 0
        self._end = 0
        self._batch = MAX_BATCH
        self._delay = 0.0
        self._running = False
        self.refused = 0
        """records that the target would not take; they are in `<path>.refused`"""

    def open(self) -> None:
        """Take the journal, and begin to write what an earlier run has left. Raises OperatorError."""
        if self._temporary:
            self._folder = tempfile.TemporaryDirectory(prefix="siprouter-")
            self.path = Path(self._folder.name) / "journal"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, flags | os.O_APPEND, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._done_file = os.open(f"{self.path}.done", flags, 0o600)
            self._end = os.fstat(self._file).st_size
            text = os.pread(self._done_file, 32, 0).strip()
            if self._end and os.pread(self._file, 1, self._end - 1) != b"\n":
                self._end += os.write(self._file, b"\n")
        except BlockingIOError:
            self.close()
            raise OperatorError(f"the journal {self.path} is used by another process") from None
        except OSError as error:
            self.close()
            raise OperatorError(f"the journal {self.path} cannot be used: {error.strerror}") from None
        done = int(text) if text.isdigit() else 0
        self._done = done if done <= self._end else 0
        if self._done < self._end:
            message = "journal %s: %d octets are not in %s yet"
            self.log.notice(message, self.path, self.pending, self.target, source=self.source)
            self.found_rest()
            self._wake()

    def found_rest(self) -> None:
        """An earlier run has left records."""

    @property
    def pending(self) -> int:
        """Octets of records that have not arrived yet."""
        return self._end - self._done

    def add_line(self, line: bytes) -> bool:
        """Note a record (with the end of its line). False where the disk does not take it: it is in the log then."""
        try:
            written = os.write(self._file, line)
            if written != len(line):
                os.ftruncate(self._file, self._end)
                raise OSError(28, "no space left")
        except OSError as error:
            text = line.decode().strip()
            message = "journal %s cannot be written (%s): record %s"
            self.log.alert(message, self.path, error.strerror, text, source=self.source)
            return False
        self._end += written
        if not self._running:
            self._wake()
        return True

    def _wake(self) -> None:
        if self._stopping.is_set():
            return
        try:
            self._task = self._spawn(self._write_all(), "journal")
        except PeerError as error:  # too much runs already: the next record tries again
            self.log.error("journal %s: %s", self.path, error.reason, source=self.source)
            return
        self._running = True

    async def _write_all(self) -> None:
        """Write until nothing is left; while the target is away, try again now and then."""
        try:
            while self.pending and not self._stopping.is_set():
                try:
                    await self._write_batch()
                    self._succeeded()
                except self.waits_for as error:
                    self._failed(error)
                    await self._pause()
        except BaseException:
            self.broke_off()
            raise
        finally:
            self._running = False

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._delay):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _succeeded(self) -> None:
        if self._delay:
            self._delay = 0.0
            self.log.notice("journal %s is written to %s again", self.path, self.target, source=self.source)

    def broke_off(self) -> None:
        """Nobody knows how far the last batch came."""

    async def _write_batch(self) -> None:
        """Bring some records, at least one, to the target and `_set_done`. Raises what `waits_for` says."""
        raise InternalError(f"{type(self).__name__} has no target")

    def _failed(self, error: SipRouterError) -> None:
        if not self._delay:
            self.log.error("records wait in the journal %s: %s", self.path, error, source=self.source)
        self._delay = min(self._delay * 2, LONGEST_DELAY) if self._delay else FIRST_DELAY

    def _lines(self, limit: int) -> list[tuple[bytes, int]]:
        """The next lines, `limit` at most, and where each of them ends."""
        found: list[tuple[bytes, int]] = []
        pos = self._done
        data = os.pread(self._file, min(self._end - pos, MAX_LINE), pos)
        start = 0
        while len(found) < limit:
            stop = data.find(b"\n", start)
            if stop < 0:
                break
            found.append((data[start:stop], pos + stop + 1))
            start = stop + 1
        return found

    def _damaged(self, line: bytes, end: int) -> None:
        if line.strip():
            place = end - len(line) - 1
            self.log.error("journal %s: line at octet %d is damaged", self.path, place, source=self.source)

    def _set_done(self, done: int) -> None:
        self._done = done
        if done == self._end and done > SHRINK_ABOVE:
            # in this order: a mark past the end counts as the beginning
            os.ftruncate(self._file, 0)
            self._done = self._end = 0
        os.pwrite(self._done_file, f"{self._done:<20}\n".encode(), 0)

    def _put_aside(self, line: str) -> None:
        """Keep a record that the target refuses, for the operator."""
        self.refused += 1
        try:
            with Path(f"{self.path}.refused").open("a") as file:
                file.write(line + "\n")
        except OSError as problem:
            text = "%s.refused cannot be written (%s): %s"
            self.log.alert(text, self.path, problem.strerror, line, source=self.source)

    async def stop(self) -> None:
        """Write what can be written now; the rest stays in the journal for the next start."""
        self._stopping.set()
        try:
            if self._running:
                await asyncio.wait({self._task}, timeout=STOP_TIME)
            while self.pending:
                await self._write_batch()
        except SipRouterError as error:
            self.log.error("%d octets stay in the journal %s: %s", self.pending, self.path, error, source=self.source)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the files."""
        for number in (self._file, self._done_file):
            if number >= 0:
                os.close(number)
        self._file = self._done_file = -1
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


class Journal(RecordJournal):
    """The way of records into the tables of a database."""

    def __init__(
        self,
        path: Path | None,
        database: Database,
        log: Log,
        spawn: Callable[[Coroutine[Any, Any, None], str], Any],
    ) -> None:
        super().__init__(path, log, spawn)
        self.database = database
        self._doubtful = 0
        self._widths: dict[str, dict[str, int]] = {}

    def add(self, table: str, values: Mapping[str, Value]) -> bool:
        """Note a record. False where the disk does not take it: the record is in the log then."""
        return self.add_line(json.dumps([table, values], default=_plain, separators=(",", ":")).encode() + b"\n")

    def found_rest(self) -> None:
        """Some of them may be in the database."""
        self._doubtful = MAX_BATCH

    def broke_off(self) -> None:
        """The last batch may be in the database."""
        self._doubtful = max(self._doubtful, self._batch)

    def _failed(self, error: SipRouterError) -> None:
        if isinstance(error, DbUnavailableError) and error.in_doubt:
            self.broke_off()
        super()._failed(error)

    async def _write_batch(self) -> None:
        records, ends = self._read()
        if not records:
            self._set_done(ends[-1] if ends else self._end)
            return
        for table in {table for table, _ in records}:
            if table not in self._widths:
                self._widths[table] = await self.database.widths(table)
        records = [(table, cut(values, self._widths[table])) for table, values in records]
        wanted = records
        if self._doubtful and self.database.can_query:
            wanted = await self._missing(records)
        operations: list[Operation] = [Insert(table, values) for table, values in wanted]
        try:
            if operations:
                await self.database.apply(operations)
        except DbRefusedError as error:
            if len(records) > 1:
                self._batch = 1  # find out which one it is
                return
            await self._check_table(records[0], error)
            self._refuse(records[0], error)
        self._doubtful = max(self._doubtful - len(records), 0)
        self._set_done(ends[-1])
        self._batch = min(self._batch * 2, MAX_BATCH)

    async def _check_table(self, record: Record, error: DbError) -> None:
        """A table that cannot be used at all is a reason to wait, not to put its records aside."""
        table, values = record
        if self.database.can_query:
            try:
                await self.database.query(table, [], list(values), limit=1)
            except DbRefusedError:
                self._widths.pop(table, None)
                raise DbUnavailableError(f"table {table}: {error}") from None

    async def _missing(self, records: list[Record]) -> list[Record]:
        """Those records of a batch in doubt that the database does not have."""
        have: Counter[str] = Counter()
        missing = []
        for record in records:
            mark = json.dumps(record, default=_plain)
            if mark not in have:
                have[mark] = await self._stored(record)
            if have[mark] > 0:
                have[mark] -= 1
            else:
                missing.append(record)
        return missing

    async def _stored(self, record: Record) -> int:
        table, values = record
        keys: list[Key] = [(name, value) for name, value in values.items()]
        try:
            return await self.database.count(table, keys)
        except DbUnavailableError:
            raise
        except DbError:
            return 0

    def _read(self) -> tuple[list[Record], list[int]]:
        """The next records, and where each line ends."""
        records: list[Record] = []
        ends: list[int] = []
        for line, end in self._lines(self._batch):
            try:
                table, values = json.loads(line)
                records.append((table, {name: _value(value) for name, value in values.items()}))
            except (ValueError, TypeError, AttributeError):
                self._damaged(line, end)
            ends.append(end)
        return records, ends

    def _refuse(self, record: Record, error: DbError) -> None:
        """Put a record aside, for the operator."""
        table, values = record
        self.log.error("the database refuses a record for table %s: %s", table, error, source="db")
        self._put_aside(json.dumps([table, values, str(error)], default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {TIME: to_epoch(value)}
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    raise TypeError(f"no value of a column: {type(value).__name__}")


def _value(value: Any) -> Value:
    if isinstance(value, dict):
        return from_epoch(value[TIME])
    found: Value = value
    return found
