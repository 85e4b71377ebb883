"""Pseudo-variables that wait, such as those of a cache on another machine: reading one looks like a plain call.

A route that reads or writes one is an `async def` whose steps run on a stack of their own. `wait_here` leaves that
stack with what must be waited for; the route is then awaiting it, as if it had called a function that waits, and other
messages go on. Needs the package greenlet, an extra.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import wraps
from typing import TYPE_CHECKING, Any

from siprouter.util.errors import OperatorError

try:
    from greenlet import getcurrent, greenlet
except ImportError:  # pragma: no cover  where the extra is not installed
    greenlet = None

if TYPE_CHECKING:
    from siprouter.core.context import Context

# what the stacks of ksr/fibre.py say, too: a variable can wait on any of them
DONE, FAILED, WAITS = range(3)


class CannotWait(OperatorError):
    """Read where nothing may wait: in a parameter of a module, in onsend_route or error_route."""


def require_greenlet(module: str) -> None:
    """OperatorError, naming the module whose variables wait, where the package is missing."""
    if greenlet is None:
        message = f"{module}: variables that wait need the Python package greenlet"
        raise OperatorError(message, suggestion=f"pip install 'siprouter[{module}]'")


def wait_here(awaitable: Awaitable[Any]) -> Any:
    """The result of `awaitable`; only the message that is being routed waits. Raises CannotWait, and what it raises."""
    own: Any = None if greenlet is None else getcurrent()
    if getattr(own, "caller", None) is None:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()
        raise CannotWait("it would have to wait, and nothing can wait here")
    own.step = (WAITS, awaitable)
    value, error = own.caller.switch()
    if error is not None:
        raise error
    return value


def on_own_stack(route: Callable[[Context], Coroutine[Any, Any, int]]) -> Callable[[Context], Coroutine[Any, Any, int]]:
    """A compiled route that waits, so that the variables that it reads may wait, too."""

    @wraps(route)
    async def run(ctx: Context) -> int:
        if getattr(getcurrent(), "caller", None) is not None:  # the route that called this one has such a stack
            return await route(ctx)
        code: int = await _OwnStack(route(ctx))
        return code

    return run


class _OwnStack:
    """Awaits a coroutine whose every step runs on a stack that `wait_here` can leave."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            kind, result = yield from _run_step(self.coroutine, value, error)
            if kind == DONE:
                return result
            value = error = None
            try:
                value = yield result
            except BaseException as raised:
                error = raised


def _run_step(
    coroutine: Coroutine[Any, Any, Any], value: Any, error: BaseException | None
) -> Generator[Any, Any, tuple[int, Any]]:
    """One step: (DONE, result) or (WAITS, what the coroutine itself waits for). Raises what it raises."""
    stack: Any = greenlet(_step)
    caller: Any = getcurrent()
    stack.gr_context = caller.gr_context
    what: tuple[Any, ...] = (coroutine, value, error)
    while True:
        stack.parent = stack.caller = getcurrent()
        stack.switch(*what)
        kind, result = stack.step
        stack.step = stack.caller = None
        if kind == FAILED:
            raise result
        if stack.dead:
            return kind, result
        try:
            what = ((yield from result.__await__()), None)
        except BaseException as raised:
            what = (None, raised)


def _step(coroutine: Coroutine[Any, Any, Any], value: Any, error: BaseException | None) -> None:
    own: Any = getcurrent()
    try:
        own.step = (WAITS, coroutine.send(value) if error is None else coroutine.throw(error))
    except StopIteration as end:
        own.step = (DONE, end.value)
    except BaseException as raised:
        own.step = (FAILED, raised)
