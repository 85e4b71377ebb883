"""`KSR.module.name`: which function it is, and calling it. Python and Lua offer the same ones under the same names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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

LIBRARY: dict[tuple[str, str], LibraryFunction] = {
    (item.module, item.name): item
    for functions in (lib_core.FUNCTIONS, lib_variables.FUNCTIONS, lib_headers.FUNCTIONS, lib_modules.FUNCTIONS)
    for item in functions
}
LIBRARY_MODULES = frozenset(module for module, _ in LIBRARY if module) | {module for module, _ in lib_modules.ALIASES}

COUNT_BITS = 8
CONVERTERS: dict[str, Converter] = {
    "s": lambda value: Constant(to_text(value)),
    "i": lambda value: Constant(as_integer(value)),
    "v": Constant,
}
"""types of the library's parameters; none looks at the message"""

Bound = Callable[["Context | None", tuple[object, ...]], Any]
"""`call(ctx, args)`: str, int, bool or None; an awaitable of that where the function waits"""


def find(api: HostApi, module: str, name: str) -> Bound:
    """The function `KSR.module.name`; `module` is "" for `KSR.name`. Raises CallError where there is none."""
    own = LIBRARY.get((module, name))
    if own is not None:
        return _library(api, own)
    if not module and not _is_core(api, name):
        raise CallError(f"KSR has no function {name}()", suggestion=api.registry.suggest_function(name))
    target, declared = lib_modules.ALIASES.get((module, name), (module or CORE, name))
    api.find(target, declared)
    expand = (target, "") in lib_modules.EXPANDING or (target, declared) in lib_modules.EXPANDING

    resolved: dict[int, HostCall] = {}

    def call(ctx: Context | None, args: tuple[object, ...]) -> int | Awaitable[int]:
        if ctx is None:
            raise CallError(f"{name}(): no message is being routed here")
        count = len(args)
        found = resolved.get(ctx.route_type << COUNT_BITS | count)
        if found is None:
            found = api.resolve(target, declared, count, ctx.route_type, expand)
            if count < 1 << COUNT_BITS:
                resolved[ctx.route_type << COUNT_BITS | count] = found
        result: int | Awaitable[int]
        result = found.method(ctx, *found.conversions(ctx, args)) if args else found.method(ctx)
        return result

    return call


def _is_core(api: HostApi, name: str) -> bool:
    return any(item[2] == CORE for item in api.registry.find_functions(name))


def _library(api: HostApi, own: LibraryFunction) -> Bound:
    kinds, rest = param_kinds(own)
    least = len(kinds)
    anywhere, function = own.anywhere, own.call
    conversions = Conversions(own.name, [CONVERTERS[kind] for kind in kinds], CONVERTERS["v"] if rest else None)

    def call(ctx: Context | None, args: tuple[object, ...]) -> Any:
        if ctx is None and not anywhere:
            raise CallError(f"{own.name}(): no message is being routed here")
        if len(args) != least and not (rest and len(args) > least):
            message = f"{own.name}() with {len(args)} argument{'' if len(args) == 1 else 's'}"
            raise CallError(message, suggestion=f"it takes {describe(own)}")
        return function(api, ctx, *conversions(ctx, args)) if args else function(api, ctx)  # type: ignore[arg-type]

    return call


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
    own = {name for part, name in LIBRARY if part == module}
    aliases = {
        name for (part, name), (target, _) in lib_modules.ALIASES.items() if part == module and _has(api, target)
    }
    return sorted(declared | own | aliases)


def _has(api: HostApi, module: str) -> bool:
    return module == CORE or module in api.registry.modules
