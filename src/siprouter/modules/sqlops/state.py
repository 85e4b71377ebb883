"""The instance of sqlops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import XavpValue
from siprouter.core.values import Value
from siprouter.db.databases import open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.script_sql import dialect_of, run
from siprouter.modules.sqlops.results import EMPTY, Result, make_result
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.modules.sqlops.arguments import Query

RESULTS = "sqlops.results"
MAX_RESULTS = 1024
FAILED, ROWS, NO_ROWS, DISCARDED = -1, 1, 2, 3


class SqlOps:
    """Connections by name. Each message sees its own results; where it has none, the newest of this worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.connections: dict[str, Database] = {}
        self.latest: dict[str, Result] = {}

    def add_connection(self, text: str) -> None:
        """Parameter sqlcon: `name=>URL`. Raises OperatorError."""
        name, arrow, url = text.partition("=>")
        name, url = name.strip(), url.strip()
        if not arrow or not name or not url:
            hint = 'modparam("sqlops", "sqlcon", "name=>sqlite:///path")'
            raise OperatorError(f"sqlops: expected name=>URL in sqlcon, found '{text}'", suggestion=hint)
        if name in self.connections:
            raise OperatorError(f"sqlops: there are two connections of the name '{name}' (sqlcon)")
        database = open_database(self.worker, url, "sqlops")
        try:
            dialect_of(database)
        except OperatorError as error:
            raise OperatorError(f"sqlops: connection {name}: {error.message}", suggestion=error.suggestion) from None
        self.connections[name] = database

    async def start(self) -> None:
        """Try all connections. Raises OperatorError."""
        for name, database in self.connections.items():
            try:
                await database.raw("SELECT 1")
            except DbError as error:
                raise OperatorError(f"sqlops: connection {name}: {error}") from None

    def result(self, ctx: Context, name: str) -> Result:
        """A result as this message sees it."""
        own: Result | None = ctx.vars.get(RESULTS, {}).get(name)
        return own if own is not None else self.latest.get(name, EMPTY)

    def _store(self, ctx: Context, name: str, result: Result) -> None:
        ctx.vars.setdefault(RESULTS, {})[name] = result
        if name in self.latest or len(self.latest) < MAX_RESULTS:
            self.latest[name] = result

    async def _run(self, ctx: Context, function: str, connection: str, query: Query) -> Result | None:
        """None where it failed."""
        database = self.connections.get(connection)
        if database is None:
            self.worker.log.error("%s(): there is no connection '%s'", function, connection, source="sqlops")
            return None
        try:
            columns, rows = await run(database, query.parsed(dialect_of(database)), ctx)
        except DbError as error:
            self.worker.log.error("%s(): %s: %s", function, connection, error, source="sqlops")
            return None
        return make_result(columns, rows)

    # --- the script

    async def query(self, ctx: Context, connection: str, query: Query, result: str = "") -> int:
        """sql_query(connection, query, result): 1: rows, 2: none, 3: rows that nobody wanted, -1: failed."""
        if result:
            self._store(ctx, result, EMPTY)
        found = await self._run(ctx, "sql_query", connection, query)
        if found is None:
            return FAILED
        if result:
            self._store(ctx, result, found)
        if not found.rows:
            return NO_ROWS
        return ROWS if result else DISCARDED

    async def query_xavp(self, ctx: Context, connection: str, query: Query, name: str) -> int:
        """sql_xquery(connection, query, xavp): the first row is value 0, columns are its fields."""
        found = await self._run(ctx, "sql_xquery", connection, query)
        if found is None:
            return FAILED
        if not found.rows:
            return NO_ROWS
        rows: list[XavpValue] = [_fields(found.columns, row) for row in found.rows]
        ctx.avps.xavps[name] = rows + ctx.avps.xavps.get(name, [])
        return ROWS

    async def query_variables(self, ctx: Context, connection: str, query: Query, variables: list[PvAccess]) -> int:
        """sql_pvquery(connection, query, variables): the last row is assigned first."""
        found = await self._run(ctx, "sql_pvquery", connection, query)
        if found is None:
            return FAILED
        if not found.rows:
            return NO_ROWS
        if len(found.columns) != len(variables):
            self.worker.log.error(
                "sql_pvquery(): %d columns for %d variables", len(found.columns), len(variables), source="sqlops"
            )
            return FAILED
        for row in reversed(found.rows):
            for access, value in zip(variables, row, strict=True):
                if access.set is not None and not (value is None and access.name in ("avp", "xavp")):
                    access.set(ctx, value)
        return ROWS

    def free(self, ctx: Context, name: str) -> int:
        """sql_result_free(result)"""
        ctx.vars.get(RESULTS, {}).pop(name, None)
        self.latest.pop(name, None)
        return 1


def _fields(columns: tuple[str, ...], row: tuple[Value, ...]) -> dict[str, list[Value]]:
    return {name: [value] for name, value in zip(columns, row, strict=True)}
