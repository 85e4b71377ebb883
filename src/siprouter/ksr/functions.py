"""`KSR.module.name`: which function it is, and calling it. Python and Lua offer the same ones under the same names."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from siprouter.core.args import Constant
from siprouter.core.values import to_text
from siprouter.ksr import lib_core, lib_headers, lib_modules, lib_variables
from siprouter.ksr.api import CORE, HostApi, HostCall
from siprouter.ksr.convert import Conversions, Converter, as_integer
from siprouter.ksr.library import LibraryFunction
from siprouter.ksr.values import CallError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.ksr.runner import Runner

LIBRARY: dict[tuple[str, str], LibraryFunction] = {
    (item.module, item.name): item
    for functions in (lib_core.FUNCTIONS, lib_variables.FUNCTIONS, lib_headers.FUNCTIONS, lib_modules.FUNCTIONS)
    for item in functions
}
LIBRARY_MODULES = frozenset(module for module, _ in LIBRARY if module) | {module for module, _ in lib_modules.ALIASES}

COUNT_BITS = 8
PLAIN = frozenset((int, str, bool, type(None)))
CONVERTERS: dict[str, Converter] = {
    "s": lambda value: Constant(to_text(value)),
    "i": lambda value: Constant(as_integer(value)),
    "v": Constant,
}
"""types of the library's parameters; none looks at the message"""


class DeclaredFunction:
    """A function of a module or the core; number of arguments and kind of route say which declaration of it."""

    __slots__ = ("_api", "_expand", "_resolved", "_target", "name")

    def __init__(self, api: HostApi, target: str, name: str, expand: bool) -> None:
        self._api = api
        self._target = target
        self.name = name
        self._expand = expand
        self._resolved: dict[int, HostCall] = {}

    def __call__(self, ctx: Context | None, args: tuple[object, ...]) -> Any:
        """Call it. Raises CallError."""
        return self.call(ctx, args)

    def call(self, ctx: Context | None, args: tuple[object, ...]) -> Any:
        """The same."""
        if ctx is None:
            raise CallError(f"{self.name}(): no message is being routed here")
        count = len(args)
        key = ctx.route_type << COUNT_BITS | count
        found = self._resolved.get(key)
        if found is None:
            found = self._api.resolve(self._target, self.name, count, ctx.route_type, self._expand)
            if count < 1 << COUNT_BITS:
                self._resolved[key] = found
        if count == 0:
            return found.method(ctx)
        return found.method(ctx, *found.conversions.convert(ctx, args))


class OwnFunction:
    """A function of the library."""

    __slots__ = ("_anywhere", "_api", "_call", "_conversions", "_count", "_own", "_rest")

    def __init__(self, api: HostApi, own: LibraryFunction) -> None:
        kinds, rest = param_kinds(own)
        self._api = api
        self._own = own
        self._call = own.call
        self._anywhere = own.anywhere
        self._count = len(kinds)
        self._rest = rest
        converters = [CONVERTERS[kind] for kind in kinds]
        self._conversions = Conversions(own.name, converters, CONVERTERS["v"] if rest else None)

    def __call__(self, ctx: Context | None, args: tuple[object, ...]) -> Any:
        """Call it. Raises CallError."""
        return self.call(ctx, args)

    def call(self, ctx: Context | None, args: tuple[object, ...]) -> Any:
        """The same."""
        count = len(args)
        if ctx is None and not self._anywhere:
            raise CallError(f"{self._own.name}(): no message is being routed here")
        if count != self._count and not (self._rest and count > self._count):
            message = f"{self._own.name}() with {count} argument{'' if count == 1 else 's'}"
            raise CallError(message, suggestion=f"it takes {describe(self._own)}")
        if count == 0:
            return self._call(self._api, ctx)
        return self._call(self._api, ctx, *self._conversions.convert(ctx, args))


Found = DeclaredFunction | OwnFunction


class RunningFunction:
    """A function of KSR as scripts call it: for the message that is routed now, waited for where it waits."""

    __slots__ = ("_call", "_runner", "name")

    def __init__(self, runner: Runner, call: Found, name: str) -> None:
        self._runner = runner
        self._call = call
        self.name = name

    def __call__(self, *args: Any) -> Any:
        """Call it."""
        return self.call(args)

    def call(self, args: tuple[Any, ...]) -> Any:
        """The same."""
        runner = self._runner
        result = self._call.call(runner.current, args)
        if result.__class__ in PLAIN or not isinstance(result, Awaitable):
            return result
        return runner.result(result, self.name)

    def __repr__(self) -> str:
        return f"<function KSR….{self.name}>"


def find(api: HostApi, module: str, name: str) -> Found:
    """The function `KSR.module.name`; `module` is "" for `KSR.name`. Raises CallError where there is none."""
    own = LIBRARY.get((module, name))
    if own is not None:
        return OwnFunction(api, own)
    if not module and not _is_core(api, name):
        raise CallError(f"KSR has no function {name}()", suggestion=api.registry.suggest_function(name))
    target, declared = lib_modules.ALIASES.get((module, name), (module or CORE, name))
    api.find(target, declared)
    expand = (target, "") in lib_modules.EXPANDING or (target, declared) in lib_modules.EXPANDING
    return DeclaredFunction(api, target, declared, expand)


def _is_core(api: HostApi, name: str) -> bool:
    return any(item[2] == CORE for item in api.registry.find_functions(name))


def param_kinds(own: LibraryFunction) -> tuple[str, bool]:
    """Types of the parameters, and whether more may follow."""
    kinds = ""
    rest = False
    for param in own.params:
        if param.startswith("*"):
            rest = True
        else:
            kinds += param.rpartition(":")[2]
    return kinds, rest


def describe(own: LibraryFunction) -> str:
    """The parameters in words."""
    names = [param.rpartition(":")[0] for param in own.params]
    return f"({', '.join(names)})" if names else "no arguments"


def modules_of(api: HostApi) -> list[str]:
    """What `KSR.…` may be followed by, beside functions: loaded modules, and those of the library."""
    return sorted(set(api.registry.modules) | LIBRARY_MODULES)


def names_of(api: HostApi, module: str) -> list[str]:
    """The functions `KSR.module.…`."""
    declared = {
        name
        for name, items in api.registry.functions.items()
        if any(item[2] == (module or CORE) for item in items) and name.isidentifier()
    }
    if not module:  # where a module has the name of a core function, KSR.name is the module
        declared -= set(modules_of(api))
    own = {name for part, name in LIBRARY if part == module}
    aliases = {
        name for (part, name), (target, _) in lib_modules.ALIASES.items() if part == module and _has(api, target)
    }
    return sorted(declared | own | aliases)


def _has(api: HostApi, module: str) -> bool:
    return module == CORE or module in api.registry.modules
