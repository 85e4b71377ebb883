"""Arguments of functions of SER that take an attribute, a select, or plain text or a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.selects import find_select, split_select_path
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.script.attributes import Attribute
from siprouter.script.core_args import parse_attribute
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv


def _text(value: Value) -> str | None:
    return None if value is None else to_text(value)


class AttributeOrText(ArgType):
    """``$name`` (its newest value), ``@select`` or text; the function gets a str, None where there is no value."""

    kind = "an attribute such as $name, a select such as @from.uri, or text"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if text.startswith("$"):
            named = parse_attribute(text)
            if named is None:
                raise self.bad(value, location)
            found = named if named.index is not None else _newest(named)
            return Dynamic(lambda ctx: _text(found.get(ctx)))
        if text.startswith("@"):
            return Dynamic(self._select(text, env, location))
        return Constant(text)

    def _select(self, text: str, env: LoadEnv, location: SourceLocation) -> Callable[[Context], str | None]:
        try:
            get = find_select(env.registry, split_select_path(text[1:]))
        except ValueError as error:
            raise OperatorError(f"argument '{self.name}': {error}", location) from None
        if get is None:
            raise OperatorError(f"argument '{self.name}': there is no select {text}", location)
        return lambda ctx: _text(get(ctx))

    def convert(self, ctx: Context, value: Value) -> str | None:
        return _text(value)


class AttributeOrInt(AttributeOrText):
    """``$name``, ``@select`` or a number; the function gets an int, None where there is no number."""

    kind = "a number, an attribute such as $name or a select such as @msg.x"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Dynamic):
            evaluate = folded.evaluate
            return Dynamic(lambda ctx: _number(evaluate(ctx)))
        number = _number(folded.value)
        if number is None:
            raise self.bad(value, location)
        return Constant(number)

    def convert(self, ctx: Context, value: Value) -> int | None:  # type: ignore[override]  # another value is meant
        return _number(_text(value))


def _number(text: str | None) -> int | None:
    return None if text is None else str_to_int(text.strip())


def _newest(named: Attribute) -> Attribute:
    newest = Attribute("", named.name, -1)
    newest.classes = named.classes
    return newest
