"""A configuration beside the one that runs: what it says, and what of that can change without a restart.

Nothing here instantiates a module or touches its state. The routes of the new file are checked and compiled with the
modules that are loaded; of its parameters those change that the cfg framework can change at run time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from siprouter.core.declare import CfgVar
from siprouter.core.env import LoadEnv
from siprouter.core.registry import find_declaration
from siprouter.core.settings import CfgError, ConfigValue
from siprouter.core.worker import Worker
from siprouter.script.diagnostics import Diagnostics, TooManyErrorsError
from siprouter.script.foreign import ENGINE
from siprouter.script.load import Parsed, announce_routes, module_name, module_parameter, unknown_module
from siprouter.script.nodes import LoadModule, ModParam
from siprouter.script.params import PARAM_NAMES
from siprouter.script.settings import (
    check_core,
    declare_custom,
    declare_flags,
    listen_specs,
    refuse_custom,
    settings_of_modules,
)

Key = tuple[str, str]
CORE = "core"


@dataclass(slots=True)
class Contents:
    """What a file says beside its routes; values of module parameters in the order of the file, no defaults."""

    core: dict[str, Any] = field(default_factory=dict)
    params: dict[Key, list[int | str]] = field(default_factory=dict)
    custom: dict[Key, int | str] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Changes:
    """From one version to another: settings to change, and by name what stays as it was at the start."""

    settings: list[tuple[str, str, ConfigValue]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def prepare(parsed: Parsed, worker: Worker, running: Contents | None) -> Contents:
    """What a parsed file says; gives it names of its own for flags and routes.

    `running` is what the server was started with; None: this is that very file. Errors are in `parsed.diagnostics`.
    """
    env = parsed.env = LoadEnv(worker)
    found = Contents()
    try:
        if parsed.config.mode != worker.script_mode:
            message = f"the mode cannot change at run time from {worker.script_mode} to {parsed.config.mode}"
            parsed.diagnostics.error("needs-restart", message)
            return found
        declare_flags(parsed.config, env, parsed.diagnostics)
        found.flags = dict(env.flag_names)
        announce_routes(parsed.config, env)
        _collect_core(parsed, found)
        _collect_modules(parsed, worker, found, running)
    except TooManyErrorsError:
        pass
    return found


def _collect_core(parsed: Parsed, found: Contents) -> None:
    for param in parsed.config.params:
        if PARAM_NAMES[param.name].kind == "listen":
            found.core[param.name] = [*found.core.get(param.name, []), *listen_specs(param.value)]
        else:
            found.core[param.name] = param.value
        check_core(param, parsed.diagnostics)
    for custom in parsed.config.custom:
        found.custom[custom.group, custom.name] = custom.value


def _collect_modules(parsed: Parsed, worker: Worker, found: Contents, running: Contents | None) -> None:
    own = {module_name(node.path) for node in parsed.config.modules if isinstance(node, LoadModule)}
    of_file = own if running is None else set(running.modules)
    loaded = [name for name in worker.modules if name not in of_file]

    def take(module: str, name: str, value: int | str) -> None:
        worker.check_param(module, name, value)
        found.params.setdefault((module, name), []).append(value)

    for node in parsed.config.modules:
        if isinstance(node, LoadModule):
            name = _loaded_name(node, parsed, worker)
            if name:
                found.modules.append(name)
                loaded.append(name)
        elif isinstance(node, ModParam):
            module_parameter(node, worker, parsed, dict.fromkeys(loaded), take)


def _loaded_name(node: LoadModule, parsed: Parsed, worker: Worker) -> str:
    """The name of the running module that a loadmodule line means; "" and an error where it does not run."""
    name, location = module_name(node.path), node.last.location
    declared = find_declaration(name, worker.registry.ser)
    if declared is None:
        unknown_module(name, location, parsed, worker)
        return ""
    if declared.name in worker.modules:
        return declared.name
    parsed.missing.add(name)
    message = f"module {name} is not loaded: a new module needs a restart"
    parsed.diagnostics.error("needs-restart", message, location)
    return ""


def kept_texts(started: Contents) -> list[str]:
    """Values of module parameters that may hold variables, and hold until a restart."""
    return [value for values in started.params.values() for value in values if isinstance(value, str)]


# --- what changes


def compare(
    old: Contents, new: Contents, started: Contents, worker: Worker, pinned: Iterable[str], diagnostics: Diagnostics
) -> Changes:
    """What going from `old` to `new` changes; `pinned` core parameters were given on the command line and stay."""
    changes = Changes()
    _compare_core(old, new, started, worker, set(pinned), changes)
    _compare_params(old, new, started, worker, changes)
    for key, custom in new.custom.items():
        if key in worker.cfg.vars and old.custom.get(key) != custom:
            changes.settings.append((*key, custom))
    changes.kept += [f"module {name}" for name in started.modules if name not in new.modules]
    for name, number in started.flags.items():
        if new.flags.get(name, number) != number:
            changes.kept.append(f"number {number} of flag {name} in module parameters")
    for group, name, value in changes.settings:
        try:
            worker.cfg.check(group, name, value)
        except CfgError as error:
            diagnostics.error("parameter", str(error))
    return changes


def _changeable(worker: Worker, group: str, name: str) -> CfgVar | None:
    var = worker.cfg.vars.get((group, name))
    return None if var is None or var.readonly else var


def _compare_core(
    old: Contents, new: Contents, started: Contents, worker: Worker, pinned: set[str], changes: Changes
) -> None:
    for name in sorted({*old.core, *new.core, *started.core} - pinned):
        declared = PARAM_NAMES[name]
        if declared.no_effect or name == ENGINE:  # which routes count goes with the version
            continue
        value = _plain(new.core.get(name, declared.default))
        if value is not None and _changeable(worker, CORE, name) is not None:
            if value != _plain(old.core.get(name, declared.default)):
                changes.settings.append((CORE, name, value))
        elif value != _plain(started.core.get(name, declared.default)):
            changes.kept.append(name)


def _plain(value: Any) -> Any:
    """Truth values as the numbers that the cfg framework keeps."""
    return int(value) if isinstance(value, bool) else value


def _compare_params(old: Contents, new: Contents, started: Contents, worker: Worker, changes: Changes) -> None:
    for module, name in sorted({*old.params, *new.params, *started.params}):
        declared = worker.registry.modules[module][0]
        param = next(item for item in declared.params if item.name == name)
        key = (module, name)
        if param.obsolete or param.versioned or (module in started.modules and module not in new.modules):
            continue
        var = _changeable(worker, module, param.cfg_var) if param.cfg_var else None
        if var is not None:
            value = _last(new, key, var.default)
            if value != _last(old, key, var.default):
                changes.settings.append((module, param.cfg_var, value))
        elif param.setter:
            if new.params.get(key) != started.params.get(key):
                changes.kept.append(f"{module}.{name}")
        elif _last(new, key, param.default) != _last(started, key, param.default):
            changes.kept.append(f"{module}.{name}")


def _last(contents: Contents, key: Key, default: int | str | None) -> int | str | None:
    values = contents.params.get(key)
    return values[-1] if values else default


# --- changing it


def declare_new_custom(parsed: Parsed, worker: Worker) -> list[Key]:
    """Declare the custom parameters that are new, for the script to be compiled; the keys, for `forget_custom`."""
    declared = []
    owned = settings_of_modules(worker)
    for custom in parsed.config.custom:
        if (custom.group, custom.name) in worker.cfg.vars:
            continue
        if custom.group in owned:
            refuse_custom(custom, owned[custom.group], parsed.diagnostics)
            continue
        declare_custom(custom, worker)
        declared.append((custom.group, custom.name))
    return declared


def forget_custom(keys: Iterable[Key], worker: Worker) -> None:
    """Take back what `declare_new_custom` did."""
    for group, name in keys:
        del worker.cfg.vars[group, name]
        delattr(worker.cfg.groups[group], name)


def apply_changes(changes: Changes, worker: Worker) -> None:
    """Make all changes, or none: raises CfgError where a setting refuses its value."""
    worker.cfg.change_all(changes.settings)
