"""ksr/runner.py, ksr/fibre.py: plain functions and coroutines as routes, waiting without holding others."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from typing import Any

import pytest

from siprouter.ksr import fibre
from siprouter.ksr.errors import LeaveScript
from siprouter.ksr.runner import Runner
from siprouter.ksr.values import CallError
from siprouter.util.log import Log


class Ctx:
    """Stands for a context: the runner only hands it on."""


async def later(value: Any, gate: asyncio.Event) -> Any:
    await gate.wait()
    if isinstance(value, Exception):
        raise value
    return value


def test_what_does_not_wait_gives_its_result() -> None:
    runner, ctx = Runner(Log(lambda record: None)), Ctx()
    seen = []

    def route(text: str) -> int:
        seen.append((text, runner.context()))
        return 7

    assert runner.run(ctx, route, "x") == 7  # type: ignore[arg-type]
    assert runner.run_at_once(ctx, route, "y") == 7  # type: ignore[arg-type]
    assert seen == [("x", ctx), ("y", ctx)]
    assert runner.current is None
    with pytest.raises(CallError, match="no message is being routed"):
        runner.context()


async def test_plain_functions_wait_side_by_side() -> None:
    runner, gates = Runner(Log(lambda record: None)), [asyncio.Event() for _ in range(3)]
    contexts: list[Any] = [Ctx() for _ in gates]
    seen = []

    def deeper(number: int) -> int:
        return int(runner.result(later(number, gates[number]), "later"))

    def route(number: int) -> int:
        assert runner.current is contexts[number]
        found = deeper(number)
        seen.append(found)
        assert runner.current is contexts[number]
        return found + 10

    running = [asyncio.ensure_future(runner.run(ctx, route, number)) for number, ctx in enumerate(contexts)]
    assert runner.current is None
    for number in (1, 0, 2):
        gates[number].set()
        assert await running[number] == number + 10
    assert seen == [1, 0, 2]


@pytest.mark.parametrize("error", [LeaveScript(), SystemExit(3)])
def test_leaving_ends_the_route(error: BaseException) -> None:
    def route() -> int:
        raise error

    ctx: Any = Ctx()
    assert Runner(Log(lambda record: None)).run(ctx, route) == 0
    assert Runner(Log(lambda record: None)).run_at_once(ctx, route) == 0


async def test_leaving_after_a_wait_ends_the_route() -> None:
    runner, gate = Runner(Log(lambda record: None)), asyncio.Event()
    gate.set()

    def route() -> int:
        runner.result(later(1, gate), "later")
        raise SystemExit

    ctx: Any = Ctx()
    assert await runner.run(ctx, route) == 0

    async def waiting() -> int:
        await runner.result(later(1, gate), "later")
        raise LeaveScript

    assert await runner.run_waiting(ctx, waiting()) == 0


async def test_errors_come_out_with_the_lines_of_the_route() -> None:
    runner, gate = Runner(Log(lambda record: None)), asyncio.Event()
    gate.set()
    ctx: Any = Ctx()

    def caught() -> int:
        try:
            runner.result(later(KeyError("inner"), gate), "later")
        except KeyError:
            return 5
        return 6

    assert await runner.run(ctx, caught) == 5

    def route() -> int:
        runner.result(later(1, gate), "later")
        return 1 // 0

    with pytest.raises(ZeroDivisionError) as found:
        await runner.run(ctx, route)
    assert "route" in [entry.name for entry in found.traceback]


async def test_a_coroutine_has_its_message_at_each_step() -> None:
    runner = Runner(Log(lambda record: None))
    gates = [asyncio.Event(), asyncio.Event()]
    contexts: list[Any] = [Ctx(), Ctx()]

    async def route(number: int) -> int:
        assert runner.current is contexts[number]
        value: int = await runner.result(later(number, gates[number]), "later")
        assert runner.current is contexts[number]
        return value

    running = [asyncio.create_task(runner.run_waiting(contexts[n], route(n))) for n in (0, 1)]
    await asyncio.sleep(0)
    for number in (1, 0):
        gates[number].set()
        assert await running[number] == number


async def test_a_result_that_is_not_awaited_says_so() -> None:
    runner, gate = Runner(Log(lambda record: None)), asyncio.Event()
    ctx: Any = Ctx()

    async def route() -> int:
        if runner.result(later(1, gate), "auth_check") > 0:
            return 1
        return 2

    with pytest.raises(CallError) as found:
        await runner.run_waiting(ctx, route())
    assert "auth_check() waits" in str(found.value) and "await" in found.value.suggestion


def test_what_cannot_wait_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    runner, gate = Runner(Log(lambda record: None)), asyncio.Event()
    ctx: Any = Ctx()

    def route() -> int:
        runner.result(later(1, gate), "t_thing")
        return 1

    with pytest.raises(CallError, match=r"t_thing\(\) waits"):
        runner.run_at_once(ctx, route)
    with pytest.raises(CallError, match=r"t_thing\(\) waits"):
        route()
    assert runner.run(ctx, lambda: 3) == 3

    def nested() -> int:
        runner.run_at_once(ctx, route)
        return 1

    with pytest.raises(CallError, match="branch_route"):
        runner.run(ctx, nested)
    monkeypatch.setattr(fibre, "greenlet", None)
    assert runner.run(ctx, lambda: 4) == 4
    with pytest.raises(CallError, match="install the package greenlet"):
        runner.run(ctx, route)


async def test_a_canceled_route_is_told() -> None:
    runner, gate = Runner(Log(lambda record: None)), asyncio.Event()
    ctx: Any = Ctx()
    left = []

    def route() -> int:
        try:
            runner.result(later(1, gate), "later")
        finally:
            left.append(runner.current)
        return 1

    task = asyncio.ensure_future(runner.run(ctx, route))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left == [ctx]
    assert runner.run(ctx, lambda: 2) == 2


def test_nothing_keeps_a_message_that_is_through() -> None:
    runner = Runner(Log(lambda record: None))

    def fails(ctx: Ctx) -> int:
        raise ValueError(ctx)

    def gone(function: Any) -> bool:
        ctx: Any = Ctx()
        ref = weakref.ref(ctx)
        try:
            runner.run(ctx, function, ctx)
        except ValueError:
            pass
        del ctx
        sys.exc_info()
        gc.collect()
        return ref() is None

    assert gone(lambda ctx: 1)
    assert gone(fails)
