"""Several processes on one database: atomic changes, kills in mid-write, growth, the limit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from siprouter.state.factory import StateOptions, open_state
from siprouter.state.interface import State
from siprouter.state.shared import SharedState
from siprouter.state.store import StateFullError
from siprouter.util.errors import OperatorError
from siprouter.util.log import L_DBG, Log, Record
from tests.state.conftest import Start

MIB = 1 << 20


def open_shared(
    directory: Path,
    limit: int = 64,
    records: list[Record] | None = None,
    clock: Callable[[], float] = time.time,
) -> SharedState:
    sink = print if records is None else records.append
    made = open_state(StateOptions("shared", str(directory), limit), clock, Log(sink, L_DBG))
    assert isinstance(made, SharedState)
    return made


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = open_shared(tmp_path)
    yield made
    made.close()


def test_changes_of_several_processes_are_all_counted(state: State, tmp_path: Path, start: Start) -> None:
    program = """
        table, counter = state.table("t"), state.counter("c")
        say("ready"); sys.stdin.readline()
        for number in range(300):
            table.add("sum", 1)
            counter.add(2)
            while not table.replace("pair", seen := table.get("pair"), (seen[0] + 1, seen[1] + 1)):
                pass
            with state.atomic():
                table.put("block", table.get("block") + 1)
        say("done")
    """
    table = state.table("t")
    table.put("pair", (0, 0))
    table.put("block", 0)
    processes = [start(tmp_path, program) for _ in range(3)]
    assert [process.hear() for process in processes] == ["ready"] * 3
    for process in processes:
        process.tell()
    assert [process.hear() for process in processes] == ["done"] * 3
    assert dict(table.items()) == {"sum": 900, "pair": (900, 900), "block": 900}
    assert state.counter("c").get() == 1800


def test_a_queue_gives_each_value_once_and_in_order(state: State, tmp_path: Path, start: Start) -> None:
    program = """
        queue = state.queue("q")
        say("ready"); sys.stdin.readline()
        while (value := queue.pop()) is not None:
            say(value)
    """
    queue = state.queue("q")
    for number in range(400):
        assert queue.push(number)
    processes = [start(tmp_path, program) for _ in range(2)]
    assert [process.hear() for process in processes] == ["ready"] * 2
    for process in processes:
        process.tell()
    taken = []
    for process in processes:
        own = [int(line) for line in iter(process.hear, "")]
        assert own == sorted(own)
        taken += own
    assert sorted(taken) == list(range(400))


def test_each_entry_is_revised_by_one_process(tmp_path: Path, start: Start) -> None:
    program = """
        def revise(key, value, now):
            say(key)
            return None if int(key) % 2 else ("kept", 1000.0)
        table = state.table("t", revise=revise)
        say("ready"); sys.stdin.readline()
        table.sweep()
        say("done"); sys.stdin.readline()
    """
    state = open_shared(tmp_path, clock=lambda: time.time() - 100.0)
    table = state.table("t")
    for number in range(300):
        table.put(str(number), "old", 1.0)
    processes = [start(tmp_path, program) for _ in range(3)]
    assert [process.hear() for process in processes] == ["ready"] * 3
    for process in processes:
        process.tell()
    revised = [line for process in processes for line in iter(process.hear, "done")]
    assert sorted(revised, key=int) == [str(number) for number in range(300)]
    assert len(table) == 150 and {value for _, value in table.items()} == {"kept"}
    state.close()


def test_a_killed_writer_leaves_a_sound_state(state: State, tmp_path: Path, start: Start) -> None:
    program = """
        table, queue = state.table("t"), state.queue("q", 10**9)
        say("ready")
        number = 0
        while True:
            number += 1
            with state.atomic():
                for key in range(40):
                    table.put(f"{number % 7}-{key}", (number, "x" * 300), 500.0)
                table.delete(f"{(number + 3) % 7}-1")
                queue.push(number)
                queue.push(-number)
    """
    table, queue = state.table("t"), state.queue("q", 10**9)
    for turn in range(8):
        process = start(tmp_path, program)
        assert process.hear() == "ready"
        before, end = len(queue), time.monotonic() + 5
        while len(queue) < before + 2 * turn + 2:  # it is busy writing
            assert time.monotonic() < end
        process.kill()
        found = dict(table.items())
        assert len(table) == len(found)
        for group in range(7):
            numbers = {value[0] for key, value in found.items() if key.startswith(f"{group}-") and key[2:] != "1"}
            assert len(numbers) <= 1  # of one block all, or nothing
        values = [queue.pop() for _ in range(len(queue))]
        assert len(values) % 2 == 0 and sum(values) == 0
        table.put("alive", turn)
        assert table.get("alive") == turn


def test_it_grows_for_everybody(state: State, tmp_path: Path, start: Start) -> None:
    program = """
        table = state.table("t")
        for number in range(6000):
            table.put(str(number), "x" * 1000)
        say("full")
        assert sys.stdin.readline()
        say(len(list(table.items())))
    """
    table = state.table("t")
    table.put("mine", 1)
    process = start(tmp_path, program)
    assert process.hear() == "full"
    assert table.get("mine") == 1 and table.get("5999") == "x" * 1000
    for number in range(6000):
        table.put(f"m{number}", "y" * 1000)
    process.tell()
    assert process.hear() == "12001"
    assert (tmp_path / "data.mdb").stat().st_size <= 64 * MIB


def test_a_full_state_refuses_and_goes_on(tmp_path: Path) -> None:
    records: list[Record] = []
    state = open_shared(tmp_path, limit=2, records=records)
    table = state.table("t", ttl=1000.0)
    number = 0
    with pytest.raises(StateFullError) as caught:
        for number in range(20_000):
            table.put(str(number), "x" * 500)
    assert "limit of 2 MiB" in str(caught.value) and caught.value.status == 503
    with pytest.raises(StateFullError, match="the limit of 2 MiB is reached"), state.atomic():
        table.put("another", "x" * 500)
    assert number > 1000 and table.get(str(number)) is None and table.get("0") == "x" * 500
    state.tick()
    assert [record.text for record in records] == [
        "shared state is full: the limit of 2 MiB is reached, --state-size raises it (2 refusals)"
    ]
    for key in range(number):
        assert table.delete(str(key))
    assert len(table) == 0
    for key in range(1000):
        table.put(str(key), "again")
    assert (tmp_path / "data.mdb").stat().st_size <= 2 * MIB
    state.close()


def test_what_is_over_makes_room_in_a_full_state(tmp_path: Path) -> None:
    now = 1000.0
    state = open_shared(tmp_path, limit=2, clock=lambda: now)
    table = state.table("t", ttl=10.0)
    with pytest.raises(StateFullError):
        for number in range(20_000):
            table.put(str(number), "x" * 200)
    now += 20.0
    for _ in range(20):
        state.tick()
    assert len(table) == 0
    table.put("a", "x" * 1000)
    state.close()


def test_a_block_that_fails_changes_nothing(state: State) -> None:
    table = state.table("t", ttl=50.0)
    table.put("a", 1)
    with pytest.raises(ZeroDivisionError), state.atomic():
        table.put("a", 2)
        table.put("b", 2)
        raise ZeroDivisionError
    assert dict(table.items()) == {"a": 1} and len(table) == 1


def test_rows_of_another_version_are_passed_over(tmp_path: Path) -> None:
    class Old:
        def __init__(self, name: str) -> None:
            self.name = name

        def to_row(self) -> tuple[object, ...]:
            return (self.name,)

    class New(Old):
        def __init__(self, name: str, more: int) -> None:
            super().__init__(name)
            self.more = more

        def to_row(self) -> tuple[object, ...]:
            return (self.name, self.more)

    records: list[Record] = []
    state = open_shared(tmp_path)
    state.table("t", record=Old, lasting=True).put("a", Old("a"))
    state.close()
    state = open_shared(tmp_path, records=records)
    table = state.table("t", record=New, lasting=True)
    assert table.get("a") is None and list(table.items()) == []
    state.tick()
    assert records[-1].text == "shared state: 2 entries of another version were passed over"
    table.put("a", New("b", 1))
    assert table.get("a").more == 1 and len(table) == 1
    state.close()


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(OperatorError, match=r"the Python package lmdb \(pip install 'siprouter\[shared\]'\)"):
        open_shared(tmp_path)


@pytest.mark.parametrize(
    "options,text",
    [
        (StateOptions("memory"), "there is no state 'memory'"),
        (StateOptions("shared", "", 0), "at least 1 MiB, found 0"),
        (StateOptions("shared", "/proc/none"), "cannot use /proc/none for shared state"),
    ],
    ids=["kind", "size", "place"],
)
def test_impossible_options(options: StateOptions, text: str) -> None:
    with pytest.raises(OperatorError, match=text):
        open_state(options, time.time, Log(print, L_DBG))
