"""The table that a function looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.args import Constant, Folded, Str
from siprouter.core.values import Value, to_text
from siprouter.db.operations import is_identifier
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv


class Table(Str):
    """The name of a table, whose version is checked at the start."""

    kind = "the name of a table"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = to_text(value)
        if not is_identifier(name):
            raise self.bad(value, location)
        module: Any = env.worker.module("auth_db")
        module.tables.add(name)
        return Constant(name)

    def convert(self, ctx: object, value: Value) -> str:
        raise OperatorError(f"argument '{self.name}' must be a constant")
