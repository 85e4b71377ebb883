"""From a configuration file to a script that runs, in three steps that the server and the checker share.

    parsed = parse_file(path, defines)            # text to nodes
    load_modules(parsed, worker)                  # parameters, modules and their parameters
    parsed.report(worker.configure_modules())     # each module looks at its parameters
    script = compile_script(parsed, worker)       # checks, and code objects

Everything wrong is collected in `parsed.diagnostics`; `compile_script` gives None when there was an error.
`load` does all of it and raises ScriptError.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from siprouter.core.env import LoadEnv
from siprouter.core.inventory.facts import module_facts
from siprouter.core.registry import available_modules, find_declaration
from siprouter.core.routes import BRANCH, FAILURE, ONSEND, REQUEST, TM_ONREPLY, Script
from siprouter.core.worker import Worker
from siprouter.script.analysis import analyse
from siprouter.script.checks import check_config
from siprouter.script.compiler import compile_program
from siprouter.script.core_table import register_core_functions
from siprouter.script.diagnostics import Diagnostics, TooManyErrorsError, did_you_mean
from siprouter.script.fold import fold_config
from siprouter.script.foreign import UNTRUSTED, engine_of, enter_foreign, load_foreign
from siprouter.script.lexer import MODE_MAX, MODE_SER
from siprouter.script.nodes import Config, LoadModule, LoadPath, ModParam
from siprouter.script.parser import parse_source
from siprouter.script.program import Program, kind_of
from siprouter.script.python_file import SUFFIX, configuration_of
from siprouter.script.resolve import Resolver
from siprouter.script.selects import register_core_selects
from siprouter.script.settings import apply_settings, settle_custom
from siprouter.script.source import SourceFile, Texts, read_source
from siprouter.script.version import NewVersion
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.regex import Regex, RegexError

FORMER_MODULES = {
    "mysql": "db_mysql",
    "postgres": "db_postgres",
    "dbtext": "db_text",
    "unixodbc": "db_unixodbc",
    "sercmd": "ctl",
}
"""module names of other versions"""

PARTS_OF_KSR = frozenset({"corex", "kemix"})
"""modules of later versions whose functions routes in Python and Lua find without them"""


class ScriptError(OperatorError):
    """A configuration with errors; `diagnostics` has all of them, the message shows them."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        first = diagnostics.errors[0]
        super().__init__(first.message, first.location, first.suggestion)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return self.diagnostics.render()


@dataclass(slots=True)
class Parsed:
    """A configuration on its way to a script."""

    config: Config
    diagnostics: Diagnostics
    env: LoadEnv | None = None
    missing: set[str] = field(default_factory=set)
    """modules that could not be loaded: what follows from that is not reported again"""
    kept_texts: list[str] = field(default_factory=list)
    """values of module parameters that hold although this file does not have them: it is loaded beside a running one"""

    def report(self, errors: Iterable[OperatorError]) -> None:
        """Add errors of `worker.configure_modules()`."""
        for error in errors:
            self.diagnostics.from_error("module", error)


def parse_file(
    path: Path | str,
    defines: dict[str, str] | None = None,
    mode: str = MODE_MAX,
    read: Callable[[Path], SourceFile] = read_source,
) -> Parsed:
    """Parse a file; `defines` are those of the command line. Raises OperatorError when it cannot be read.

    `read` stands for `read_source` where texts are elsewhere than in the files (an editor has them).
    """
    try:
        source = read(Path(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OperatorError(f"cannot read {path}: {reason}") from error
    if source.path.endswith(SUFFIX):
        source = configuration_of(source)
    return _parse(source, defines, mode, read=read)


def parse_again(texts: Texts, defines: dict[str, str] | None = None, mode: str = MODE_MAX) -> Parsed:
    """Parse what was read before (`Config.texts`), whatever the files say now."""
    return _parse(texts.source(texts.main), defines, mode, texts)


def parse_text(text: str, defines: dict[str, str] | None = None, name: str = "<text>", mode: str = MODE_MAX) -> Parsed:
    """Parse a configuration given as text; `name` stands for its path."""
    return _parse(SourceFile(name, text), defines, mode)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: loading makes many objects and leaves none in cycles for long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _parse(
    source: SourceFile,
    defines: dict[str, str] | None,
    mode: str,
    again: Texts | None = None,
    read: Callable[[Path], SourceFile] = read_source,
) -> Parsed:
    diagnostics = Diagnostics()
    try:
        with collector_paused():
            config = parse_source(source, diagnostics, defines, mode, again, read)
            if again is not None:  # files that modules read
                config.texts.files = {**again.files, **config.texts.files}
            return Parsed(config, diagnostics)
    except RecursionError:
        _too_deep(diagnostics)
        return Parsed(Config(mode, [source.path]), diagnostics)


def _too_deep(diagnostics: Diagnostics) -> None:
    diagnostics.error("nesting", "the configuration is nested too deeply")


# --- modules


def load_modules(parsed: Parsed, worker: Worker) -> None:
    """Set the parameters, load the modules and set theirs, in the order of the file."""
    env = parsed.env = worker.env
    worker.registry.ser = parsed.config.mode == MODE_SER
    if "setflag" not in worker.registry.functions:
        register_core_functions(worker)
        register_core_selects(worker)
    try:
        apply_settings(parsed.config, worker, env, parsed.diagnostics)
        announce_routes(parsed.config, env)
        for node in parsed.config.modules:
            if isinstance(node, LoadModule):
                _load_module(node, worker, parsed)
            elif isinstance(node, ModParam):
                module_parameter(node, worker, parsed, worker.modules, worker.set_param)
            elif isinstance(node, LoadPath):
                worker.log.debug("loadpath %s is not needed: modules are part of the program", node.path)
        settle_custom(parsed.config, worker, parsed.diagnostics)
    except TooManyErrorsError:
        return


def announce_routes(config: Config, env: LoadEnv) -> None:
    """Make the names of the route blocks known: modules check their parameters and arguments with them."""
    names: dict[int, set[str]] = {REQUEST: set(), FAILURE: set(), TM_ONREPLY: set(), BRANCH: set()}
    for block in config.routes:
        if block.kind in ("route", "failure_route", "onreply_route", "branch_route") and block.name:
            names.setdefault(kind_of(block), set()).add(block.name)
    env.route_names = names


def module_name(path: str) -> str:
    """The module that a loadmodule line means: the last part of the path, without .so."""
    return PurePosixPath(path).name.removesuffix(".so")


def _load_module(node: LoadModule, worker: Worker, parsed: Parsed) -> None:
    name = module_name(node.path)
    location = node.last.location
    if name in worker.modules:
        parsed.diagnostics.warning("loaded-twice", f"module {name} is loaded already", location)
        return
    declared = find_declaration(name, worker.registry.ser)
    if declared is None:
        unknown_module(name, location, parsed, worker)
        return
    try:
        worker.add_module(declared)
    except OperatorError as error:
        parsed.diagnostics.from_error("module", error, location)
        parsed.missing.add(name)


def unknown_module(name: str, location: SourceLocation, parsed: Parsed, worker: Worker) -> None:
    """Report a loadmodule line whose module this program does not have."""
    parsed.missing.add(name)
    message, hint = f"unknown module {name}", ""
    if name in FORMER_MODULES:
        hint = f'it is called {FORMER_MODULES[name]} now: loadmodule "{FORMER_MODULES[name]}.so"'
    elif name in PARTS_OF_KSR:
        hint = "remove the line: routes in Python find its functions in KSR without it"
    elif any(fact["name"] == name for fact in module_facts()):
        message = f"module {name} of SIP Router is not part of this program"
    else:
        hint = did_you_mean(name, available_modules(worker.registry.ser))
    parsed.diagnostics.error("unknown-module", message, location, suggestion=hint)


def module_parameter(
    node: ModParam,
    worker: Worker,
    parsed: Parsed,
    loaded: Collection[str],
    take: Callable[[str, str, int | str], None],
) -> None:
    """Call `take(module, parameter, value)` for each module in `loaded` that a modparam line means; report errors."""
    diagnostics = parsed.diagnostics
    try:
        pattern = Regex(f"^({node.modules})$", icase=True)
    except RegexError as error:
        diagnostics.error("bad-regex", f"bad module pattern: {error}", node.modules_token.location)
        return
    matching = [name for name in loaded if pattern.matches(name)]
    if not matching and any(pattern.matches(name) for name in parsed.missing):
        return
    if not matching:
        later = [item.path for item in parsed.config.modules if isinstance(item, LoadModule)]
        if any(pattern.matches(module_name(path)) for path in later):
            hint = "its loadmodule line must come before"
        else:
            hint = did_you_mean(node.modules, loaded) or f'add: loadmodule "{node.modules}.so"'
        message = f"no loaded module is called {node.modules}"
        diagnostics.error("module-not-loaded", message, node.modules_token.location, suggestion=hint)
        return
    for name in matching:
        try:
            take(name, node.name, node.value)
        except OperatorError as error:
            declared, _ = worker.registry.modules[name]
            known = {param.name for param in declared.params}
            hint = error.suggestion or ("" if node.name in known else did_you_mean(node.name, known))
            place = node.name_token.location if node.name not in known else node.location
            code = "parameter" if node.name in known else "unknown-parameter"
            where = error.location if error.location.file else place
            diagnostics.error(code, error.message, where, suggestion=hint)


def load_parts(parsed: Parsed, worker: Worker) -> dict[str, Any]:
    """What the modules keep for this version of the script (`load_version`), by module."""
    parts: dict[str, Any] = {}
    for name in worker.module_order:
        load_version = getattr(worker.modules[name], "load_version", None)
        if load_version is None:
            continue
        try:
            parts[name] = load_version(NewVersion(name, parsed.config, parsed.env or worker.env))
        except OperatorError as error:
            parsed.diagnostics.from_error("module", error)
    return parts


# --- compilation


def compile_script(parsed: Parsed, worker: Worker, version: int = 1) -> Script | None:
    """Check and compile the route blocks; None when the diagnostics hold an error, whichever step found it."""
    try:
        with collector_paused():
            parts = {} if worker.services.get(UNTRUSTED) else load_parts(parsed, worker)
            foreign = load_foreign(parsed.config, parsed.diagnostics, parsed.env or worker.env, worker, parts)
            program = _resolve(parsed, worker)
            if not parsed.diagnostics.errors:
                analyse(program, _texts(parsed.config) + parsed.kept_texts)
                _check_waits(program, parsed.diagnostics)
            if parsed.diagnostics.errors:
                return None
            script = compile_program(program, worker, version, tuple(parsed.config.files))
            script.parts = parts
            script.foreign = foreign, engine_of(parsed.config)[0]
            enter_foreign(script, *script.foreign, parsed.diagnostics)
            return None if parsed.diagnostics.errors else script
    except TooManyErrorsError:
        return None
    except RecursionError:
        _too_deep(parsed.diagnostics)
        return None


def _resolve(parsed: Parsed, worker: Worker) -> Program:
    check_config(parsed.config, parsed.diagnostics)
    fold_config(parsed.config)
    resolver = Resolver(parsed.env or worker.env, parsed.diagnostics, parsed.missing)
    return resolver.resolve(parsed.config.routes)


def _texts(config: Config) -> list[str]:
    """Module parameters that may hold variables."""
    return [node.value for node in config.modules if isinstance(node, ModParam) and isinstance(node.value, str)]


def _check_waits(program: Program, diagnostics: Diagnostics) -> None:
    """A message that is about to leave cannot wait."""
    for unit in program.units:
        if unit.kind == ONSEND and unit.waits:
            message = "onsend_route uses a function that waits"
            diagnostics.error("wrong-route", message, unit.block.first.location)


def load(
    path: Path | str | None,
    worker: Worker,
    defines: dict[str, str] | None = None,
    *,
    text: str = "",
    version: int = 1,
) -> Script:
    """Parse, load and compile a file, or `text` where `path` is None; the script is that of the worker afterwards.

    Raises ScriptError with everything that is wrong. Warnings go to the log.
    """
    parsed = parse_text(text, defines) if path is None else parse_file(path, defines)
    load_modules(parsed, worker)
    parsed.report(worker.configure_modules())
    script = compile_script(parsed, worker, version)
    if script is None:
        raise ScriptError(parsed.diagnostics)
    for item in parsed.diagnostics.warnings:
        worker.log.warning("%s", item.headline())
    worker.script = script
    return script
