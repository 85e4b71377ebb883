"""Plain functions that wait: a stack of its own for each route that runs, left while what it called is waited for.

This needs greenlet, which is optional. Without it plain functions run as they are, and cannot wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from siprouter.ksr.values import CallError

try:
    from greenlet import getcurrent, greenlet
except ImportError:  # pragma: no cover  where the extra is not installed
    greenlet = None

MAX_IDLE = 32
"""stacks that are kept for the next routes"""

NO_GREENLET = "install the package greenlet, or make the route `async def`"
NO_ROUTE = "only routes that may wait can call it: not mod_init(), a thread, branch_route, onsend_route or error_route"

DONE, FAILED, WAITS = range(3)
Step = tuple[int, Any]


class Fibres:
    """The stacks of one worker."""

    def __init__(self) -> None:
        self._idle: list[Any] = []

    def run(self, function: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
        """Call `function`: (True, its result), or (False, (stack, awaitable)) when it waits; `go_on` continues it."""
        if greenlet is None:
            return True, function(*args)
        fibre = self._idle.pop() if self._idle else self._new()
        return self._outcome(fibre, _switch(fibre, (function, args)))

    def go_on(self, fibre: Any, value: Any, error: BaseException | None) -> tuple[bool, Any]:
        """Continue with what the awaitable gave, or raise `error` where it was called; as `run`."""
        return self._outcome(fibre, _switch(fibre, (value, error)))

    def _new(self) -> Any:
        fibre = greenlet(_work)
        fibre.switch()
        return fibre

    def _outcome(self, fibre: Any, step: Step) -> tuple[bool, Any]:
        kind, value = step
        if kind == WAITS:
            return False, (fibre, value)
        if len(self._idle) < MAX_IDLE:
            self._idle.append(fibre)
        if kind == FAILED:
            raise value
        return True, value


def _switch(fibre: Any, what: Any) -> Step:
    """Let a stack work until it is done or waits; what it left is not kept in it."""
    fibre.caller = getcurrent()
    fibre.switch(what)
    step: Step = fibre.step
    fibre.step = fibre.caller = None
    return step


def _work() -> None:
    """The stack: takes one function after the other."""
    own: Any = getcurrent()
    function, args = own.parent.switch()
    while True:
        try:
            own.step = (DONE, function(*args))
        except BaseException as error:
            own.step = (FAILED, error)
        function = args = None
        function, args = own.caller.switch()


def without_waiting(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function that must not leave the stack that it runs on: its caller is in the middle of something."""
    own: Any = None if greenlet is None else getcurrent()
    caller = getattr(own, "caller", None)
    if caller is None:
        return function(*args)
    own.caller = None
    try:
        return function(*args)
    finally:
        own.caller = caller


def wait_for(awaitable: Awaitable[Any], name: str) -> Any:
    """The result of `awaitable`, in a function that a fibre runs; others go on meanwhile.

    Raises CallError, naming the function that waits, where nothing can wait.
    """
    own: Any = None if greenlet is None else getcurrent()
    if getattr(own, "caller", None) is None:
        refuse(awaitable, name)
    own.step = (WAITS, awaitable)
    value, error = own.caller.switch()
    if error is not None:
        raise error
    return value


def refuse(awaitable: Awaitable[Any], name: str) -> NoReturn:
    """CallError: nothing can wait here."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
    raise CallError(f"{name}() waits", suggestion=NO_GREENLET if greenlet is None else NO_ROUTE)
