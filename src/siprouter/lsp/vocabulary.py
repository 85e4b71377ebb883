"""What a configuration may say, by name: the declarations of the core and of the modules that it loads."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from siprouter.core.args import ArgType, Opt, Rest
from siprouter.core.core_pvars import CORE_PVARS
from siprouter.core.declare import EventRoute, Function, Module, Param, PVar, Select, Transformation
from siprouter.core.registry import find_declaration
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY
from siprouter.core.settings import CoreParam
from siprouter.script.core_table import CORE_FUNCTIONS
from siprouter.script.params import core_settings
from siprouter.script.selects import core_selects

CORE = "core"


class Vocabulary:
    """Names with their declarations and the module that has them ("core" for none)."""

    def __init__(self, modules: Iterable[str], ser: bool) -> None:
        self.ser = ser
        self.modules: dict[str, Module] = {}
        self.functions: dict[str, list[tuple[Function, str]]] = {}
        self.pvars: dict[str, tuple[PVar, str]] = {pv.name: (pv, CORE) for pv in CORE_PVARS}
        self.transformations: dict[str, tuple[Transformation, str]] = {}
        self.selects: list[tuple[Select, str]] = [(item, CORE) for item in core_selects()]
        self.event_routes: dict[str, tuple[EventRoute, str]] = {}
        self.core_params: dict[str, CoreParam] = {}
        for param in core_settings().declared.values():
            for name in (param.name, *param.aliases):
                self.core_params[name] = param
        self._add_functions(CORE_FUNCTIONS, CORE)
        for name in modules:
            declared = declaration(name, ser)
            if declared is not None and declared.name not in self.modules:
                self._add(declared)

    def _add(self, module: Module) -> None:
        name = module.name
        self.modules[name] = module
        self._add_functions(module.functions, name)
        self.pvars.update((item.name, (item, name)) for item in module.pvars)
        self.transformations.update((f"{one.klass}.{one.name}", (one, name)) for one in module.transformations)
        self.selects.extend((item, name) for item in module.selects)
        self.event_routes.update((item.name, (item, name)) for item in module.event_routes)

    def _add_functions(self, functions: Iterable[Function], module: str) -> None:
        for function in functions:
            for name in (function.name, *function.aliases):
                self.functions.setdefault(name, []).append((function, module))

    def param(self, module: str, name: str) -> Param | None:
        """A parameter of a loaded module."""
        declared = self.modules.get(module)
        return next((one for one in declared.params if one.name == name), None) if declared is not None else None

    def argument(self, function: str, number: int) -> ArgType | None:
        """The type of an argument (from 0) of a function; that of the first declaration which has so many."""
        for declared, _ in self.functions.get(function, ()):
            if number < len(declared.args):
                found = declared.args[number]
                return found.type if isinstance(found, Opt | Rest) else found
            if declared.args and isinstance(declared.args[-1], Rest):
                return declared.args[-1].type
        return None


def declaration(name: str, ser: bool) -> Module | None:
    """The module that loadmodule means; None where there is none, or what it is made of is not installed."""
    try:
        return find_declaration(name, ser)
    except ImportError:
        return None


@lru_cache(maxsize=16)
def vocabulary(modules: tuple[str, ...], ser: bool) -> Vocabulary:
    """The Vocabulary of a configuration that loads these modules; the last few are kept."""
    return Vocabulary(modules, ser)


def route_block_kind(bits: int) -> str:
    """The opening word of the blocks that a RouteName argument names."""
    if bits & FAILURE:
        return "failure_route"
    if bits & ONREPLY:
        return "onreply_route"
    return "branch_route" if bits & BRANCH else "route"
