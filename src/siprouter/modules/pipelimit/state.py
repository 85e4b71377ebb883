"""The instance of pipelimit, and its functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.modules.pipelimit.pipes import Pipe, Pipes
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLE_VERSION = 1


class PipeLimit:
    """One instance per worker; the pipes are those of all workers."""

    db_url: str | None
    plp_table_name: str
    plp_pipeid_column: str
    plp_limit_column: str
    plp_algorithm_column: str
    timer_interval: int
    reply_code: int
    reply_reason: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.pipes = Pipes(worker, "pipelimit")
        self.database: Database | None = None
        self.sl: Any = None

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.timer_interval < 1:
            raise OperatorError(f"pipelimit: timer_interval must be at least 1, found {self.timer_interval}")
        if not 100 <= self.reply_code <= 699:
            raise OperatorError(f"pipelimit: reply_code must be a SIP status, found {self.reply_code}")
        self.sl = self.worker.module("sl")
        self.pipes.interval = self.timer_interval
        if self.db_url:
            names = ("plp_table_name", "plp_pipeid_column", "plp_limit_column", "plp_algorithm_column")
            check_names("pipelimit", {name: getattr(self, name) for name in names})
            self.database = open_database(self.worker, self.db_url, "pipelimit", query=True)

    async def start(self) -> None:
        """Read the pipes. Raises OperatorError."""
        self.pipes.start()
        if self.database is not None:
            await check_version(self.database, self.plp_table_name, TABLE_VERSION, "pipelimit")
            await self.load(self.database)

    async def load(self, database: Database) -> None:
        """Read the pipes of the table; those that exist (another worker was first) stay as they are."""
        columns = [self.plp_pipeid_column, self.plp_limit_column, self.plp_algorithm_column]
        try:
            rows = await database.query(self.plp_table_name, [], columns)
            for name, limit, algorithm in rows:
                self.pipes.set(to_text(name), Pipe(to_text(algorithm), int(to_text(limit) or 0)), overwrite=False)
        except (DbError, PeerError, ValueError) as error:
            raise OperatorError(f"pipelimit: table {self.plp_table_name}: {error}") from None
        if not rows:
            self.worker.log.warning("no pipes in table %s", self.plp_table_name, source="pipelimit")

    # --- the script

    def check(self, ctx: Context, name: str) -> int:
        """pl_check(name): 1, or -1 where the request is too much or there is no such pipe."""
        pipe = self.pipes.get(name)
        if pipe is None:
            self.worker.log.error("pl_check(): there is no pipe %s", name, source="pipelimit")
            return -1
        return self._push(name, pipe)

    def check_or_make(self, ctx: Context, name: str, algorithm: str, limit: int) -> int:
        """pl_check(name, algorithm, limit): a pipe that does not exist is made; -2 where it cannot be.

        A limit above 0 replaces the limit of the pipe.
        """
        pipe = self.pipes.get(name)
        if pipe is None or limit not in (0, pipe.limit):
            pipe = Pipe(algorithm, limit, False) if pipe is None else pipe._replace(limit=limit)
            try:
                self.pipes.set(name, pipe)
            except (ValueError, PeerError) as error:
                self.worker.log.error("pl_check(): pipe %s: %s", name, error, source="pipelimit")
                return -2
        return self._push(name, pipe)

    def _push(self, name: str, pipe: Pipe) -> int:
        try:
            return 1 if self.pipes.push(name, pipe) else -1
        except PeerError as error:
            self.worker.log.error("pl_check(): cannot count in pipe %s: %s", name, error, source="pipelimit")
            return 1

    def drop(self, ctx: Context) -> int:
        """pl_drop(): refuse the request."""
        return self._refuse(ctx, b"")

    def drop_for(self, ctx: Context, seconds: int) -> int:
        """pl_drop(seconds): refuse it, and say when to try again."""
        return self.drop_between(ctx, seconds, seconds)

    def drop_between(self, ctx: Context, least: int, most: int) -> int:
        """pl_drop(least, most): the same with a time between them, at random."""
        if least <= 0 or most <= 0:
            return self._refuse(ctx, b"")
        chance = int.from_bytes(self.worker.random_bytes(4), "big")
        seconds = least + chance % (most - least + 1) if most > least else least
        return self._refuse(ctx, b"Retry-After: %d\r\n" % seconds)

    def _refuse(self, ctx: Context, lines: bytes) -> int:
        result: int = self.sl.send_reply(ctx, self.reply_code, self.reply_reason, lines)
        return result
