"""Kinds of route blocks, and the table of compiled routes that a script turns into."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siprouter.core.context import Context

REQUEST = 1
FAILURE = 2
TM_ONREPLY = 4
BRANCH = 8
ONSEND = 16
ERROR = 32
LOCAL = 64
CORE_ONREPLY = 128
ONREPLY = TM_ONREPLY | CORE_ONREPLY
EVENT = REQUEST
ANY = 255

ROUTE_NAMES: dict[int, str] = {
    REQUEST: "request_route",
    FAILURE: "failure_route",
    TM_ONREPLY: "onreply_route[…]",
    BRANCH: "branch_route",
    ONSEND: "onsend_route",
    ERROR: "error_route",
    LOCAL: "local_route",
    CORE_ONREPLY: "onreply_route",
}

RouteResult = int | Awaitable[int]
Route = Callable[["Context"], RouteResult]


class CompiledRoute:
    """One route block: `run(ctx)` gives its return code (0: the script was stopped); awaitable when `waits`."""

    __slots__ = ("immediate", "kind", "name", "run", "waits")

    def __init__(self, name: str, kind: int, run: Route, waits: bool) -> None:
        self.name = name
        self.kind = kind
        self.run = run
        self.waits = waits
        self.immediate: CompiledRoute | None = None
        """of a route that waits only to be paused: the same without that, for where nothing may wait"""


class Script:
    """One compiled version of the routing script. Transactions keep the version that they began with."""

    def __init__(self, version: int = 1, source: str = "") -> None:
        self.version = version
        self.source = source
        self.files: tuple[str, ...] = ()
        self.request_route: CompiledRoute | None = None
        self.reply_route: CompiledRoute | None = None
        self.onsend_route: CompiledRoute | None = None
        self.error_route: CompiledRoute | None = None
        self.routes: dict[str, CompiledRoute] = {}
        self.failure_routes: dict[str, CompiledRoute] = {}
        self.onreply_routes: dict[str, CompiledRoute] = {}
        self.branch_routes: dict[str, CompiledRoute] = {}
        self.event_routes: dict[str, CompiledRoute] = {}
        self.native_lines: dict[str, dict[int, tuple[str, int]]] = {}
        """of routes built as C: lines by the file name in tracebacks, to file and line of the configuration"""
        self.namespace: dict[str, Any] = {}
        """the globals of its functions: they refer to one another through it"""
        self.observed: Callable[[Script, int], Script] | None = None
        """observed(this script, level): a version that observers can follow (core/observe.py); None: there is none"""
        self.foreign: tuple[list[Any], str] = ([], "")
        """routes in other languages (script/foreign.py), and what cfgengine says"""
        self.counterparts: dict[CompiledRoute, CompiledRoute] = {}
        """of an observed version: its routes by those of the plain one"""
        self.parts: dict[str, Any] = {}
        """by module: what belongs to this version of the script besides its routes (`load_version`)"""

    def all_routes(self) -> dict[tuple[str, str], CompiledRoute]:
        """All routes, by the attribute that they are found in and their names."""
        found: dict[tuple[str, str], CompiledRoute] = {}
        for where in ("request_route", "reply_route", "onsend_route", "error_route"):
            route: CompiledRoute | None = getattr(self, where)
            if route is not None:
                found[where, ""] = route
        for where in ("routes", "failure_routes", "onreply_routes", "branch_routes", "event_routes"):
            found.update({(where, name): route for name, route in getattr(self, where).items()})
        return found

    def table(self, kind: int) -> dict[str, CompiledRoute]:
        """Named routes of a kind (REQUEST, FAILURE, TM_ONREPLY, BRANCH)."""
        if kind & FAILURE:
            return self.failure_routes
        if kind & ONREPLY:
            return self.onreply_routes
        if kind & BRANCH:
            return self.branch_routes
        return self.routes
