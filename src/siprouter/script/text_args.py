"""Arguments of functions of SER that take an attribute, a select or plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.selects import find_select, split_select_path
from siprouter.core.values import Value, to_text
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


def _newest(named: Attribute) -> Attribute:
    newest = Attribute("", named.name, -1)
    newest.classes = named.classes
    return newest
