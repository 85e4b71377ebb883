"""The instance of app_lua: runs scripts for messages, and says what went wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.worker import ModuleStats
from siprouter.modules.app_lua.routes import routes_of
from siprouter.modules.app_lua.sr import SOURCE
from siprouter.modules.app_lua.state import (
    DONE,
    FAIL,
    FAILED,
    LEAST_MEMORY,
    OK,
    STOP,
    STOPPED,
    WAITS,
    Limits,
    LuaFailure,
    LuaState,
    Run,
    has_library,
)
from siprouter.modules.app_lua.versions import LuaVersion, load_version
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker
    from siprouter.modules.app_lua.text import Text
    from siprouter.script.foreign import ForeignRoutes, ScriptFiles
    from siprouter.script.version import NewVersion

MIB = 1024 * 1024
FOREVER = 1e9


class LuaApp:
    """One instance per worker; the Lua states belong to the versions of the script."""

    time_limit: int
    load_time_limit: int
    memory_limit: int
    stats: ModuleStats

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if not has_library():
            raise OperatorError("app_lua needs the package lupa", suggestion="pip install siprouter[lua]")
        for name, least in (("time_limit", 0), ("load_time_limit", 0), ("memory_limit", LEAST_MEMORY // MIB)):
            value = getattr(self, name)
            if value < least:
                raise OperatorError(f"parameter {name} of app_lua must be {least} or more, found {value}")
        self.worker.hooks.route_sources.append(self.load_routes)

    def load_version(self, version: NewVersion) -> LuaVersion:
        """See script.version.NewVersion."""
        limits = Limits(
            self.time_limit / 1000 if self.time_limit else FOREVER,
            self.load_time_limit / 1000 if self.load_time_limit else FOREVER,
            self.memory_limit * MIB,
        )
        return load_version(self.worker, version, limits)

    def load_routes(self, env: LoadEnv, files: ScriptFiles) -> ForeignRoutes:
        """The functions of the loaded files as routes; see script.foreign."""
        version: LuaVersion | None = files.parts.get(SOURCE)
        return routes_of(version, self)

    # --- functions of the configuration: where the message may wait, and where it may not

    async def do_file(self, ctx: Context, path: str) -> int:
        """lua_dofile(path)."""
        return await self._finish(*self._begin_file(ctx, path, True))

    def do_file_now(self, ctx: Context, path: str) -> int:
        """The same in onsend_route and error_route."""
        return self._end(*self._begin_file(ctx, path, False))

    async def do_string(self, ctx: Context, text: Text) -> int:
        """lua_dostring(script)."""
        return await self._finish(*self._begin_text(ctx, self._version(ctx).dynamic, text, True))

    def do_string_now(self, ctx: Context, text: Text) -> int:
        """The same in onsend_route and error_route."""
        return self._end(*self._begin_text(ctx, self._version(ctx).dynamic, text, False))

    async def run(self, ctx: Context, name: str, *args: str) -> int:
        """lua_run(function, up to three parameters)."""
        return await self._finish(*self._begin_function(ctx, name, args, True))

    def run_now(self, ctx: Context, name: str, *args: str) -> int:
        """The same in onsend_route and error_route."""
        return self._end(*self._begin_function(ctx, name, args, False))

    async def run_string(self, ctx: Context, text: Text) -> int:
        """lua_runstring(script)."""
        return await self._finish(*self._begin_text(ctx, self._version(ctx).loaded, text, True))

    def run_string_now(self, ctx: Context, text: Text) -> int:
        """The same in onsend_route and error_route."""
        return self._end(*self._begin_text(ctx, self._version(ctx).loaded, text, False))

    # --- beginning

    def _version(self, ctx: Context) -> LuaVersion:
        version: LuaVersion = ctx.script.parts[SOURCE]
        return version

    def _begin_function(self, ctx: Context, name: str, args: tuple[str, ...], waits: bool) -> tuple[LuaState, Run, str]:
        state = self._version(ctx).loaded
        if state is None:
            return self._nothing_loaded(ctx, name)
        run = state.begin(ctx, waits)
        run.in_task = waits
        return state, run, state.run_function(run, name, args)

    def _begin_text(self, ctx: Context, state: LuaState | None, text: Text, waits: bool) -> tuple[LuaState, Run, str]:
        if state is None:
            return self._nothing_loaded(ctx, text.code)
        run = state.begin(ctx, waits)
        run.in_task = waits
        return state, run, state.run_chunk(run, text.code, text.name)

    def _begin_file(self, ctx: Context, path: str, waits: bool) -> tuple[LuaState, Run, str]:
        version = self._version(ctx)
        state = version.dynamic
        run = state.begin(ctx, waits)
        run.in_task = waits
        try:
            text, name = version.text(path)
        except (OSError, ValueError) as error:
            run.message = f"cannot read {path}: {getattr(error, 'strerror', None) or error}"
            return state, run, FAILED
        return state, run, state.run_chunk(run, text, name)

    def _nothing_loaded(self, ctx: Context, what: str) -> tuple[LuaState, Run, str]:
        state = self._version(ctx).dynamic
        run = state.begin(ctx)
        run.message = f"cannot run {what}: parameter load names no Lua file"
        return state, run, FAILED

    # --- going on and ending

    async def _finish(self, state: LuaState, run: Run, outcome: str) -> int:
        return self._end(state, run, await self.go_on(state, run, outcome))

    async def go_on(self, state: LuaState, run: Run, outcome: str) -> str:
        """Wait as often as the script does; how it ended."""
        while outcome == WAITS:
            status, value = OK, None
            assert run.pending is not None
            try:
                value = await run.pending
            except OperatorError as error:
                status, value = FAIL, str(error)
            except Exception as error:
                run.raised = error
                status = STOP
            except BaseException:
                state.drop(run)
                raise
            outcome = state.go_on(run, status, value)
        return outcome

    def _end(self, _state: LuaState, run: Run, outcome: str) -> int:
        """The return code for the configuration: 1, -1 where the script failed, 0 where it ended the route."""
        try:
            return self.code(run, outcome)
        except LuaFailure as failure:
            self.log.error("error from Lua: %s", failure, source=SOURCE)
            return -1

    def code(self, run: Run, outcome: str) -> int:
        """The return code of a run that is over. Raises LuaFailure where it failed, and what stopped it."""
        if outcome == DONE:
            return 1
        if outcome == STOPPED and run.ended:
            return 0
        if outcome == STOPPED and run.raised is not None and not isinstance(run.raised, LuaFailure):
            raise run.raised
        self.stats.errors.inc()
        if outcome == STOPPED:
            self.stats.stopped.inc()
        called = f" (called from {run.callers})" if run.callers else ""
        raise LuaFailure(f"{run.message or run.raised}{called}")
