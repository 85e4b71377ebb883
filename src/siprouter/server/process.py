"""The process around the server: background, pid files, limits, and giving up privileges."""

from __future__ import annotations

import contextlib
import ctypes
import grp
import os
import pwd
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from siprouter.util.errors import OperatorError

MCL_CURRENT = 1
MCL_FUTURE = 2


def user_ids(user: str | int, group: str | int | None) -> tuple[int, int]:
    """(user id, group id); without `group` the user's own. Raises OperatorError."""
    try:
        entry = pwd.getpwuid(int(user)) if str(user).isdigit() else pwd.getpwnam(str(user))
        uid, gid = entry.pw_uid, entry.pw_gid
    except KeyError:
        if not str(user).isdigit():
            raise OperatorError(f"unknown user {user}") from None
        uid, gid = int(user), os.getgid()
    return uid, gid if group is None else group_id(group)


def group_id(group: str | int) -> int:
    """The id of a group. Raises OperatorError."""
    if str(group).isdigit():
        return int(group)
    try:
        return grp.getgrnam(str(group)).gr_gid
    except KeyError:
        raise OperatorError(f"unknown group {group}") from None


def new_ids(user: str | int | None, group: str | int | None) -> tuple[int, int] | None:
    """User and group id to go on as; None where they are those of the process. Raises OperatorError."""
    if user is None and group is None:
        return None
    uid, gid = user_ids(user, group) if user is not None else (os.getuid(), group_id(group or 0))
    return None if (uid, gid) == (os.getuid(), os.getgid()) else (uid, gid)


def drop_privileges(user: str | int | None, group: str | int | None) -> None:
    """Go on as `user` and `group`, without supplementary groups of the old user. Raises OperatorError."""
    ids = new_ids(user, group)
    if ids is None:
        return
    uid, gid = ids
    try:
        try:
            os.initgroups(pwd.getpwuid(uid).pw_name, gid)
        except KeyError:
            os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    except PermissionError as error:
        raise OperatorError(f"cannot become user {user}, group {group}: {error.strerror}") from None


def change_root(path: str | None) -> None:
    """Make `path` the root directory. Raises OperatorError."""
    if path is None:
        return
    try:
        os.chroot(path)
        os.chdir("/")
    except OSError as error:
        raise OperatorError(f"cannot change the root directory to {path}: {error.strerror}") from None


def change_directory(path: str | None) -> None:
    """Make `path` the working directory. Raises OperatorError."""
    if path is None:
        return
    try:
        os.chdir(path)
    except OSError as error:
        raise OperatorError(f"cannot change to the directory {path}: {error.strerror}") from None


def set_limits(open_files: int, core_dumps: bool, lock_memory: bool) -> list[str]:
    """Set what the settings ask for; complaints about what the system does not allow. `open_files` -1: leave it."""
    problems = []
    if open_files > 0:
        try:
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            most = max(hard, open_files) if os.getuid() == 0 or hard == resource.RLIM_INFINITY else hard
            resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, most))
        except (OSError, ValueError) as error:
            problems.append(f"cannot set open_files_limit to {open_files}: {error}")
    if not core_dumps:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if lock_memory:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mlockall(MCL_CURRENT | MCL_FUTURE) != 0:
            problems.append(f"cannot lock memory (mlock_pages): {os.strerror(ctypes.get_errno())}")
    return problems


@contextlib.contextmanager
def pid_file(path: str | None, number: int) -> Iterator[None]:
    """A file with `number` in it for as long as the block runs. Raises OperatorError where a process of it lives."""
    if path is None:
        yield
        return
    file = Path(path)
    check_not_running(file)
    try:
        file.write_text(f"{number}\n")
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if file.read_text().strip() == str(number):
                file.unlink()


def check_not_running(file: Path) -> None:
    """OperatorError where a pid file names a process that lives; a stale one is no obstacle."""
    try:
        number = int(file.read_text().strip())
    except (OSError, ValueError):
        return
    if number <= 0 or number == os.getpid():
        return
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    raise OperatorError(f"running already: process {number}, says {file}")


def go_background() -> Callable[[bool, bool], None]:
    """Leave the terminal (daemon(7)); returns in the child only, with a function to call: ready(well, keep_stderr).

    True lets the starting process exit with 0; that exits with 1 on False or when the child ends before.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() > 0:
        os.close(writing)
        answer = os.read(reading, 1)
        os._exit(0 if answer == b"1" else 1)
    os.close(reading)
    os.setsid()
    if os.fork() > 0:
        os._exit(0)

    def ready(well: bool, keep_stderr: bool) -> None:
        if well:
            sys.stdout.flush()
            sys.stderr.flush()
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1) if keep_stderr else (0, 1, 2):
                os.dup2(null, number)
            os.close(null)
        with contextlib.suppress(OSError):
            os.write(writing, b"1" if well else b"0")
        os.close(writing)

    return ready
