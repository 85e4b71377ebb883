"""The object `KSR`: functions of modules as attributes, and decorators that say which function is which route."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from siprouter.core.registry import available_modules
from siprouter.ksr.functions import LIBRARY_MODULES, RunningFunction, find
from siprouter.ksr.values import CallError

if TYPE_CHECKING:
    from siprouter.ksr.api import HostApi
    from siprouter.ksr.runner import Runner

MARK = "__siprouter_routes__"
"""attribute of a function that a decorator made a route: list of (attribute of Script, name)"""

Function = Callable[..., Any]


class Namespace:
    """`KSR.module`: its functions as attributes, looked up once."""

    def __init__(self, api: HostApi, runner: Runner, module: str) -> None:
        self.__api = api
        self.__runner = runner
        self.__module = module

    def __getattr__(self, name: str) -> Any:
        found = _function(self.__api, self.__runner, self.__module, name)
        self.__dict__[name] = found
        return found

    def __repr__(self) -> str:
        return f"<KSR.{self.__module}>"


def _function(api: HostApi, runner: Runner, module: str, name: str) -> Function:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return RunningFunction(runner, find(api, module, name), name)
    except CallError as error:
        raise AttributeError(str(error), name=name) from None


class Ksr:
    """`KSR`. Attributes appear when they are first used."""

    def __init__(self, api: HostApi, runner: Runner) -> None:
        self.__api = api
        self.__runner = runner

    def __getattr__(self, name: str) -> Any:
        api = self.__api
        if name in LIBRARY_MODULES or name in api.registry.modules:
            found: Any = Namespace(api, self.__runner, name)
        elif name in available_modules(api.registry.ser):
            _not_loaded(name)
        else:
            found = _function(api, self.__runner, "", name)
        self.__dict__[name] = found
        return found

    def __repr__(self) -> str:
        return "<KSR>"

    # --- decorators

    def request_route(self, function: Function) -> Function:
        """Routes each request."""
        return _mark(function, "request_route")

    def reply_route(self, function: Function) -> Function:
        """Sees each reply before its transaction does."""
        return _mark(function, "reply_route")

    def onsend_route(self, function: Function) -> Function:
        """Sees each request that is about to leave."""
        return _mark(function, "onsend_route")

    def error_route(self, function: Function) -> Function:
        """Sees requests that cannot be parsed."""
        return _mark(function, "error_route")

    def local_route(self, function: Function) -> Function:
        """Sees requests that the server itself makes."""
        return _mark(function, "event_routes", "tm:local-request")

    def failure_route(self, name: str | Function) -> Function:
        """Runs when all branches have failed: `@KSR.failure_route("NAME")`; its own name with `@KSR.failure_route`."""
        return _named(name, "failure_routes")

    def onreply_route(self, name: str | Function) -> Function:
        """Sees the replies of a transaction."""
        return _named(name, "onreply_routes")

    def branch_route(self, name: str | Function) -> Function:
        """Sees each branch before it leaves."""
        return _named(name, "branch_routes")

    def event_route(self, name: str) -> Function:
        """Runs for an event, "xhttp:request"."""
        if not isinstance(name, str) or ":" not in name:
            raise CallError("the name of an event is needed", suggestion='@KSR.event_route("module:event")')
        return _named(name, "event_routes")


def _not_loaded(name: str) -> NoReturn:
    hint = f'add: loadmodule "{name}.so"'
    raise AttributeError(f"module {name} is not loaded ({hint})", name=name)


def _named(name: str | Function, where: str) -> Function:
    if not isinstance(name, str):
        return _mark(name, where, name.__name__)
    return lambda function: _mark(function, where, name)


def _mark(function: Function, where: str, name: str = "") -> Function:
    if not callable(function):
        raise CallError(f"a function is needed, not {function!r}")
    marks = getattr(function, MARK, None)
    if marks is None:
        marks = []
        setattr(function, MARK, marks)
    marks.append((where, name))
    return function
