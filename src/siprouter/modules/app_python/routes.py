"""The functions of a Python script as routes."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.routes import (
    BRANCH,
    CORE_ONREPLY,
    ERROR,
    EVENT,
    FAILURE,
    ONSEND,
    REQUEST,
    TM_ONREPLY,
    CompiledRoute,
)
from siprouter.modules.app_python.ksr import MARK
from siprouter.modules.app_python.message import RouterMessage
from siprouter.script.foreign import Definition, ForeignRoutes
from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.counters import Counter
    from siprouter.ksr.api import HostApi
    from siprouter.ksr.runner import Runner
    from siprouter.modules.app_python.importer import ScriptModules

ENGINE = "python"
LOCAL_REQUEST = ("event_routes", "tm:local-request")

BY_NAME: dict[str, tuple[str, str]] = {
    "request_route": ("request_route", ""),
    "ksr_request_route": ("request_route", ""),
    "reply_route": ("reply_route", ""),
    "ksr_reply_route": ("reply_route", ""),
    "onsend_route": ("onsend_route", ""),
    "ksr_onsend_route": ("onsend_route", ""),
    "error_route": ("error_route", ""),
    "local_route": LOCAL_REQUEST,
}
"""functions that are routes by their names alone"""

KINDS = {
    "request_route": REQUEST,
    "reply_route": CORE_ONREPLY,
    "onsend_route": ONSEND,
    "error_route": ERROR,
    "routes": REQUEST,
    "failure_routes": FAILURE,
    "onreply_routes": TM_ONREPLY,
    "branch_routes": BRANCH,
    "event_routes": EVENT,
}

Function = Callable[..., Any]


def code_of(value: Any) -> int:
    """The return code of a route: of None 1, of False -1."""
    if value.__class__ is int:
        return value
    if value is None or value is True:
        return 1
    if value is False:
        return -1
    return int(value) if isinstance(value, int) else 1


class PythonRoutes(ForeignRoutes):
    """One version of a Python script. `handler` has the functions: the module, or what its mod_init() returned."""

    def __init__(
        self, owner: object, modules: ScriptModules, api: HostApi, runner: Runner, exceptions: Counter
    ) -> None:
        super().__init__(ENGINE, named=self.named_route)
        self.owner = owner
        self.modules = modules
        self.handler: Any = None
        self.child_init = ""
        """name of the function that each worker calls"""
        self.api = api
        self._runner = runner
        self._exceptions = exceptions

    # --- what there is

    def collect(self, module: ModuleType, handler: Any, others: tuple[str, ...]) -> None:
        """Find the routes. `others` are functions that are none. Raises OperatorError."""
        self.handler = handler
        found: dict[str, Function] = {}
        for name, function in _functions(handler):
            if name not in others:
                found[name] = function
        self.functions = tuple(found)
        for _, function in [*_functions(module), *found.items()]:
            for where, route_name in getattr(function, MARK, ()):
                self._define(where, route_name, function, firm=True)
        for name, (where, route_name) in BY_NAME.items():
            if name in found and (where, route_name) not in self.defined:
                self._define(where, route_name, found[name], firm=False)

    def _define(self, where: str, name: str, function: Function, firm: bool) -> None:
        place = self.place_of(function)
        before = self.defined.get((where, name))
        if before is not None and before.location != place:
            title = where.removesuffix("s") + (f"[{name}]" if name else "")
            raise OperatorError(f"{title} is defined at {before.location}, too", place)
        route = self.make(where, name, function)
        self.defined[where, name] = Definition(route, place, firm)

    def place_of(self, function: Function) -> SourceLocation:
        """Where a function begins."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        return NOWHERE if code is None else SourceLocation(code.co_filename, code.co_firstlineno, 1)

    def named_route(self, kind: int, name: str) -> CompiledRoute:
        """Any function as a route of a kind: `t_on_failure("name")`."""
        where = next(where for where, number in KINDS.items() if number == kind and where.endswith("s"))
        return self.make(where, name, getattr(self.handler, name))

    # --- routes

    def make(self, where: str, name: str, function: Function) -> CompiledRoute:
        """A route for an attribute of Script. Raises OperatorError where the function cannot be it."""
        kind = KINDS[where]
        at_once = where in ("onsend_route", "error_route") or (where, name) == LOCAL_REQUEST
        count = parameters(function)
        if inspect.iscoroutinefunction(function):
            if at_once:
                hint = "messages that are about to leave or cannot be parsed do not wait: write def"
                raise OperatorError(f"{where} cannot be `async def`", self.place_of(function), hint)
            return CompiledRoute(name, kind, self._waiting(function, count, name), True)
        if at_once or kind == BRANCH:
            return CompiledRoute(name, kind, self._at_once(function, count, name), False)
        run = self._plain(function, count, name)
        if where in ("routes", "event_routes"):
            return CompiledRoute(name, kind, _always_later(run), True)
        return CompiledRoute(name, kind, run, False)

    def arguments(self, ctx: Context, count: int, name: str) -> tuple[Any, ...]:
        """What a function with so many parameters is called with: the message, the name of the route."""
        if count == 0:
            return ()
        message = RouterMessage(ctx, self.api, self._runner)
        return (message,) if count == 1 else (message, name)

    def _plain(self, function: Function, count: int, name: str) -> Function:
        runner = self._runner

        def run_route(ctx: Context) -> Any:
            try:
                result = runner.run(ctx, function, *self.arguments(ctx, count, name))
            except Exception:
                self._exceptions.inc()
                raise
            return result if result.__class__ is int else self._result(result)

        return run_route

    def _result(self, result: Any) -> Any:
        return self._later(result) if isinstance(result, Awaitable) else code_of(result)

    def _at_once(self, function: Function, count: int, name: str) -> Function:
        runner = self._runner

        def run_route(ctx: Context) -> int:
            try:
                return code_of(runner.run_at_once(ctx, function, *self.arguments(ctx, count, name)))
            except Exception:
                self._exceptions.inc()
                raise

        return run_route

    def _waiting(self, function: Function, count: int, name: str) -> Function:
        def run_route(ctx: Context) -> Coroutine[Any, Any, int]:
            coroutine = function(*self.arguments(ctx, count, name))
            return self._later(self._runner.run_waiting(ctx, coroutine))

        return run_route

    async def _later(self, running: Awaitable[Any]) -> int:
        try:
            return code_of(await running)
        except Exception:
            self._exceptions.inc()
            raise


def _always_later(run: Function) -> Function:
    """A route whose callers expect an awaitable, whether it waits or not."""

    async def run_route(ctx: Context) -> int:
        result = run(ctx)
        return result if isinstance(result, int) else await result

    return run_route


def _functions(holder: Any) -> Iterator[tuple[str, Function]]:
    """The functions of a module that it defines itself, or the methods of an object."""
    if isinstance(holder, ModuleType):
        for name, value in vars(holder).items():
            if isinstance(value, FunctionType) and not name.startswith("_") and value.__module__ == holder.__name__:
                yield name, value
        return
    for name in dir(type(holder)):
        if not name.startswith("_"):
            value = getattr(holder, name)
            if inspect.isroutine(value):
                yield name, value


def parameters(function: Function) -> int:
    """How many positional arguments a function takes: 0, 1, or 2 for more."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = inspect.signature(function).parameters.values()
    if any(item.kind == inspect.Parameter.VAR_POSITIONAL for item in found):
        return 2
    return min(len([item for item in found if item.kind in kinds]), 2)
