"""Arguments that come from a host language, as the declared functions take them.

A value is converted as the compiler converts a constant, and what that gave is kept. Text is taken as it is: what a
script read from a message must not be expanded because a `$` is in it. `expand` is for functions whose text is
meant to hold variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from siprouter.core.args import AnyValue, ArgType, Constant, Dynamic, Fmt, Folded, Int, Parsed, PvRef, Str
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.ksr.values import CallError, to_value
from siprouter.script.core_args import AttributeArg, AvpFlag
from siprouter.util.errors import NOWHERE, OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

Converter = Callable[[Value], Folded]

MAX_KEPT = 1024
"""converted values that are kept"""
MAX_LENGTH = 128
"""characters of the longest text that is kept converted"""

NAMES = (PvRef, AttributeArg, AvpFlag, Parsed)
"""types that take a name or a notation, never data"""


def converter(kind: ArgType, env: LoadEnv, expand: bool) -> Converter:
    """What makes an argument of the type `kind` out of a script value. Raises CallError."""
    exact = type(kind)
    if exact is AnyValue:
        return Constant
    if exact is Str or (exact is Fmt and not expand):
        return lambda value: Constant(to_text(value))
    if exact is Int and not expand:
        return lambda value: Constant(as_integer(value))
    return Folding(kind, env, expand)


def as_integer(value: Value) -> int:
    """An integer, or text that is one. Raises CallError."""
    number = value if value.__class__ is int else str_to_int(to_text(value).strip())
    if number is None:
        raise CallError(f"an integer is needed, not {value!r}")
    return number


class Folding:
    """Converts as the compiler does, and keeps what takes time and may come again."""

    __slots__ = ("_env", "_kept", "_kind", "_literal")

    def __init__(self, kind: ArgType, env: LoadEnv, expand: bool) -> None:
        self._kind = kind
        self._env = env
        self._kept: dict[Value, Folded] = {}
        self._literal = not expand and not isinstance(kind, NAMES)

    def __call__(self, value: Value) -> Folded:
        """The converted value. Raises CallError."""
        folded = self._kept.get(value)
        if folded is not None:
            return folded
        if self._literal and isinstance(value, str) and ("$" in value or value[:1] == "@"):
            return Dynamic(lambda ctx: self._kind.convert(ctx, value))
        try:
            folded = self._kind.fold(value, self._env, NOWHERE)
        except OperatorError as error:
            raise CallError(error.message, suggestion=error.suggestion) from None
        if not isinstance(value, str) or len(value) <= MAX_LENGTH:
            keep(self._kept, value, folded, MAX_KEPT)
        return folded


def keep(kept: dict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Keep a value by its key; all are forgotten when there are too many."""
    if len(kept) >= most:
        kept.clear()
    kept[key] = value


class Conversions:
    """The arguments of calls of one function, converted together; those that came before are found at once."""

    __slots__ = ("_converters", "_kept", "_name", "_rest")

    def __init__(self, name: str, converters: Sequence[Converter], rest: Converter | None = None) -> None:
        """`rest` converts what follows the others."""
        self._name = name
        self._kept: dict[tuple[object, ...], tuple[Any, ...]] = {}
        self._converters = tuple(converters)
        self._rest = rest

    def convert(self, ctx: Context | None, args: tuple[object, ...]) -> tuple[Any, ...]:
        """What the function takes. Raises CallError."""
        try:
            found = self._kept.get(args)
        except TypeError:  # something in it cannot be hashed, nor converted: that is said below
            found = None
        return self._slowly(ctx, args) if found is None else found

    def _slowly(self, ctx: Context | None, args: tuple[object, ...]) -> tuple[Any, ...]:
        converters, rest = self._converters, self._rest
        folded: list[Folded] = []
        for number, value in enumerate(args):
            convert = converters[number] if number < len(converters) else rest
            assert convert is not None
            try:
                folded.append(convert(to_value(value)))
            except CallError as error:
                message = f"{self._name}(): argument {number + 1}: {error.message}"
                raise CallError(message, suggestion=error.suggestion) from None
        found = tuple([item.value if isinstance(item, Constant) else _evaluate(item, ctx) for item in folded])
        if all(isinstance(item, Constant) for item in folded) and not any(map(_is_long, args)):
            keep(self._kept, args, found, MAX_KEPT)
        return found


def _evaluate(item: Dynamic, ctx: Context | None) -> Any:
    if ctx is None:
        raise CallError("no message is being routed here")
    return item.evaluate(ctx)


def _is_long(value: object) -> bool:
    return isinstance(value, str | bytes | bytearray) and len(value) > MAX_LENGTH
