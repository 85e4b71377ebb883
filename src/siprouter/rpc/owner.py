"""Who may use a socket or FIFO in the file system: user, group and mode, by name or number."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.core.worker import Worker


def has_control(worker: Worker) -> bool:
    """Whether a worker opens control sockets: of several only the first does, and none where nothing is opened."""
    return not worker.services.get("in_memory") and not worker.services.get("no_control")


@dataclass(frozen=True, slots=True)
class Ownership:
    """Mode bits, and the user and group to give the file to; -1 leaves them as they are."""

    mode: int = 0o600
    uid: int = -1
    gid: int = -1

    def apply(self, path: str) -> None:
        """Set mode and owner of `path`. Raises OSError."""
        if self.mode:
            Path(path).chmod(self.mode)
        if self.uid != -1 or self.gid != -1:
            os.chown(path, self.uid, self.gid)


def user_id(user: str | int) -> tuple[int, int]:
    """User and group number of a user name; a number keeps the group (-1). Raises ValueError for an unknown one."""
    if isinstance(user, int) or user.isdigit():
        return int(user), -1
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ValueError(f"no user is called '{user}'") from None
    return entry.pw_uid, entry.pw_gid


def group_id(group: str | int) -> int:
    """Number of a group. Raises ValueError for an unknown one."""
    if isinstance(group, int) or group.isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ValueError(f"no group is called '{group}'") from None


def remove_stale(path: str) -> None:
    """Remove what an earlier run left at `path`. Raises FileExistsError when it is neither a socket nor a FIFO."""
    place = Path(path)
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)):
        raise FileExistsError(f"{path} exists and is neither a socket nor a FIFO")
    place.unlink()


def remove_own(path: str, identity: tuple[int, int]) -> None:
    """Remove `path` if it is still the file with this (device, inode); another server may have replaced it."""
    place = Path(path)
    try:
        status = place.lstat()
        if (status.st_dev, status.st_ino) == identity:
            place.unlink()
    except OSError:
        return


def identity_of(path: str) -> tuple[int, int]:
    """(device, inode) of `path`. Raises OSError."""
    status = Path(path).lstat()
    return status.st_dev, status.st_ino
