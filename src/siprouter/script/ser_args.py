"""Arguments as the modules of SER take them: a constant, or a string that names a variable, an attribute or a select.

`"$x"` is the pseudo-variable of that name where there is one, else the attribute; `"@from.uri"` a select. A value
that cannot be had at run time arrives as None.
"""

from __future__ import annotations

from siprouter.core.access import Getter
from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.core.selects import find_select, split_select_path
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.script.core_args import parse_attribute
from siprouter.util.errors import OperatorError, SourceLocation


def reference(text: str, env: LoadEnv, location: SourceLocation) -> Getter | None:
    """What reads the variable, attribute or select that `text` names; None where it is plain text.

    Raises OperatorError for an unknown select and a name that cannot be one.
    """
    if text.startswith("$"):
        try:
            return env.parse_pvar(text, location).get
        except OperatorError:
            attribute = parse_attribute(text)
            if attribute is None:
                raise
            return attribute.get
    if text.startswith("@"):
        return select_getter(text[1:], env, location)
    return None


def select_getter(path: str, env: LoadEnv, location: SourceLocation) -> Getter:
    """What reads the select `path`, written without the @. Raises OperatorError."""
    try:
        found = find_select(env.registry, split_select_path(path))
    except ValueError as error:
        raise OperatorError(str(error), location) from None
    if found is None:
        raise OperatorError(f"unknown select @{path}", location)
    return found


def _number(value: Value) -> int | None:
    return value if isinstance(value, int) else str_to_int((value or "").strip())


class SerInt(ArgType):
    """An integer; None where what the argument names has no number."""

    kind = "an integer, or the name of an attribute or select"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        get = reference(value, env, location) if isinstance(value, str) else None
        if get is not None:
            return Dynamic(lambda ctx: _number(get(ctx)))
        number = _number(value)
        if number is None:
            raise self.bad(value, location)
        return Constant(number)

    def convert(self, ctx: Context, value: Value) -> int | None:
        return _number(value)


class SerStr(ArgType):
    """A string; None where what the argument names has no value."""

    kind = "a string, or the name of an attribute or select"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        get = reference(value, env, location) if isinstance(value, str) else None
        if get is not None:
            return Dynamic(lambda ctx: self.convert(ctx, get(ctx)))
        return Constant(to_text(value))

    def convert(self, ctx: Context, value: Value) -> str | None:
        return None if value is None else to_text(value)
