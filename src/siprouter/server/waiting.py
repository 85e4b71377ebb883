"""Routes that wait: everything up to the first wait runs as if nothing waited, then the message is put aside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any


class _FirstWait:
    """Awaits `running`, and calls `before` once when it suspends for the first time."""

    __slots__ = ("before", "running")

    def __init__(self, running: Awaitable[Any], before: Callable[[], None]) -> None:
        self.running = running
        self.before = before

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self.running.__await__()
        try:
            waited_for = next(steps)
        except StopIteration as end:
            return end.value
        self.before()
        while True:
            try:
                value = yield waited_for
            except BaseException as error:
                step = _throw(steps, error)
            else:
                step = _send(steps, value)
            ended, waited_for = step
            if ended:
                return waited_for


def _send(steps: Generator[Any, Any, Any], value: Any) -> tuple[bool, Any]:
    try:
        return False, steps.send(value)
    except StopIteration as end:
        return True, end.value


def _throw(steps: Generator[Any, Any, Any], error: BaseException) -> tuple[bool, Any]:
    try:
        return False, steps.throw(error)
    except StopIteration as end:
        return True, end.value


async def finish(running: Awaitable[int], ctx: Any, before_wait: Callable[[Any], None] | None) -> int:
    """The result of a route that may wait; `before_wait(ctx)` runs once, when it really does."""
    if before_wait is None:
        return await running
    result: int = await _FirstWait(running, lambda: before_wait(ctx))
    return result
