"""`KSR.module.name`: which function it is, and calling it. Python and Lua offer the same ones under the same names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from siprouter.core.values import to_text
from siprouter.ksr import lib_core, lib_headers, lib_modules, lib_variables
from siprouter.ksr.api import CORE, HostApi
from siprouter.ksr.convert import as_integer
from siprouter.ksr.library import LibraryFunction
from siprouter.ksr.values import CallError, to_value

if TYPE_CHECKING:
    from siprouter.core.context import Context

LIBRARY: dict[tuple[str, str], LibraryFunction] = {
    (item.module, item.name): item
    for functions in (lib_core.FUNCTIONS, lib_variables.FUNCTIONS, lib_headers.FUNCTIONS, lib_modules.FUNCTIONS)
    for item in functions
}
LIBRARY_MODULES = frozenset(module for module, _ in LIBRARY if module) | {module for module, _ in lib_modules.ALIASES}

Bound = Callable[["Context | None", Sequence[object]], Any]
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

    def call(ctx: Context | None, args: Sequence[object]) -> int | Awaitable[int]:
        if ctx is None:
            raise CallError(f"{name}(): no message is being routed here")
        return api.call(ctx, target, declared, args, expand)

    return call


def _is_core(api: HostApi, name: str) -> bool:
    return any(item[2] == CORE for item in api.registry.find_functions(name))


def _library(api: HostApi, own: LibraryFunction) -> Bound:
    kinds, rest = param_kinds(own)
    least = len(kinds)

    def call(ctx: Context | None, args: Sequence[object]) -> Any:
        if ctx is None and not own.anywhere:
            raise CallError(f"{own.name}(): no message is being routed here")
        if len(args) != least and not (rest and len(args) > least):
            message = f"{own.name}() with {len(args)} argument{'' if len(args) == 1 else 's'}"
            raise CallError(message, suggestion=f"it takes {describe(own)}")
        return own.call(api, ctx, *[_converted(own, kinds, number, value) for number, value in enumerate(args)])

    return call


def _converted(own: LibraryFunction, kinds: str, number: int, value: object) -> Any:
    kind = kinds[number] if number < len(kinds) else "v"
    if kind == "s" and value.__class__ is str:
        return value
    try:
        plain = to_value(value)
        if kind == "i":
            return as_integer(None, plain)  # type: ignore[arg-type]  # it looks at the value only
    except CallError as error:
        raise CallError(f"{own.name}(): argument {number + 1}: {error.message}") from None
    return to_text(plain) if kind == "s" else plain


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
