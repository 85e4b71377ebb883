"""Where shared state lies: one directory for each server, for its owner alone, gone or kept when the server ends.

Every process of a server holds a shared lock on `owner.lock`. Who gets it exclusively knows that no process of the
server is left: so a starting server knows what to begin anew, and which directories dead servers have left behind.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from siprouter.util.errors import OperatorError

MEMORY = Path("/dev/shm")
PREFIX = "siprouter-"
OWNER_LOCK = "owner.lock"
START_LOCK = "start.lock"
BOOT = "boot"
CLEAN = "clean"
DATA = "data.mdb"
DAMAGED = "damaged.mdb"
EARLIER = "earlier"
GRACE = 60.0  # seconds in which a directory without lock may be one that a server is just making
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(slots=True)
class Place:
    """A directory held by this process. `first`: nobody else held it, so that what is in it is of an earlier run.

    `own`: made by this process for this run alone. `lost`: the database of the last run could not be trusted.
    """

    directory: Path
    owner: int
    first: bool
    own: bool
    lost: bool = False

    def release(self) -> None:
        """Gives the directory up; the process that made it for this run removes it, the last holder of another one
        writes down that all is on disk. May be called more than once."""
        if self.owner < 0:
            return
        if self.own:
            shutil.rmtree(self.directory, ignore_errors=True)
        elif _locked(self.owner, fcntl.LOCK_EX):
            _note_clean(self.directory)
        os.close(self.owner)
        self.owner = -1

    def begin_run(self, forget: Callable[[], None]) -> None:
        """Has `forget` called by the first process of a run that opens what is here."""
        mark = self.directory / EARLIER
        if not mark.exists():
            return
        start = _open(self.directory / START_LOCK)
        try:
            fcntl.flock(start, fcntl.LOCK_EX)
            if mark.exists():
                forget()
                mark.unlink()
        finally:
            os.close(start)

    def give_to(self, uid: int, gid: int) -> None:
        """Makes another user the owner, before this process becomes that user."""
        for path in (self.directory, *self.directory.iterdir()):
            os.chown(path, uid, gid, follow_symlinks=False)


def claim(directory: str) -> Place:
    """Holds `directory`, made where it is new; "": one for this run, in memory. Raises OperatorError."""
    if not directory:
        remove_stale(MEMORY)
        return _make_own()
    path = Path(directory).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        return _hold(path)
    except OSError as error:
        raise OperatorError(
            f"cannot use {path} for shared state: {error.strerror}",
            suggestion="name a directory that belongs to the user who starts the server: --state-directory",
        ) from None


def _make_own() -> Place:
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
        new = path / f"{OWNER_LOCK}.new"
        owner = _open(new)
        fcntl.flock(owner, fcntl.LOCK_SH)
        new.rename(path / OWNER_LOCK)  # from here on it is seen, and locked
    except OSError as error:
        raise OperatorError(
            f"cannot make a directory for shared state in {MEMORY}: {error.strerror}",
            suggestion="name one elsewhere: --state-directory",
        ) from None
    return Place(path, owner, first=True, own=True)


def _hold(path: Path) -> Place:
    start = _open(path / START_LOCK)
    try:
        fcntl.flock(start, fcntl.LOCK_EX)
        owner = _open(path / OWNER_LOCK)
        first = _locked(owner, fcntl.LOCK_EX)
        lost = first and _begin(path)
        fcntl.flock(owner, fcntl.LOCK_SH)
        return Place(path, owner, first, own=False, lost=lost)
    finally:
        os.close(start)


def _begin(path: Path) -> bool:
    """The first process of a run: puts the database of the last run aside where it cannot be trusted; True: so it was.

    The machine may have stopped while it was in use: then what reached the disk need not fit together.
    """
    boot = BOOT_ID.read_text().strip()
    before = path / BOOT
    clean = path / CLEAN
    trusted = clean.exists() or not before.exists() or before.read_text() == boot
    data = path / DATA
    lost = not trusted and data.exists()
    if lost:
        data.replace(path / DAMAGED)
        (path / "lock.mdb").unlink(missing_ok=True)
    clean.unlink(missing_ok=True)
    descriptor = os.open(before, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.write(descriptor, boot.encode())
    os.close(descriptor)
    os.close(_open(path / EARLIER))
    return lost


def _note_clean(path: Path) -> None:
    for name in (DATA, CLEAN):
        descriptor = os.open(path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_stale(parent: Path) -> list[Path]:
    """Removes what servers that died have left in `parent`; those of other users only for root."""
    removed = []
    for path in parent.glob(f"{PREFIX}*"):
        try:
            if _is_stale(path):
                shutil.rmtree(path)
                removed.append(path)
        except OSError:
            continue  # somebody else's, or gone meanwhile
    return removed


def _is_stale(path: Path) -> bool:
    found = path.lstat()
    if not path.is_dir() or path.is_symlink() or os.geteuid() not in (0, found.st_uid):
        return False
    lock = path / OWNER_LOCK
    if not lock.exists():
        return time.time() - found.st_mtime > GRACE
    descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return _locked(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _locked(descriptor: int, kind: int) -> bool:
    """Takes a lock where that is possible at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
