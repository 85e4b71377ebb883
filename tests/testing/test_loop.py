"""The event loop that lives by the fake clock."""

import asyncio
import os
from collections.abc import Iterator
from math import inf

import pytest

from siprouter.testing import loop as loop_module
from siprouter.testing.clock import FakeClock
from siprouter.testing.loop import TestLoop


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def loop(clock: FakeClock) -> Iterator[TestLoop]:
    made = TestLoop(clock)
    yield made
    made.close()


def test_everything_that_can_run_runs(loop: TestLoop) -> None:
    seen: list[int] = []

    async def count() -> None:
        for number in range(50):
            seen.append(number)
            await asyncio.sleep(0)

    task = loop.create_task(count())
    loop.run_until_idle()
    assert task.done()
    assert len(seen) == 50
    assert loop.next_timer == inf


def test_sleep_ends_when_the_clock_was_moved(loop: TestLoop, clock: FakeClock) -> None:
    task = loop.create_task(asyncio.sleep(30, "slept"))
    loop.run_until_idle()
    assert not task.done()
    assert loop.next_timer == 1030
    clock.move(29.9)
    loop.run_until_idle()
    assert not task.done()
    clock.move(0.1)
    loop.run_until_idle()
    assert task.result() == "slept"


def test_timeouts_follow_the_clock(loop: TestLoop, clock: FakeClock) -> None:
    async def wait() -> None:
        async with asyncio.timeout(5):
            await asyncio.Event().wait()

    task = loop.create_task(wait())
    loop.run_until_idle()
    clock.move(5)
    loop.run_until_idle()
    assert isinstance(task.exception(), TimeoutError)


def test_open_files_are_counted(loop: TestLoop) -> None:
    assert loop.open_files() == 0
    reading, writing = os.pipe()
    try:
        loop.add_reader(reading, lambda: None)
        assert loop.open_files() == 1
        loop.remove_reader(reading)
        assert loop.open_files() == 0
    finally:
        os.close(reading)
        os.close(writing)


def test_what_is_ready_on_a_file_is_handled(loop: TestLoop) -> None:
    reading, writing = os.pipe()
    found: list[bytes] = []

    def read() -> None:
        found.append(os.read(reading, 10))

    try:
        loop.add_reader(reading, read)
        os.write(writing, b"x")
        loop.run_until_idle()
        assert found == [b"x"]
        loop.remove_reader(reading)
    finally:
        os.close(reading)
        os.close(writing)


def test_a_task_that_never_waits_is_noticed(loop: TestLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "MAX_TURNS", 100)

    async def spin() -> None:
        while True:  # noqa: ASYNC110  it is meant to be busy
            await asyncio.sleep(0)

    task = loop.create_task(spin())
    with pytest.raises(RuntimeError, match="still busy"):
        loop.run_until_idle()
    task.cancel()
    loop.run_until_idle()
    assert task.cancelled()
