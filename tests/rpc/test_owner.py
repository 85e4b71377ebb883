"""rpc/owner.py."""

import os
import socket
from pathlib import Path

import pytest

from siprouter.rpc.owner import Ownership, group_id, identity_of, remove_own, remove_stale, user_id


def test_users_and_groups_by_name_and_number() -> None:
    assert user_id("root") == (0, 0)
    assert user_id("12") == user_id(12) == (12, -1)
    assert group_id("root") == 0
    assert group_id("12") == group_id(12) == 12
    with pytest.raises(ValueError, match="no-such"):
        user_id("no-such")
    with pytest.raises(ValueError, match="no-such"):
        group_id("no-such")


def test_mode_and_owner_are_set(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch()
    Ownership(0o640, os.getuid(), os.getgid()).apply(str(path))
    assert path.stat().st_mode & 0o777 == 0o640
    Ownership(0).apply(str(path))
    assert path.stat().st_mode & 0o777 == 0o640


def test_only_sockets_and_fifos_are_stale(tmp_path: Path) -> None:
    fifo, sock, other, link = (tmp_path / name for name in ("fifo", "sock", "file", "link"))
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(sock))
    other.touch()
    link.symlink_to(fifo)
    for path in (fifo, sock, tmp_path / "absent"):
        remove_stale(str(path))
        assert not path.exists()
    for path in (other, link, tmp_path):
        with pytest.raises(FileExistsError):
            remove_stale(str(path))


def test_only_our_own_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    mine = identity_of(str(path))
    path.rename(tmp_path / "moved")
    os.mkfifo(path)
    remove_own(str(path), mine)
    assert path.exists()
    remove_own(str(path), identity_of(str(path)))
    assert not path.exists()
    remove_own(str(path), mine)
