"""The instance of app_python: loads the script with each version of the configuration, runs its functions."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.values import Value, to_text
from siprouter.ksr.api import HostApi
from siprouter.ksr.runner import Runner
from siprouter.ksr.watchdog import Watchdog
from siprouter.modules.app_python.check import check_calls
from siprouter.modules.app_python.importer import ScriptModules
from siprouter.modules.app_python.ksr import Ksr
from siprouter.modules.app_python.message import RouterMessage
from siprouter.modules.app_python.router import Router
from siprouter.modules.app_python.routes import PythonRoutes, code_of
from siprouter.script.diagnostics import did_you_mean
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.log import describe_error

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import ModuleStats, Worker
    from siprouter.script.foreign import ScriptFiles
    from siprouter.script.version import NewVersion

RUNNER = "ksr.runner"
"""the service that all host languages of a worker share"""
SCRIPT_PREFIX = "siprouter_script_"


class Method(ArgType):
    """The name of a function of the script; a constant one is checked when the configuration is loaded."""

    kind = "the name of a function of the script"

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name)
        self.module = module

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if "$" in text:
            return Dynamic(env.parse_format(text, location).text)
        routes = env.worker.module(self.module).routes_of(env)
        if routes is not None and not callable(getattr(routes.handler, text, None)):
            hint = did_you_mean(text, routes.functions)
            raise OperatorError(f"the Python script has no function {text}()", location, hint)
        return Constant(text)

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class AppPython:
    """One instance per worker."""

    name = "app_python"
    blocking_limit: int
    stats: ModuleStats

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.runner: Runner = worker.services.setdefault(RUNNER, Runner(worker.log))
        self.versions: WeakKeyDictionary[LoadEnv, ref[PythonRoutes]] = WeakKeyDictionary()
        self._started = False
        self._watchdog: Watchdog | None = None

    def configure(self) -> None:
        """From now on the script is loaded with the configuration. Raises OperatorError."""
        if self.blocking_limit < 0:
            raise OperatorError(f"{self.name}: blocking_limit cannot be negative")
        self.worker.hooks.route_sources.append(self.load_routes)

    def start(self) -> None:
        """Tell the script that its worker runs, and watch it. Raises OperatorError."""
        self._started = True
        script = self.worker.script
        for routes in [] if script is None else script.foreign[0]:
            if isinstance(routes, PythonRoutes) and routes.owner is self:
                self._child_init(routes)
        if self.blocking_limit and not self.worker.services.get("in_memory"):
            self._watchdog = Watchdog(self.runner, self.blocking_limit / 1000, self._report_blocking)
            self._watchdog.start()

    def stop(self) -> None:
        """Stop watching."""
        if self._watchdog is not None:
            self._watchdog.stop()

    # --- loading

    def load_version(self, version: NewVersion) -> dict[str, str]:
        """The parameters of this version that say what to load."""
        declared, _ = self.worker.registry.modules[self.name]
        found = {param.name: str(param.default) for param in declared.params if param.versioned}
        for name in found:
            for value, _ in version.values(name):
                found[name] = str(value)
        return found

    def load_routes(self, env: LoadEnv, files: ScriptFiles) -> PythonRoutes:
        """Load the script. Raises OperatorError."""
        params = files.parts[self.name]
        path = Path(files.folder / (params["load"] or params["script_name"])).absolute()
        api = HostApi(self.worker, env)
        objects = {"KSR": Ksr(api, self.runner), "Router": Router(self.log)}
        modules = ScriptModules(files, path.parent, objects)
        routes = PythonRoutes(self, modules, api, self.runner, self.stats["exceptions"])
        modules.last_as_long_as(routes)
        module = modules.load(path)
        init_name, routes.child_init = params["mod_init_function"], params["child_init_method"]
        initialize = getattr(module, init_name, None)
        handler = None
        if callable(initialize):
            try:
                handler = initialize()
            except (Exception, SystemExit) as error:
                raise modules.failure(error, f"{init_name}() failed") from error
        # what mod_init returns may be 0 or True: only an object can have functions
        if handler is None or isinstance(handler, int):
            handler = module
        routes.collect(module, handler, (init_name, routes.child_init))
        check_calls(files, list(modules.paths), api, env.route_names or {}, routes)
        self.versions[env] = ref(routes)
        if self._started:
            self._child_init(routes)
        return routes

    def routes_of(self, env: LoadEnv) -> PythonRoutes | None:
        """The script as it was loaded with this version."""
        found = self.versions.get(env)
        return None if found is None else found()

    def _child_init(self, routes: PythonRoutes) -> None:
        name = routes.child_init
        function = getattr(routes.handler, name, None)
        if not callable(function):
            return
        try:
            code = function(self.worker.index + 1)
        except (Exception, SystemExit) as error:
            raise routes.modules.failure(error, f"{name}() failed") from error
        if isinstance(code, int) and code < 0:
            raise OperatorError(f"{name}() returned {code}", routes.place_of(function))

    # --- the configuration's function

    async def python_exec(self, ctx: Context, method: str, param: str | None = None) -> int:
        """python_exec(method[, param]): -1 where it raises."""
        routes = next((item for item in self._routes(ctx) if item.owner is self), None)
        function = None if routes is None else getattr(routes.handler, method, None)
        if routes is None or not callable(function):
            self.log.error("the Python script has no function %s()", method, source=self.name)
            return -1
        message = RouterMessage(ctx, routes.api, self.runner)
        args: tuple[Any, ...] = (message,) if param is None else (message, param)
        try:
            result = self.runner.run(ctx, function, *args)
            if isinstance(result, Awaitable):
                result = await self.runner.run_waiting(ctx, result)  # type: ignore[arg-type]
            return code_of(result)
        except Exception as error:
            self.stats["exceptions"].inc()
            place = routes.modules.place_of(error)
            self.log.error("%s() failed: %s", method, describe_error(error), source=self.name, location=place)
            return -1

    def _routes(self, ctx: Context) -> list[PythonRoutes]:
        script = ctx.script
        return [] if script is None else [item for item in script.foreign[0] if isinstance(item, PythonRoutes)]

    # --- routes that hold the worker

    def _report_blocking(self, frame: FrameType) -> None:
        """Called in another thread."""
        self.stats["blocked"].inc()
        inner: FrameType | None = frame
        while inner is not None and not str(inner.f_globals.get("__name__")).startswith(SCRIPT_PREFIX):
            inner = inner.f_back
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        if inner is None:
            self.log.warning("a route holds the worker for more than %d ms at %s", self.blocking_limit, where)
            return
        place = SourceLocation(inner.f_code.co_filename, inner.f_lineno, 1)
        inside = "" if inner is frame else f", in {frame.f_code.co_qualname}() of {where}"
        self.log.warning(
            "%s() holds the worker for more than %d ms: no other message is handled meanwhile%s",
            inner.f_code.co_qualname, self.blocking_limit, inside, source=self.name, location=place,
        )  # fmt: skip
