"""Functions of the loaded Lua files as routes: `ksr_request_route` and its kin, and those that `t_on_failure` names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from siprouter.core.routes import (
    BRANCH,
    CORE_ONREPLY,
    ERROR,
    EVENT,
    ONSEND,
    REQUEST,
    CompiledRoute,
)
from siprouter.modules.app_lua.state import WAITS, LuaState, Run
from siprouter.script.foreign import Definition, ForeignRoutes
from siprouter.util.errors import NOWHERE

if TYPE_CHECKING:
    from siprouter.core.context import Context

ENGINE = "lua"
LOCAL_REQUEST = ("event_routes", "tm:local-request")

BY_NAME: dict[str, tuple[str, str, int]] = {
    "ksr_request_route": ("request_route", "", REQUEST),
    "ksr_reply_route": ("reply_route", "", CORE_ONREPLY),
    "ksr_onsend_route": ("onsend_route", "", ONSEND),
    "request_route": ("request_route", "", REQUEST),
    "reply_route": ("reply_route", "", CORE_ONREPLY),
    "onsend_route": ("onsend_route", "", ONSEND),
    "error_route": ("error_route", "", ERROR),
    "local_route": (*LOCAL_REQUEST, EVENT),
}
"""functions that are routes by their names: the attribute of Script, the name there, the kind of route"""

AT_ONCE = BRANCH | ONSEND | ERROR
"""kinds of routes that their callers do not wait for"""


class Ending(Protocol):
    """Who brings runs to their end; see `app.LuaApp`."""

    async def go_on(self, state: LuaState, run: Run, outcome: str) -> str:
        """Wait as often as the script does."""
        ...

    def code(self, run: Run, outcome: str) -> int:
        """The return code of a run that is over."""
        ...


class Loaded(Protocol):
    """Who has the state that the files were loaded into; see `versions.LuaVersion`."""

    @property
    def loaded(self) -> LuaState | None:
        """The state, None where there are no files."""
        ...


def routes_of(version: Loaded | None, app: Ending) -> ForeignRoutes:
    """What the files of a version define; None: it could not be loaded."""
    routes = ForeignRoutes(ENGINE)
    state = None if version is None else version.loaded
    if version is None or state is None:
        return routes
    names = state.new_functions()
    for function, (where, name, kind) in BY_NAME.items():
        if function in names and (where, name) not in routes.defined:
            route = make_route(version, app, kind, name, function, at_once=(where, name) == LOCAL_REQUEST)
            routes.defined[where, name] = Definition(route, NOWHERE, firm=False)
    routes.functions = tuple(sorted(name for name in names if name.isidentifier()))
    routes.named = lambda kind, name: make_route(version, app, kind, name, name)
    return routes


def make_route(
    version: Loaded, app: Ending, kind: int, name: str, function: str, at_once: bool = False
) -> CompiledRoute:
    """A function as a route of a kind; what fails in it is raised, as from any other route."""
    may_wait = not (at_once or kind & AT_ONCE)

    def run_route(ctx: Context) -> int | Awaitable[int]:
        state = version.loaded
        assert state is not None
        run = state.begin(ctx, may_wait)
        outcome = state.run_function(run, function)
        return finish(state, run, outcome) if outcome == WAITS else app.code(run, outcome)

    async def finish(state: LuaState, run: Run, outcome: str) -> int:
        return app.code(run, await app.go_on(state, run, outcome))

    if kind == REQUEST and name:
        return CompiledRoute(name, kind, always_later(run_route), True)
    return CompiledRoute(name, kind, run_route, False)


def always_later(run: Callable[[Context], int | Awaitable[int]]) -> Callable[[Context], Awaitable[int]]:
    """A route whose callers expect an awaitable, whether it waits or not."""

    async def run_route(ctx: Context) -> int:
        result = run(ctx)
        return result if isinstance(result, int) else await result

    return run_route
