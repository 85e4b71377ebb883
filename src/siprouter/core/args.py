"""Argument types of script functions: how a configuration argument becomes the Python value that a function gets.

A constant is converted once, when the script is loaded (`fold`);
what depends on the message is converted at each call (`convert`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from siprouter.core.values import Value, str_to_int, to_int, to_text
from siprouter.util.errors import InternalError, OperatorError, SourceLocation
from siprouter.util.regex import Regex

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv


@dataclass(frozen=True, slots=True)
class Constant:
    """A folded argument: the same value at every call."""

    value: Any


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A folded argument that must be computed for each message."""

    evaluate: Callable[[Context], Any]


Folded = Constant | Dynamic


@lru_cache(maxsize=4096)
def compile_regex(pattern: str, icase: bool = False, newline: bool = False) -> Regex:
    """A POSIX extended regular expression; recently used ones are kept. Raises ValueError."""
    return Regex(pattern, icase=icase, newline=newline)


class ArgType:
    """Base of the argument types; `name` is what documentation and error messages call the argument."""

    kind = "value"

    def __init__(self, name: str = "value") -> None:
        self.name = name

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        """Convert a constant at load time. Raises OperatorError when it cannot be what the function needs."""
        raise InternalError(f"{type(self).__name__} lacks a conversion")

    def convert(self, ctx: Context, value: Value) -> Any:
        """Convert a value computed at run time."""
        raise InternalError(f"{type(self).__name__} lacks a conversion")

    def bad(self, value: Value, location: SourceLocation) -> OperatorError:
        """The error for a constant of the wrong type."""
        return OperatorError(f"argument '{self.name}' must be {self.kind}, found {value!r}", location)


class AnyValue(ArgType):
    """The value as it is: str, int or None."""

    kind = "any value"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant(value)

    def convert(self, ctx: Context, value: Value) -> Value:
        return value


class Int(ArgType):
    """An integer; a string of digits counts, and a string with variables is expanded first."""

    kind = "an integer"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if isinstance(value, int):
            return Constant(value)
        text = (value or "").strip()
        number = str_to_int(text)
        if number is not None:
            return Constant(number)
        if "$" not in text:
            raise self.bad(value, location)
        fmt = env.parse_format(text, location)
        return Dynamic(lambda ctx: to_int(fmt.value(ctx)))

    def convert(self, ctx: Context, value: Value) -> int:
        return to_int(value)


class Str(ArgType):
    """A string as written, without expansion of variables."""

    kind = "a string"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant(to_text(value))

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class Fmt(ArgType):
    """A string with variables, expanded for each message. Results of expressions are not expanded again."""

    kind = "a string"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if not isinstance(value, str) or "$" not in value:
            return Constant(to_text(value))
        fmt = env.parse_format(value, location)
        return Constant(fmt.constant) if fmt.constant is not None else Dynamic(fmt.text)

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class FmtOrInt(ArgType):
    """An integer where the script gives a number (or a string of digits), else a string with variables."""

    kind = "an integer or a string"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if isinstance(value, int) or value is None:
            return Constant(value)
        number = str_to_int(value)
        if number is not None:
            return Constant(number)
        if "$" not in value:
            return Constant(value)
        fmt = env.parse_format(value, location)
        return Dynamic(fmt.value)

    def convert(self, ctx: Context, value: Value) -> Value:
        return value


class PvRef(ArgType):
    """The name of a pseudo-variable; the function gets its `PvAccess`."""

    kind = "a pseudo-variable"

    def __init__(self, name: str = "variable", writable: bool = False) -> None:
        super().__init__(name)
        self.writable = writable

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if not isinstance(value, str) or not value.startswith("$"):
            raise self.bad(value, location)
        access = env.parse_pvar(value, location)
        if self.writable and access.set is None:
            raise OperatorError(f"argument '{self.name}' must be a writable variable, {value} is read-only", location)
        return Constant(access)

    def convert(self, ctx: Context, value: Value) -> Any:
        raise OperatorError(f"argument '{self.name}' must name a pseudo-variable, not be computed")


class RegexArg(ArgType):
    """A POSIX extended regular expression, compiled once; `flags` as `compile_regex` takes them."""

    kind = "a regular expression"

    def __init__(self, name: str = "regex", icase: bool = True, newline: bool = False) -> None:
        super().__init__(name)
        self.icase = icase
        self.newline = newline

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        try:
            return Constant(self.compile(to_text(value)))
        except ValueError as error:
            raise OperatorError(f"bad regular expression {value!r}: {error}", location) from None

    def convert(self, ctx: Context, value: Value) -> Regex | None:
        try:
            return self.compile(to_text(value))
        except ValueError:
            return None

    def compile(self, pattern: str) -> Regex:
        """The compiled pattern; `compile_regex` keeps the recent ones."""
        return compile_regex(pattern, icase=self.icase, newline=self.newline)


class FmtRegex(RegexArg):
    """A regular expression that may contain variables; a pattern that is bad at run time arrives as None."""

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        # a lone dollar is the end-of-line anchor of the expression, not a variable
        if "$" not in text:
            return super().fold(value, env, location)
        fmt = env.parse_format(text, location, lenient=True)
        if fmt.constant is not None:
            return super().fold(fmt.constant, env, location)
        return Dynamic(lambda ctx: self.convert(ctx, fmt.text(ctx)))


class RouteName(ArgType):
    """The name of a route block of a kind (bits of core.routes), checked when loading; "0" or "" may mean none."""

    kind = "the name of a route"

    def __init__(self, name: str = "route", route_kind: int = 1, allow_none: bool = True) -> None:
        super().__init__(name)
        self.route_kind = route_kind
        self.allow_none = allow_none

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if self.allow_none and text in ("", "0"):
            return Constant("")
        if "$" in text:
            return Dynamic(env.parse_format(text, location).text)
        env.check_route(self.route_kind, text, location)
        return Constant(text)

    def convert(self, ctx: Context, value: Value) -> str:
        text = to_text(value)
        return "" if self.allow_none and text == "0" else text


class Flag(ArgType):
    """A flag number 0–31, or a flag name declared in the configuration."""

    kind = "a flag (0 to 31, or a declared flag name)"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        number = value if isinstance(value, int) else str_to_int(to_text(value))
        if number is None:
            number = env.flag_names.get(to_text(value))
        if number is None and isinstance(value, str) and "$" in value:
            fmt = env.parse_format(value, location)
            return Dynamic(lambda ctx: to_int(fmt.value(ctx)))
        if number is None or not 0 <= number <= 31:
            raise self.bad(value, location)
        return Constant(number)

    def convert(self, ctx: Context, value: Value) -> int:
        return to_int(value)


class Choice(ArgType):
    """One of a few words."""

    def __init__(self, name: str, *words: str) -> None:
        super().__init__(name)
        self.words = words
        self.kind = "one of " + ", ".join(words)

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if to_text(value) not in self.words:
            raise self.bad(value, location)
        return Constant(to_text(value))

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class Parsed(ArgType):
    """A constant string that `parse(text, env, location)` turns into any object at load time."""

    def __init__(self, name: str, parse: Callable[[str, LoadEnv, SourceLocation], Any], kind: str = "a string") -> None:
        super().__init__(name)
        self.parse = parse
        self.kind = kind

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        try:
            return Constant(self.parse(to_text(value), env, location))
        except ValueError as error:
            raise OperatorError(f"argument '{self.name}': {error}", location) from None

    def convert(self, ctx: Context, value: Value) -> Any:
        raise OperatorError(f"argument '{self.name}' must be a constant")


@dataclass(frozen=True, slots=True)
class Opt:
    """Marks an argument that may be left out; the function's own Python default applies."""

    type: ArgType


@dataclass(frozen=True, slots=True)
class Rest:
    """Marks the last argument type as repeatable."""

    type: ArgType


Arg = ArgType | Opt | Rest


def arities(args: tuple[Arg, ...]) -> tuple[int, int]:
    """(least, most) number of arguments; most is -1 for any number."""
    least = sum(1 for arg in args if isinstance(arg, ArgType))
    most = -1 if args and isinstance(args[-1], Rest) else len(args)
    return least, most
