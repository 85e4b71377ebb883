"""Running functions of a host language as routes, each with the message that it routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from siprouter.ksr.errors import LeaveScript
from siprouter.ksr.fibre import Fibres, refuse, wait_for, without_waiting
from siprouter.ksr.values import CallError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.util.log import Log

ENDED = (LeaveScript, SystemExit)

NOWHERE, PLAIN, COROUTINE, AT_ONCE = range(4)
"""what runs: nothing, a plain function that may wait, an `async def`, a plain function that may not"""


class Runner:
    """One per worker. `current` is the context of the route that runs at this moment, None outside of routes."""

    __slots__ = ("_fibres", "_log", "current", "mode", "steps")

    def __init__(self, log: Log) -> None:
        self.current: Context | None = None
        self._log = log
        self.steps = 0
        """how often a route began or went on: a route that stays in the same step holds the worker"""
        self.mode = NOWHERE
        self._fibres = Fibres()

    def context(self) -> Context:
        """The message being routed. Raises CallError outside of routes."""
        if self.current is None:
            raise CallError("no message is being routed here")
        return self.current

    def run(self, ctx: Context, function: Callable[..., Any], *args: Any) -> Any:
        """Run a plain function as route: its result, or, when it waits, an awaitable of the result.

        0 where it ended the script.
        """
        before = self._enter(ctx, PLAIN)
        try:
            done, value = self._fibres.run(function, *args)
        except ENDED:
            return 0
        finally:
            self._leave(before)
        return value if done else self._finish(ctx, *value)

    async def _finish(self, ctx: Context, fibre: Any, awaitable: Awaitable[Any]) -> Any:
        while True:
            value, error = None, None
            try:
                value = await awaitable
            except BaseException as raised:
                error = raised
            before = self._enter(ctx, PLAIN)
            try:
                done, result = self._fibres.go_on(fibre, value, error)
            except ENDED:
                return 0
            finally:
                self._leave(before)
            if done:
                return result
            fibre, awaitable = result

    def run_at_once(self, ctx: Context, function: Callable[..., Any], *args: Any) -> Any:
        """Run a plain function where nothing can wait; as `run`."""
        before = self._enter(ctx, AT_ONCE)
        try:
            return without_waiting(function, *args)
        except ENDED:
            return 0
        finally:
            self._leave(before)

    async def run_waiting(self, ctx: Context, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine as route; as `run`."""
        try:
            return await _Steps(self, ctx, coroutine)
        except ENDED:
            return 0

    def result(self, value: Any, name: str) -> Any:
        """What a function that waits gives the script: its result, or the awaitable to an `async def`."""
        if self.mode == COROUTINE:
            return Waiting(value, name, self._unawaited)
        return wait_for(value, name) if self.mode == PLAIN else refuse(value, name)

    def _unawaited(self, name: str) -> None:
        self._log.error("%s() was called without await: it did not run", name, source="script")

    def _enter(self, ctx: Context, mode: int) -> tuple[Context | None, int]:
        before = self.current, self.mode
        self.current, self.mode = ctx, mode
        self.steps += 1
        return before

    def _leave(self, before: tuple[Context | None, int]) -> None:
        self.current, self.mode = before
        self.steps += 1


class _Steps:
    """Awaits a coroutine, and says at each step which message it routes."""

    __slots__ = ("coroutine", "ctx", "runner")

    def __init__(self, runner: Runner, ctx: Context, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.runner = runner
        self.ctx = ctx
        self.coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        runner, steps = self.runner, self.coroutine
        value: Any = None
        error: BaseException | None = None
        while True:
            before = runner._enter(self.ctx, COROUTINE)
            try:
                waited_for = steps.send(value) if error is None else steps.throw(error)
            except StopIteration as end:
                return end.value
            finally:
                runner._leave(before)
            value = error = None
            try:
                value = yield waited_for
            except BaseException as raised:
                error = raised


class Waiting:
    """What a function that waits gives an `async def`: to be awaited, and nothing else."""

    __slots__ = ("_awaitable", "_name", "_unawaited")

    def __init__(self, awaitable: Awaitable[Any], name: str, unawaited: Callable[[str], None]) -> None:
        self._awaitable = awaitable
        self._name = name
        self._unawaited = unawaited

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._awaitable.__await__())

    def _misused(self, *_: object) -> Any:
        close = getattr(self._awaitable, "close", None)
        if close is not None:
            close()
        raise CallError(f"{self._name}() waits", suggestion=f"write: await KSR….{self._name}(…)")

    def __del__(self) -> None:
        waiting = self._awaitable
        if isinstance(waiting, CoroutineType) and getcoroutinestate(waiting) == CORO_CREATED:
            waiting.close()
            self._unawaited(self._name)

    __hash__ = object.__hash__
    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __index__ = __str__ = _misused
    __add__ = __radd__ = __sub__ = __getitem__ = __iter__ = _misused
