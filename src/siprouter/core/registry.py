"""Everything that the loaded modules of a worker offer, by name."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

from siprouter.core.declare import EventRoute, Function, Mi, Module, PVar, Rpc, Select, Transformation

SER_SUFFIX = "_s"
"""ends the folder of a module that only `#!SER` scripts load"""


def load_declaration(name: str) -> Module | None:
    """The declaration of the module in `siprouter.modules.<name>`, or None where there is no such folder."""
    if not name.isidentifier():
        return None
    try:
        package = importlib.import_module(f"siprouter.modules.{name}")
    except ModuleNotFoundError as error:
        if error.name in (f"siprouter.modules.{name}", "siprouter.modules"):
            return None
        raise
    found = getattr(package, "module", None)
    return found if isinstance(found, Module) else None


def find_declaration(name: str, ser: bool = False) -> Module | None:
    """The module that `loadmodule "name"` means, or None. In `#!SER` scripts the flavour of SER goes first."""
    folder = name.replace("-", "_")
    if folder.endswith(SER_SUFFIX):
        return None
    declared = load_declaration(folder + SER_SUFFIX) if ser else None
    return load_declaration(folder) if declared is None else declared


def module_folders() -> list[str]:
    """Names of all module folders, sorted; where both families of SIP Router have a module, that of SER ends in _s."""
    package = importlib.import_module("siprouter.modules")
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.ispkg)


def available_modules(ser: bool = False) -> list[str]:
    """The modules that scripts can load, sorted; `ser`: `#!SER` scripts."""
    folders = module_folders()
    names = {folder for folder in folders if not folder.endswith(SER_SUFFIX)}
    if ser:
        names |= {folder.removesuffix(SER_SUFFIX) for folder in folders}
    return sorted(names)


class Registry:
    """Declared objects with the instance they belong to. Of two declarations of a name the one loaded later wins."""

    def __init__(self) -> None:
        self.modules: dict[str, tuple[Module, Any]] = {}
        self.functions: dict[str, list[tuple[Function, Any, str]]] = {}
        self.pvars: dict[str, tuple[PVar, Any]] = {}
        self.transformations: dict[str, tuple[Transformation, Any]] = {}
        self.rpcs: dict[str, tuple[Rpc, Any]] = {}
        self.mis: dict[str, tuple[Mi, Any]] = {}
        self.selects: list[tuple[Select, Any]] = []
        self.event_routes: dict[str, EventRoute] = {}
        self.cumulative: set[tuple[str, str]] = set()
        """computed statistics, by group and name, that only grow"""
        self.ser = False
        """whether the script is in the mode `#!SER`, which loads the modules of SER"""

    def add(self, module: Module, inst: Any) -> None:
        """Add what a module declares."""
        self.modules[module.name] = (module, inst)
        for function in module.functions:
            for name in (function.name, *function.aliases):
                self.functions.setdefault(name, []).insert(0, (function, inst, module.name))
        for pv in module.pvars:
            self.pvars[pv.name] = (pv, inst)
        for change in module.transformations:
            self.transformations[f"{change.klass}.{change.name}"] = (change, inst)
        for command in module.rpcs:
            self.rpcs[command.name] = (command, inst)
        for management in module.mis:
            self.mis[management.name] = (management, inst)
        self.selects.extend((item, inst) for item in module.selects)
        self.cumulative.update((item.group or module.name, item.name) for item in module.stats if item.cumulative)
        self.event_routes.update((event.name, event) for event in module.event_routes)

    def find_functions(self, name: str) -> list[tuple[Function, Any, str]]:
        """All declarations of a script function with instance and module name, latest first."""
        return self.functions.get(name, [])

    def find_pvar(self, name: str) -> tuple[PVar, Any] | None:
        """A pseudo-variable by its name without `$`."""
        return self.pvars.get(name)

    def has_pvar(self, name: str) -> bool:
        """Whether `$name` exists."""
        return name in self.pvars

    def pvar_takes_inner(self, name: str) -> bool:
        """Whether `$name(…)` is a reference, rather than `$name` followed by text in parentheses."""
        found = self.pvars.get(name)
        return found is None or found[0].bind is not None

    def find_transformation(self, path: str) -> tuple[Transformation, Any] | None:
        """A transformation by "class.name"."""
        return self.transformations.get(path)

    def suggest_pvar(self, name: str) -> str:
        """A hint for an unknown variable: a module that has it, or a near name."""
        return self._suggest(name, self.pvars, "$", lambda module: (pv.name for pv in module.pvars))

    def suggest_transformation(self, path: str) -> str:
        """A hint for an unknown transformation."""
        return self._suggest(
            path, self.transformations, "", lambda module: (f"{tr.klass}.{tr.name}" for tr in module.transformations)
        )

    def suggest_function(self, name: str) -> str:
        """A hint for an unknown function."""
        return self._suggest(
            name, self.functions, "", lambda module: (n for f in module.functions for n in (f.name, *f.aliases))
        )

    def _suggest(self, name: str, known: Iterable[str], prefix: str, names: Any) -> str:
        for other in available_modules(self.ser):
            if other in self.modules:
                continue
            declared = find_declaration(other, self.ser)
            if declared is not None and name in set(names(declared)):
                return f'add: loadmodule "{other}.so"'
        close = difflib.get_close_matches(name, list(known), 1)
        return f"did you mean {prefix}{close[0]}?" if close else ""
