"""Arguments of the functions of sqlops."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded, Parsed
from siprouter.core.values import Value, to_text
from siprouter.db.script_sql import ScriptSql, dialect_of, parse_destinations, parse_script_sql
from siprouter.db.sql import Dialect
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.modules.sqlops.state import SqlOps


class ConnectionArg(ArgType):
    """The name of a connection, checked when loading."""

    kind = "the name of a connection (parameter sqlcon)"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        known = env.worker.module("sqlops").connections
        name = to_text(value)
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f'modparam("sqlops", "sqlcon", "{name}=>sqlite:///path")'
            raise OperatorError(f"there is no connection '{name}' (parameter sqlcon)", location, hint)
        return Constant(name)

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value)


class Query:
    """A statement: parsed once for each kind of database, or text that was put together at run time."""

    def __init__(self, text: str, parsed: dict[str, ScriptSql]) -> None:
        self.text = text
        self._parsed = parsed

    def parsed(self, dialect: Dialect) -> ScriptSql:
        """The statement for a database; text of run time goes as it is."""
        return self._parsed.get(dialect.mark) or ScriptSql([self.text], dialect)


class QueryArg(ArgType):
    """A statement with variables, whose values are bound."""

    kind = "an SQL statement"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        inst: SqlOps = env.worker.module("sqlops")
        text = to_text(value)
        dialects = [dialect_of(database) for database in inst.connections.values()]
        return Constant(
            Query(text, {dialect.mark: parse_script_sql(text, env, location, dialect) for dialect in dialects})
        )

    def convert(self, ctx: Context, value: Value) -> Query:
        return Query(to_text(value), {})


VARIABLES = Parsed("variables", parse_destinations, "a list of writable variables")
