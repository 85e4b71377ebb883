"""The database under the shared backend: LMDB, opened once in each process, growing up to a limit.

LMDB writes copies of pages and points to them last, so a process that is killed leaves what was there before; its lock
is taken over by the next writer. There is one writer at a time; readers neither wait nor are waited for.
All space that the file has is allocated before LMDB may write to it: with a full `/dev/shm` a write gets an error, not
a signal.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from struct import Struct
from typing import Any

from siprouter.util.errors import InternalError, OperatorError, PeerError

FIRST_SIZE = 1 << 20
LARGEST_STEP = 64 << 20
SPARE = 2 << 20  # octets that must be free before work begins that cannot be done twice
MAX_READERS = 1022
DATABASES = 8
LOOK_EVERY = 16  # transactions, of all processes, between two looks at what is free: they take about 40 KiB each
RESERVE = 64  # pages that new entries leave to what deletes
TOO_MUCH = "one step needed more room than there was"
_PROBE = bytes(3000)  # fills a page
_ATTEMPTS = 40
NUMBER = Struct(">H")
MAX_NUMBER = 0xFFFF


class StateFullError(PeerError):
    """Shared state has reached its limit; what asked for room gets a 503."""

    def __init__(self, message: str) -> None:
        super().__init__(503, "Server State Full")
        self.args = (message,)


class Store:
    """One environment. `txn` is the write transaction that is open now, if there is one."""

    __slots__ = (
        "_begin",
        "_descriptor",
        "_looked",
        "_page",
        "_resized",
        "directory",
        "env",
        "limit",
        "lmdb",
        "problem",
        "refusals",
        "size",
        "txn",
    )

    def __init__(self, directory: Path, limit: int) -> None:
        """Opens the database in `directory`, made where there is none; `limit` counts octets. Raises OperatorError."""
        try:
            lmdb = import_module("lmdb")  # as a function: compiled, the statement passes over what is marked as absent
        except ImportError:
            raise OperatorError(
                "shared state needs the Python package lmdb", suggestion="pip install 'siprouter[shared]'"
            ) from None
        self.lmdb = lmdb
        self._resized = lmdb.MapResizedError
        self.directory = directory
        self.limit = limit
        self.txn: Any = None
        self.refusals = 0
        self.problem = ""
        self._looked = 0
        data = directory / "data.mdb"
        self.size = max(FIRST_SIZE, data.stat().st_size if data.exists() else 0)
        try:
            self.env = lmdb.open(
                str(directory),
                map_size=self.size,
                max_dbs=DATABASES,
                max_readers=MAX_READERS,
                sync=False,
                metasync=False,
                writemap=True,
                mode=0o600,
            )
            self._descriptor = os.open(data, os.O_RDWR | os.O_CLOEXEC)
            os.posix_fallocate(self._descriptor, 0, self.size)
        except (lmdb.Error, OSError) as error:
            raise OperatorError(f"cannot open shared state in {directory}: {error}") from None
        self._begin = self.env.begin
        self._page = int(self.env.stat()["psize"])

    def close(self) -> None:
        """Closes it; may be called more than once."""
        if self._descriptor >= 0:
            self.env.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def reader(self) -> Any:
        """A transaction to read in; to be given back to `done`."""
        if self.txn is not None:
            return self.txn
        try:
            return self._begin()
        except self._resized:
            self._adopt()
            return self._begin()

    def done(self, txn: Any) -> None:
        """The end of reading."""
        if txn is not self.txn:
            txn.abort()

    def begin(self) -> Any:
        """A new write transaction, waiting for the one of another process."""
        try:
            return self._begin(write=True)
        except self._resized:
            self._adopt()
            return self._begin(write=True)

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """`work(txn, *args)` in a write transaction: all of it happens, or nothing. It may run more than once.

        Within another one it is part of that. Raises StateFullError.
        """
        if self.txn is not None:
            try:
                return work(self.txn, *args)
            except self.lmdb.MapFullError:
                raise self._refusal() from None
        for _ in range(_ATTEMPTS):
            txn = self.txn = self.begin()
            try:
                result = work(txn, *args)
                self.txn = None
                txn.commit()
                return result
            except self.lmdb.MapFullError:
                self.abort(txn)
                self.grow()
            except BaseException:
                self.abort(txn)
                raise
        raise self._refusal(f"no room after {_ATTEMPTS} attempts")

    def open_section(self) -> Any:
        """Begins a write transaction whose work cannot be done twice: there is room for what it may write."""
        txn = self.begin()
        number = txn.id()
        if number >= self._looked + LOOK_EVERY:
            self._looked = number
            if self.lacks_room():
                txn.abort()
                self.make_room()
                txn = self.begin()
        self.txn = txn
        return txn

    def close_section(self, well: bool) -> None:
        """Ends it. Raises StateFullError: nothing of it has happened."""
        txn, self.txn = self.txn, None
        if not well:
            self.abort(txn)
            return
        try:
            txn.commit()
        except self.lmdb.MapFullError:
            self.abort(txn)
            self.grow()
            raise self._refusal() from None
        except self.lmdb.BadTxnError:  # a refusal within, which the block did not pass on
            self.abort(txn)
            raise self._refusal() from None

    def abort(self, txn: Any) -> None:
        """Takes back what was written."""
        self.txn = None
        txn.abort()

    def check_room(self, txn: Any) -> None:
        """For what adds an entry: raises where so little is left that deleting, which copies pages, could fail."""
        if self.size < self.limit:
            return
        for number in range(RESERVE):
            txn.put(b"probe%d" % number, _PROBE)
        for number in range(RESERVE):
            txn.delete(b"probe%d" % number)

    def used(self) -> int:
        """Octets in use, those that are free to be used again included."""
        return (int(self.env.info()["last_pgno"]) + 1) * self._page

    def lacks_room(self) -> bool:
        """Whether less than SPARE is free at the end, though the file could be larger."""
        return self.size < self.limit and self.size - self.used() < SPARE

    def make_room(self) -> None:
        """Grows where room is lacking; where it cannot, what was freed before must do."""
        while self.lacks_room():
            try:
                self.grow()
            except StateFullError:
                return

    def grow(self) -> None:
        """More room, for all processes. Raises StateFullError at the limit, or where the file system is full."""
        before = self.size
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            self._adopt()
            if self.size > before:
                return  # another process has done it
            self._release_readers()
            size = min(self.limit, self.size + min(self.size, LARGEST_STEP))
            if size <= self.size:
                raise self._refusal(self._limit_reached())
            self._allocate(size)
            self.env.set_mapsize(size)
            self.size = size
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _allocate(self, size: int) -> None:
        try:
            os.posix_fallocate(self._descriptor, 0, size)
        except OSError as error:
            raise self._refusal(f"{self.directory} cannot grow to {size >> 20} MiB, {error.strerror}") from None

    def _refusal(self, problem: str = "") -> StateFullError:
        """The error to raise; without `problem` for a step that found no room and cannot be done again."""
        self.refusals += 1
        self.problem = problem or (self._limit_reached() if self.size >= self.limit else TOO_MUCH)
        return StateFullError(f"shared state is full: {self.problem}")

    def _limit_reached(self) -> str:
        return f"the limit of {self.limit >> 20} MiB is reached, --state-size raises it"

    def _adopt(self) -> None:
        """Takes over the size that another process gave the file."""
        size = os.fstat(self._descriptor).st_size
        if size != self.size:
            self.env.set_mapsize(size)
            self.size = size

    def _release_readers(self) -> None:
        """Forgets readers that died: until then what they may have been reading cannot be used again."""
        self.env.reader_check()

    def tick(self) -> None:
        """About once a second."""
        self._release_readers()
        if self.txn is None:
            self.make_room()


class Area:
    """The three databases of what lasts equally long: entries, when they are due, numbers and counts."""

    __slots__ = ("data", "due", "meta")

    def __init__(self, store: Store, kind: bytes) -> None:
        self.data = store.env.open_db(kind + b"data")
        self.due = store.env.open_db(kind + b"due")
        self.meta = store.env.open_db(kind + b"meta")

    def forget(self, txn: Any) -> None:
        """Empties them."""
        for database in (self.data, self.due, self.meta):
            txn.drop(database, delete=False)

    def number(self, txn: Any, name: bytes) -> int:
        """The number that stands for a table or queue. Raises InternalError where there are too many."""
        found = txn.get(b"name:" + name, db=self.meta)
        if found is not None:
            return int(NUMBER.unpack(found)[0])
        last = txn.get(b"last", db=self.meta)
        number = NUMBER.unpack(last)[0] + 1 if last is not None else 1
        if number > MAX_NUMBER:
            raise InternalError("shared state has too many tables and queues")
        txn.put(b"last", NUMBER.pack(number), db=self.meta)
        txn.put(b"name:" + name, NUMBER.pack(number), db=self.meta)
        return int(number)
