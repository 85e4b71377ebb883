"""Arguments that come from a host language, as the declared functions take them.

A value is converted as the compiler converts a constant, and what that gave is kept. Text is taken as it is: what a
script read from a message must not be expanded because a `$` is in it. `expand` is for functions whose text is
meant to hold variables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.args import AnyValue, ArgType, Constant, Fmt, Folded, Int, Parsed, PvRef, Str
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.ksr.values import CallError
from siprouter.script.core_args import AttributeArg, AvpFlag
from siprouter.util.errors import NOWHERE, OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

Converter = Callable[["Context", Value], Any]

MAX_KEPT = 1024
"""converted values that an argument keeps"""

NAMES = (PvRef, AttributeArg, AvpFlag, Parsed)
"""types that take a name or a notation, never data"""


def converter(kind: ArgType, env: LoadEnv, expand: bool) -> Converter:
    """What makes an argument of the type `kind` out of a script value."""
    exact = type(kind)
    if exact is AnyValue:
        return as_it_is
    if exact is Str or (exact is Fmt and not expand):
        return as_text
    if exact is Int and not expand:
        return as_integer
    return Folding(kind, env, expand)


def as_it_is(ctx: Context, value: Value) -> Value:
    """No conversion."""
    return value


def as_text(ctx: Context, value: Value) -> str:
    """Text; null is empty."""
    return to_text(value)


def as_integer(ctx: Context, value: Value) -> int:
    """An integer, or text that is one. Raises CallError."""
    number = value if value.__class__ is int else str_to_int(to_text(value).strip())
    if number is None:
        raise CallError(f"an integer is needed, not {value!r}")
    return number


class Folding:
    """Converts as the compiler does, and remembers."""

    __slots__ = ("_env", "_kept", "_kind", "_literal")

    def __init__(self, kind: ArgType, env: LoadEnv, expand: bool) -> None:
        self._kind = kind
        self._env = env
        self._kept: dict[Value, Folded] = {}
        self._literal = not expand and not isinstance(kind, NAMES)

    def __call__(self, ctx: Context, value: Value) -> Any:
        """The converted value. Raises OperatorError."""
        folded = self._kept.get(value)
        if folded is None:
            if self._literal and isinstance(value, str) and ("$" in value or value[:1] == "@"):
                return self._kind.convert(ctx, value)
            folded = self._fold(value)
        return folded.value if isinstance(folded, Constant) else folded.evaluate(ctx)

    def _fold(self, value: Value) -> Folded:
        try:
            folded = self._kind.fold(value, self._env, NOWHERE)
        except OperatorError as error:
            raise CallError(error.message, suggestion=error.suggestion) from None
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[value] = folded
        return folded
