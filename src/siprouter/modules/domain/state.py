"""The instance of domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.routes import FAILURE
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.rpc.mi import MiReply
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLE_VERSION = 1
NOT_CACHED = 500


class Domains:
    """The domains of a table: asked for each time, or kept in memory (in lower case)."""

    db_url: str
    db_mode: int
    domain_table: str
    domain_col: str
    register_myself: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.known: frozenset[str] = frozenset()

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.db_mode not in (0, 1):
            raise OperatorError(f"domain: db_mode must be 0 or 1, found {self.db_mode}")
        check_names("domain", {"domain_table": self.domain_table, "domain_col": self.domain_col})
        self.database = open_database(self.worker, self.db_url, "domain")
        if self.register_myself:
            self.worker.listeners.self_checks.append(lambda host, port, proto: host.lower() in self.known)

    async def start(self) -> None:
        """Check the table, and load it where that is wanted. Raises OperatorError."""
        await check_version(self.database, self.domain_table, TABLE_VERSION, "domain")
        if self.db_mode or self.register_myself:
            try:
                await self.load()
            except DbError as error:
                raise OperatorError(f"domain: table {self.domain_table}: {error}") from None

    async def load(self) -> None:
        """Read all domains. Raises DbError; then those known before still count."""
        rows = await self.database.query(self.domain_table, [], [self.domain_col])
        self.known = frozenset(to_text(row[0]).lower() for row in rows if row[0])

    async def is_local(self, host: str) -> int:
        """1 or -1, the latter also where the database fails."""
        if not host:
            return -1
        name = host.lower()
        if self.db_mode:
            return 1 if name in self.known else -1
        try:
            for wanted in dict.fromkeys((host, name)):
                if await self.database.query(
                    self.domain_table, [(self.domain_col, wanted)], [self.domain_col], limit=1
                ):
                    self.known |= {name}
                    return 1
        except DbError as error:
            self.worker.log.error("table %s: %s", self.domain_table, error, source="domain")
        return -1

    # --- the script

    async def is_from_local(self, ctx: Context) -> int:
        """is_from_local()"""
        try:
            return await self.is_local(ctx.msg.from_.parsed_uri.host)
        except PeerError as error:
            self.worker.log.error("is_from_local(): %s", error, source="domain")
            return -2

    async def is_uri_host_local(self, ctx: Context) -> int:
        """is_uri_host_local(); in failure routes the first further branch counts."""
        try:
            if ctx.route_type & FAILURE:
                if not ctx.branches:
                    self.worker.log.error("is_uri_host_local(): there is no branch", source="domain")
                    return -1
                return await self.is_local(parse_uri(ctx.branches[0].uri).host)
            return await self.is_local(ctx.parsed_uri.host)
        except PeerError as error:
            self.worker.log.error("is_uri_host_local(): %s", error, source="domain")
            return -1

    async def is_domain_local(self, ctx: Context, variable: PvAccess) -> int:
        """is_domain_local(variable)"""
        value = variable.get(ctx)
        return await self.is_local(value) if isinstance(value, str) else -1

    # --- management

    async def reload_mi(self) -> MiReply | None:
        """MI domain_reload"""
        if not self.db_mode:
            return MiReply(NOT_CACHED, "command not activated")
        try:
            await self.load()
        except DbError as error:
            self.worker.log.error("table %s: %s", self.domain_table, error, source="domain")
            return MiReply(NOT_CACHED, "Domain table reload failed")
        return None

    def dump_mi(self) -> MiReply:
        """MI domain_dump"""
        if not self.db_mode:
            return MiReply(NOT_CACHED, "command not activated")
        reply = MiReply(200, "OK")
        for name in sorted(self.known):
            reply.add("domain", name)
        return reply
