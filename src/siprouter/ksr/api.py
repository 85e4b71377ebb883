"""Calling what the loaded modules declare from a host language: functions, pseudo-variables, text with variables.

One `HostApi` belongs to one version of the script: names of flags and routes are those of that version.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.format import Format
from siprouter.core.registry import available_modules
from siprouter.core.routes import LOCAL, REQUEST, ROUTE_NAMES
from siprouter.core.values import Value
from siprouter.ksr.convert import Conversions, Converter, converter, keep
from siprouter.ksr.values import CallError, to_value
from siprouter.script.resolve import accepts, argument_type, describe_arities
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.declare import Function
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

Candidate = tuple["Function", Any, str]

CORE = "core"
MAX_KEPT = 4096
"""variables, texts and calls that are kept resolved"""
MAX_TEXT = 1024
"""characters of the longest text that is"""


class HostCall:
    """A declared function, resolved for a number of arguments and a kind of route."""

    __slots__ = ("conversions", "function", "method", "waits")

    def __init__(self, function: Function, inst: Any, converters: Sequence[Converter]) -> None:
        self.function = function
        self.method = MethodType(function.call, inst)
        self.conversions = Conversions(function.name, converters)
        self.waits = function.waits

    def __call__(self, ctx: Context, args: Sequence[object]) -> int | Awaitable[int]:
        """Call it; an awaitable where `waits`. Raises CallError for arguments that it cannot take."""
        result: int | Awaitable[int]
        result = self.method(ctx, *self.conversions.convert(ctx, tuple(args))) if args else self.method(ctx)
        return result


class HostApi:
    """What a host language can ask for. Every method takes the context of the message that is being routed."""

    def __init__(self, worker: Worker, env: LoadEnv) -> None:
        self.worker = worker
        self.env = env
        self.registry = worker.registry
        self._calls: dict[tuple[str, str, int, int, bool], HostCall] = {}
        self._variables: dict[str, PvAccess] = {}
        self._formats: dict[str, Format] = {}

    # --- functions

    def call(
        self, ctx: Context, module: str, name: str, args: Sequence[object] = (), expand: bool = False
    ) -> int | Awaitable[int]:
        """Call function `name` of `module` ("core"; "" for whichever has it); awaitable where it waits.

        Text is passed as it is, with `expand` variables in it are read. Returns what the function returns: > 0 true,
        < 0 false, 0 where a configuration would stop. Raises CallError.
        """
        found = self._calls.get((module, name, len(args), ctx.route_type, expand))
        if found is None:
            found = self.resolve(module, name, len(args), ctx.route_type, expand)
        return found(ctx, args)

    def resolve(self, module: str, name: str, count: int, route_type: int, expand: bool = False) -> HostCall:
        """The function for so many arguments in a kind of route. Raises CallError."""
        key = (module, name, count, route_type, expand)
        found = self._calls.get(key)
        if found is not None:
            return found
        function, inst, _ = self._choose(module, name, count, route_type)
        kinds = [argument_type(function, number) for number in range(count)]
        found = HostCall(function, inst, [converter(kind, self.env, expand) for kind in kinds])
        keep(self._calls, key, found, MAX_KEPT)
        return found

    def find(self, module: str, name: str) -> list[Candidate]:
        """All declarations of a function, those that count first. Raises CallError where there is none."""
        found = [item for item in self.registry.find_functions(name) if module in ("", item[2])]
        if found:
            return found
        if module and module != CORE and module not in self.registry.modules:
            message = f"module {module} is needed for {name}() but not loaded"
            raise CallError(message, suggestion=self.how_to_load(module))
        if not module:
            raise CallError(f"unknown function {name}()", suggestion=self.registry.suggest_function(name))
        known = [other for other, items in self.registry.functions.items() if any(i[2] == module for i in items)]
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else ""
        raise CallError(f"module {module} has no function {name}()", suggestion=hint)

    def how_to_load(self, module: str) -> str:
        """What to do about a module that is not loaded."""
        known = module in available_modules(self.registry.ser)
        return f'add: loadmodule "{module}.so"' if known else "no module of this program is called so"

    def _choose(self, module: str, name: str, count: int, route_type: int) -> Candidate:
        found = self.find(module, name)
        fitting = [item for item in found if accepts(item[0], count)]
        if not fitting:
            expected = describe_arities([item[0] for item in found])
            message = f"{name}() with {count} argument{'' if count == 1 else 's'}"
            raise CallError(message, suggestion=f"it takes {expected}")
        kinds = route_type | REQUEST if route_type & LOCAL else route_type
        for item in fitting:
            if item[0].routes & kinds:
                return item
        where = ROUTE_NAMES.get(route_type, "this kind of route")
        raise CallError(f"{name}() is not allowed in {where}")

    # --- variables

    def variable(self, text: str) -> PvAccess:
        """The pseudo-variable that `text` names, "$ru" or "$(hdr(Via)[1]{s.len})". Raises CallError."""
        found = self._variables.get(text)
        if found is None:
            if not isinstance(text, str) or not text.startswith("$"):
                raise CallError(f"the name of a pseudo-variable is needed, not {text!r}", suggestion='"$ru"')
            try:
                found = self.env.parse_pvar(text)
            except OperatorError as error:
                raise CallError(error.message, suggestion=error.suggestion) from None
            keep(self._variables, text, found, MAX_KEPT)
        return found

    def get(self, ctx: Context, text: str) -> Value:
        """The value of a variable: str, int, or None for null."""
        return (self._variables.get(text) or self.variable(text)).get(ctx)

    def set(self, ctx: Context, text: str, value: object) -> None:
        """Assign to a variable; None makes it null. Raises CallError, also where it is read-only."""
        access = self._variables.get(text) or self.variable(text)
        if access.set is None:
            raise CallError(f"variable {text} is read-only")
        access.set(ctx, to_value(value))

    def expand(self, ctx: Context, text: str) -> str:
        """`text` with its variables replaced by their values. Raises CallError for unknown ones."""
        found = self._formats.get(text)
        if found is None:
            try:
                found = self.env.parse_format(text)
            except OperatorError as error:
                raise CallError(error.message, suggestion=error.suggestion) from None
            if len(text) <= MAX_TEXT:
                keep(self._formats, text, found, MAX_KEPT)
        return found.text(ctx)
