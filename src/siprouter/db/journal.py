"""Records that must not be lost: on disk first, then in their tables, once and in order.

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
from siprouter.util.errors import OperatorError, PeerError
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


class Journal:
    """The way of records into a database. `spawn(coroutine, name)` is that of the worker.

    `path` None: a journal that is gone with the process, for tests.
    """

    def __init__(
        self,
        path: Path | None,
        database: Database,
        log: Log,
        spawn: Callable[[Coroutine[Any, Any, None], str], Any],
    ) -> None:
        self.path = Path() if path is None else path
        self._temporary = path is None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.database = database
        self.log = log
        self._spawn = spawn
        self._stopping = asyncio.Event()
        self._task: Any = None
        self._file = -1
        self._done_file = -1
        self._done = 0
        self._end = 0
        self._doubtful = 0
        self._batch = MAX_BATCH
        self._delay = 0.0
        self._running = False
        self._widths: dict[str, dict[str, int]] = {}
        self.refused = 0
        """records that the database would not take; they are in `<path>.refused`"""

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
            self.log.notice("journal %s: %d octets are not in the database yet", self.path, self.pending, source="db")
            self._doubtful = MAX_BATCH
            self._wake()

    @property
    def pending(self) -> int:
        """Octets of records that are not in the database yet."""
        return self._end - self._done

    def add(self, table: str, values: Mapping[str, Value]) -> bool:
        """Note a record. False where the disk does not take it: the record is in the log then."""
        line = json.dumps([table, values], default=_plain, separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self._file, line)
            if written != len(line):
                os.ftruncate(self._file, self._end)
                raise OSError(28, "no space left")
        except OSError as error:
            text = line.decode().strip()
            self.log.alert("journal %s cannot be written (%s): record %s", self.path, error.strerror, text, source="db")
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
            self.log.error("journal %s: %s", self.path, error.reason, source="db")
            return
        self._running = True

    async def _write_all(self) -> None:
        """Write until nothing is left; while the database is away, try again now and then."""
        try:
            while self.pending and not self._stopping.is_set():
                try:
                    await self._write_batch()
                    self._succeeded()
                except DbUnavailableError as error:
                    self._failed(error)
                    await self._pause()
        except BaseException:
            self._doubtful = max(self._doubtful, self._batch)
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
            self.log.notice("journal %s is written to the database again", self.path, source="db")

    def _failed(self, error: DbUnavailableError) -> None:
        if error.in_doubt:
            self._doubtful = max(self._doubtful, self._batch)
        if not self._delay:
            self.log.error("records wait in the journal %s: %s", self.path, error, source="db")
        self._delay = min(self._delay * 2, LONGEST_DELAY) if self._delay else FIRST_DELAY

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
        """The next records, and where each of them ends."""
        records: list[Record] = []
        ends: list[int] = []
        pos = self._done
        data = os.pread(self._file, min(self._end - pos, MAX_LINE), pos)
        start = 0
        while len(records) < self._batch:
            stop = data.find(b"\n", start)
            if stop < 0:
                break
            try:
                table, values = json.loads(data[start:stop])
                records.append((table, {name: _value(value) for name, value in values.items()}))
            except (ValueError, TypeError, AttributeError):
                if data[start:stop].strip():
                    self.log.error("journal %s: line at octet %d is damaged", self.path, pos + start, source="db")
            start = stop + 1
            ends.append(pos + start)
        return records, ends

    def _set_done(self, done: int) -> None:
        self._done = done
        if done == self._end and done > SHRINK_ABOVE:
            # in this order: a mark past the end counts as the beginning
            os.ftruncate(self._file, 0)
            self._done = self._end = 0
        os.pwrite(self._done_file, f"{self._done:<20}\n".encode(), 0)

    def _refuse(self, record: Record, error: DbError) -> None:
        """Put a record aside, for the operator."""
        self.refused += 1
        table, values = record
        line = json.dumps([table, values, str(error)], default=_plain)
        self.log.error("the database refuses a record for table %s: %s", table, error, source="db")
        try:
            with Path(f"{self.path}.refused").open("a") as file:
                file.write(line + "\n")
        except OSError as problem:
            self.log.alert("%s.refused cannot be written (%s): %s", self.path, problem.strerror, line, source="db")

    async def stop(self) -> None:
        """Write what can be written now; the rest stays in the journal for the next start."""
        self._stopping.set()
        try:
            if self._running:
                await asyncio.wait({self._task}, timeout=STOP_TIME)
            while self.pending:
                await self._write_batch()
        except DbError as error:
            self.log.error("%d octets stay in the journal %s: %s", self.pending, self.path, error, source="db")
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
