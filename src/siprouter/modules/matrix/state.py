"""The instance of matrix: numbers by two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.args import Folded, PvRef
from siprouter.core.values import Value, str_to_int
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.rpc.mi import MiReply
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

TABLE_VERSION = 1
COLUMNS = ("matrix_first_col", "matrix_second_col", "matrix_res_col")


class AvpRef(PvRef):
    """The name of an AVP."""

    kind = "an AVP"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if not isinstance(value, str) or not value.startswith("$avp("):
            raise self.bad(value, location)
        return super().fold(value, env, location)


class Matrix:
    """One instance per worker, with cells of its own."""

    db_url: str
    matrix_table: str
    matrix_first_col: str
    matrix_second_col: str
    matrix_res_col: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.cells: dict[tuple[int, int], int] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("matrix", {name: getattr(self, name) for name in ("matrix_table", *COLUMNS)})
        self.database = open_database(self.worker, self.db_url, "matrix", query=True)

    async def start(self) -> None:
        """Read the cells. Raises OperatorError."""
        await check_version(self.database, self.matrix_table, TABLE_VERSION, "matrix")
        try:
            await self.load()
        except DbError as error:
            raise OperatorError(f"matrix: table {self.matrix_table}: {error}") from None

    async def load(self) -> None:
        """Read the cells anew. Raises DbError; then those that there are stay."""
        found: dict[tuple[int, int], int] = {}
        columns = [getattr(self, name) for name in COLUMNS]
        async for rows in self.database.pages(self.matrix_table, [], columns):
            for row in rows:
                first, second, result = (str_to_int(to_text(value)) for value in row)
                if first is None or second is None or result is None:
                    self.worker.log.error("table %s: a row without number", self.matrix_table, source="matrix")
                else:
                    found[first, second] = result
            await self.worker.sleep(0)
        self.cells = found

    def look_up(self, ctx: Context, first: Value, second: Value, result: PvAccess) -> int:
        """matrix(first, second, avp): 1 where there is such a cell, whose value is in the AVP then; else -1."""
        row, column = number(first), number(second)
        if row is None or column is None:
            self.worker.log.error("matrix(): no number: %r, %r", first, second, source="matrix")
            return -1
        found = self.cells.get((row, column), -1)
        if found < 0 or result.set is None:
            return -1
        result.set(ctx, found)
        return 1

    async def reload(self) -> MiReply:
        """MI reload_matrix"""
        try:
            await self.load()
        except DbError as error:
            self.worker.log.error("table %s: %s", self.matrix_table, error, source="matrix")
            return MiReply(500, "cannot reload matrix")
        return MiReply()


def number(value: Value) -> int | None:
    """A number, as such or as text."""
    return str_to_int(value) if isinstance(value, str) else value
