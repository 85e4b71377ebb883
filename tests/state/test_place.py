"""Directories of shared state: whose they are, what outlasts a server, what is cleaned up."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from siprouter.state import place
from siprouter.state.factory import StateOptions, open_state
from siprouter.state.place import BOOT, CLEAN, GRACE, claim, remove_stale
from siprouter.util.log import L_DBG, Log, Record
from tests.state.conftest import Start

WRITE = """
    state.table("location", lasting=True).put("alice", "here")
    state.counter("kept", lasting=True).add(3)
    state.table("shv").put("x", 1)
    state.counter("c").add(5)
    say("ready"); sys.stdin.readline()
    state.close(); say("closed"); sys.stdin.readline()
"""


def read(directory: Path, records: list[Record] | None = None) -> tuple[object, ...]:
    """What there is of what WRITE wrote."""
    sink = print if records is None else records.append
    state = open_state(StateOptions("shared", str(directory)), time.time, Log(sink, L_DBG))
    location, shv = state.table("location", lasting=True), state.table("shv")
    found = (
        location.get("alice"),
        state.counter("kept", lasting=True).get(),
        shv.get("x"),
        state.counter("c").get(),
    )
    state.close()
    return found


@pytest.mark.parametrize("ends_well", [True, False], ids=["closed", "killed"])
def test_what_lasts_is_there_after_a_restart(tmp_path: Path, start: Start, ends_well: bool) -> None:
    process = start(tmp_path / "new" / "state", WRITE)
    assert process.hear() == "ready"
    if ends_well:
        process.tell()
        assert process.hear() == "closed"
    process.kill()
    assert read(tmp_path / "new" / "state") == ("here", 3, None, 0)


def test_a_worker_that_joins_finds_everything(tmp_path: Path, start: Start) -> None:
    process = start(tmp_path, WRITE)
    assert process.hear() == "ready"
    assert read(tmp_path) == ("here", 3, 1, 5)
    process.kill()


def test_a_supervisor_keeps_the_run_alive(tmp_path: Path, start: Start) -> None:
    holder = claim(str(tmp_path))
    process = start(tmp_path, WRITE)
    assert process.hear() == "ready"
    process.kill()
    assert read(tmp_path) == ("here", 3, 1, 5)
    holder.release()
    holder.release()
    assert (tmp_path / CLEAN).exists()
    assert read(tmp_path) == ("here", 3, None, 0)


def test_a_run_under_a_supervisor_begins_anew(tmp_path: Path, start: Start) -> None:
    process = start(tmp_path, WRITE)
    assert process.hear() == "ready"
    process.kill()
    holder = claim(str(tmp_path))
    worker = start(tmp_path, WRITE)  # one that begins with what lasts, and adds to it
    assert worker.hear() == "ready"
    assert read(tmp_path) == ("here", 6, 1, 5)
    worker.kill()
    assert read(tmp_path) == ("here", 6, 1, 5)
    holder.release()


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o755)
    for name in (str(tmp_path / "d"), str(tmp_path / "e" / "f"), ""):
        held = claim(name)
        assert stat.S_IMODE(held.directory.stat().st_mode) == 0o700
        assert stat.S_IMODE((held.directory / "owner.lock").stat().st_mode) == 0o600
        held.release()
    read(tmp_path / "d")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "d").iterdir()} == {0o600}


def test_a_directory_for_one_run_is_gone_after_it() -> None:
    held = claim("")
    assert held.directory.parent == place.MEMORY and held.first and held.own
    held.release()
    assert not held.directory.exists()


def test_what_dead_servers_left_is_removed(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"""
        from pathlib import Path
        from siprouter.state import place
        place.MEMORY = Path({str(tmp_path)!r})
        held = place.claim("")
        say(held.directory); sys.stdin.readline()
    """
    dead, alive = start(tmp_path / "x", program), start(tmp_path / "y", program)
    gone, kept = Path(dead.hear()), Path(alive.hear())
    assert gone.exists() and kept.exists()
    dead.kill()
    young, old = tmp_path / "siprouter-young", tmp_path / "siprouter-old"
    other, link = tmp_path / "other", tmp_path / "siprouter-link"
    for path in (young, old, other):
        path.mkdir()
    link.symlink_to(other)
    os.utime(old, (time.time() - 2 * GRACE,) * 2)
    assert sorted(remove_stale(tmp_path)) == sorted([gone, old])
    assert kept.exists() and young.exists() and other.exists()
    monkeypatch.setattr(place, "MEMORY", tmp_path)
    alive.kill()
    claim("").release()
    assert not kept.exists()


def test_a_machine_that_stopped_costs_what_cannot_be_trusted(tmp_path: Path, start: Start) -> None:
    process = start(tmp_path, WRITE)
    assert process.hear() == "ready"
    process.kill()
    (tmp_path / BOOT).write_text("another boot")
    records: list[Record] = []
    assert read(tmp_path, records) == (None, 0, None, 0)
    assert [record.text for record in records] == [
        f"the machine stopped while {tmp_path} was in use: what was stored there is lost"
    ]
    assert (tmp_path / "damaged.mdb").exists()


def test_a_machine_that_stopped_after_the_server_costs_nothing(tmp_path: Path, start: Start) -> None:
    process = start(tmp_path, WRITE)
    assert process.hear() == "ready"
    process.tell()
    assert process.hear() == "closed"
    (tmp_path / BOOT).write_text("another boot")
    assert read(tmp_path) == ("here", 3, None, 0)
