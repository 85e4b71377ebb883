"""Routes that are written in another language: loaded with each version of the script, entered beside its own.

A module that runs such a language appends to `hooks.route_sources` (in `configure`). Which routes count where both
have them is decided by `cfgengine`: the engine that it names goes first, else the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.routes import BRANCH, FAILURE, REQUEST, TM_ONREPLY, CompiledRoute, Script
from siprouter.script.source import MAX_FILE_SIZE, SourceFile, read_source
from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker
    from siprouter.script.diagnostics import Diagnostics
    from siprouter.script.nodes import Config

UNTRUSTED = "untrusted"
"""in `worker.services`, True: nothing may run that the configuration names, scripts in other languages are left out"""
ENGINE = "cfgengine"
NATIVE = ("", "native", "default")
BY_NAME = {"routes": REQUEST, "failure_routes": FAILURE, "onreply_routes": TM_ONREPLY, "branch_routes": BRANCH}
"""tables of a Script in which functions are found by their names, and the kind of route that they are then"""


class ScriptFiles:
    """The files of one version: what was read is kept with the configuration, so that all workers load the same."""

    def __init__(self, config: Config, diagnostics: Diagnostics, parts: Mapping[str, Any]) -> None:
        self._config = config
        self.diagnostics = diagnostics
        self.parts = parts
        """by module: what their `load_version` gave"""

    @property
    def folder(self) -> Path:
        """Where relative names begin: the folder of the configuration."""
        return Path(self._config.texts.main or "x").parent

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return str(path) in self._config.texts.files or path.is_file()

    def read(self, path: Path, location: SourceLocation = NOWHERE) -> SourceFile:
        """A file, as this version has it. Raises OperatorError."""
        name = str(path)
        if name not in self._config.files:
            self._config.files.append(name)
        texts = self._config.texts
        if name in texts.files:
            source = texts.source(name)
        else:
            try:
                source = read_source(path)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or f"larger than {MAX_FILE_SIZE} bytes"
                raise OperatorError(f"cannot read {path}: {reason}", location) from error
            texts.files[name] = source.text
        self.diagnostics.add_source(source)
        return source


@dataclass(slots=True)
class Definition:
    """One route of another language; `firm`: it says itself that it is this route, else only its name does."""

    route: CompiledRoute
    location: SourceLocation
    firm: bool


@dataclass
class ForeignRoutes:
    """What one engine has in one version. `named(kind, name)` makes a route of any of its functions."""

    engine: str
    defined: dict[tuple[str, str], Definition] = field(default_factory=dict)
    """by attribute of Script and name: ("request_route", ""), ("failure_routes", "AGAIN")"""
    functions: tuple[str, ...] = ()
    named: Callable[[int, str], CompiledRoute] | None = None


RouteSource = Callable[["LoadEnv", ScriptFiles], ForeignRoutes]


def engine_of(config: Config) -> tuple[str, SourceLocation]:
    """What `cfgengine` says, and where."""
    for param in reversed(config.params):
        if param.name == ENGINE:
            return str(param.value), param.location
    return "", NOWHERE


def load_foreign(
    config: Config, diagnostics: Diagnostics, env: LoadEnv, worker: Worker, parts: Mapping[str, Any]
) -> list[ForeignRoutes]:
    """Load what the modules that run other languages have, and make the names of their functions known."""
    if worker.hooks.route_sources and worker.services.get(UNTRUSTED):
        return []
    files = ScriptFiles(config, diagnostics, parts)
    found: list[ForeignRoutes] = []
    for source in worker.hooks.route_sources:
        try:
            found.append(source(env, files))
        except OperatorError as error:
            diagnostics.from_error("foreign-script", error)
    engine, location = engine_of(config)
    if engine not in NATIVE and not diagnostics.failed and engine not in {item.engine for item in found}:
        hint = f'add: loadmodule "app_{engine}.so" and modparam("app_{engine}", "load", "FILE")'
        diagnostics.error("cfgengine", f'no module runs cfgengine "{engine}"', location, suggestion=hint)
    _check_request_route(config, diagnostics, found, engine, location)
    names = env.route_names
    if names is not None:
        for item in found:
            for where, kind in BY_NAME.items():
                known = [name for attribute, name in item.defined if attribute == where]
                names.setdefault(kind, set()).update(known, item.functions)
    return found


def _check_request_route(
    config: Config, diagnostics: Diagnostics, found: list[ForeignRoutes], engine: str, location: SourceLocation
) -> None:
    if any(("request_route", "") in item.defined for item in found) or diagnostics.failed:
        return
    if any(item.engine == engine for item in found):
        message = f"the script of cfgengine {engine} has no request route"
        diagnostics.error("no-request-route", message, location, suggestion="name a function ksr_request_route")
    elif not any(block.kind == "route" and not block.name for block in config.routes):
        diagnostics.warning("no-request-route", "no route block for requests: they are all ignored")


def enter_foreign(
    script: Script, foreign: Iterable[ForeignRoutes], engine: str, diagnostics: Diagnostics | None
) -> None:
    """Put the routes of other languages into a script; what is defined twice is reported where there is a place to."""
    for item in foreign:
        for (where, name), definition in item.defined.items():
            if _counts(script, where, name, definition, item.engine == engine, diagnostics):
                _put(script, where, name, definition.route)
        if item.named is None:
            continue
        for where, kind in BY_NAME.items():
            table: dict[str, CompiledRoute] = getattr(script, where)
            for function in item.functions:
                if function not in table:
                    table[function] = item.named(kind, function)


def _put(script: Script, where: str, name: str, route: CompiledRoute) -> None:
    found = getattr(script, where)
    if isinstance(found, dict):
        found[name] = route
    else:
        setattr(script, where, route)
    if where == "request_route":
        script.routes[""] = route


def _counts(
    script: Script, where: str, name: str, definition: Definition, first: bool, diagnostics: Diagnostics | None
) -> bool:
    """Whether a definition counts, or that of the configuration."""
    found = getattr(script, where)
    before = found.get(name) if isinstance(found, dict) else found
    if before is None or before is definition.route:
        return True
    title = where.removesuffix("s") + (f"[{name}]" if name else "")
    if first:
        if diagnostics is not None:
            message = f"{title} of the configuration is not used: cfgengine takes this one"
            diagnostics.warning("unused-route", message, definition.location)
        return True
    if definition.firm and diagnostics is not None:
        message = f"{title} is in the configuration, too"
        diagnostics.error("duplicate-route", message, definition.location, suggestion="cfgengine says which one counts")
    return False
