"""Arguments of accounting functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Dynamic, Fmt, Folded, Str
from siprouter.core.values import Value, to_text
from siprouter.db.operations import is_identifier
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv


class Comment(Fmt):
    """The text that a script accounts a request with, beginning with a code or not."""

    kind = "a comment"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if not text:
            raise OperatorError(f"argument '{self.name}' must not be empty", location, '"404 Not found"')
        parsed = env.parse_format(text, location, lenient=True)
        return Dynamic(parsed.text) if parsed.constant is None else Constant(parsed.constant)


class Table(Str):
    """The name of a table."""

    kind = "the name of a table"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if not is_identifier(to_text(value)):
            raise self.bad(value, location)
        return Constant(to_text(value))

    def convert(self, ctx: Context, value: Value) -> str:
        raise OperatorError(f"argument '{self.name}' must be a constant")
