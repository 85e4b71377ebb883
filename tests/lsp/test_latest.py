"""Work that is done again when its input changes."""

from __future__ import annotations

import asyncio

from siprouter.lsp.latest import Latest


async def test_only_the_last_of_several_requests_is_done() -> None:
    done: list[str] = []

    async def work(key: str) -> None:
        done.append(key)

    latest = Latest(work)
    for _ in range(5):
        latest.ask("a", 0.01)
    latest.ask("b", 0)
    assert await latest.settled("a", 10) and await latest.settled("b", 10)
    assert sorted(done) == ["a", "b"]


async def test_a_request_during_the_work_is_done_behind_it() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    running = most = done = 0

    async def work(key: str) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        entered.set()
        await leave.wait()
        running -= 1
        done += 1

    latest = Latest(work)
    latest.ask("a", 0)
    await entered.wait()
    latest.ask("a", 0)
    latest.ask("a", 0)
    leave.set()
    assert await latest.settled("a", 10)
    assert (most, done) == (1, 2)


async def test_what_is_forgotten_is_not_done() -> None:
    done: list[str] = []

    async def work(key: str) -> None:
        done.append(key)

    latest = Latest(work)
    latest.ask("a", 0)
    latest.forget("a")
    assert await latest.settled("a", 10)
    assert done == []
    await latest.close()
