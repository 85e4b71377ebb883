"""Pid files, users, limits."""

import os
import pwd
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from siprouter.server.process import (
    change_directory,
    change_root,
    check_not_running,
    drop_privileges,
    group_id,
    pid_file,
    set_limits,
    user_ids,
)
from siprouter.util.errors import OperatorError


def test_a_pid_file_lives_as_long_as_the_server(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pid_file(str(path), 4711):
        assert path.read_text() == "4711\n"
    assert not path.exists()
    with pid_file(None, 4711):
        pass


def test_a_pid_file_of_another_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pid_file(str(path), 4711):
        path.write_text("4712\n")
    assert path.exists()


def test_a_live_process_is_not_started_again(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        path.write_text(f"{other.pid}\n")
        with pytest.raises(OperatorError, match="running already"), pid_file(str(path), 1):
            raise AssertionError
        other.communicate(b"\n")
    check_not_running(path)
    for text in ("", "nonsense", "-5", str(os.getpid())):
        path.write_text(text)
        check_not_running(path)


def test_a_pid_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot write"), pid_file(str(tmp_path / "none" / "pid"), 1):
        raise AssertionError


def test_users_and_groups() -> None:
    nobody = pwd.getpwnam("nobody")
    assert user_ids("nobody", None) == (nobody.pw_uid, nobody.pw_gid)
    assert user_ids(nobody.pw_uid, "root") == (nobody.pw_uid, 0)
    assert user_ids("54321", "7") == (54321, 7)
    assert group_id("root") == 0 and group_id(12) == 12
    with pytest.raises(OperatorError, match="unknown user"):
        user_ids("no-such-user", None)
    with pytest.raises(OperatorError, match="unknown group"):
        group_id("no-such-group")


def in_child(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=dict(os.environ)
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_privileges_are_given_up() -> None:
    done = in_child(
        "import os\nfrom siprouter.server.process import drop_privileges\n"
        "drop_privileges('nobody', None)\nprint(os.getuid(), os.getgid(), os.getgroups())"
    )
    nobody = pwd.getpwnam("nobody")
    assert done.stdout.split()[:2] == [str(nobody.pw_uid), str(nobody.pw_gid)]
    assert "[0" not in done.stdout
    done = in_child(
        "from siprouter.server.process import drop_privileges\ndrop_privileges('nobody', None)\n"
        "try:\n    drop_privileges('root', None)\nexcept Exception as error:\n    print(error)"
    )
    assert "cannot become user root" in done.stdout


def test_nothing_to_give_up() -> None:
    drop_privileges(None, None)
    drop_privileges(os.getuid(), os.getgid())


def test_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    change_directory(None)
    assert Path.cwd() == Path("/")
    change_directory(str(tmp_path))
    assert Path.cwd() == tmp_path
    with pytest.raises(OperatorError, match="cannot change to the directory"):
        change_directory(str(tmp_path / "none"))
    with pytest.raises(OperatorError, match="cannot change the root directory"):
        change_root(str(tmp_path / "none"))
    change_root(None)


def test_limits() -> None:
    done = in_child(
        "import resource\nfrom siprouter.server.process import set_limits\n"
        "print(set_limits(321, False, False))\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    assert done.stdout.splitlines() == ["[]", "321 0"]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert set_limits(-1, True, False) == []
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
