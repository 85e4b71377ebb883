"""The instance of alias_db."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.context import Branch
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import Row, to_text
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

COLUMNS = ("user_column", "domain_column", "alias_user_column", "alias_domain_column")
MIN_Q = 0


class AliasDb:
    """Looks the request URI up in a table of aliases."""

    db_url: str
    user_column: str
    domain_column: str
    alias_user_column: str
    alias_domain_column: str
    use_domain: int
    domain_prefix: str | None
    append_branches: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("alias_db", {name: getattr(self, name) for name in COLUMNS})
        self.database = open_database(self.worker, self.db_url, "alias_db")

    async def lookup(self, ctx: Context, table: str) -> int:
        """alias_db_lookup(table): 1 where the request URI was an alias, else -1."""
        try:
            uri = ctx.parsed_uri
            keys: list[Key] = [(self.alias_user_column, uri.user)]
            if self.use_domain:
                keys.append((self.alias_domain_column, without_prefix(uri.host, self.domain_prefix)))
            rows = await self.database.query(table, keys, [self.user_column, self.domain_column])
        except (DbError, PeerError) as error:
            self.worker.log.error("alias_db_lookup(): %s", error, source="alias_db")
            return -1
        if not rows or rows[0][0] is None:
            return -1
        self._apply(ctx, rows)
        return 1

    def _apply(self, ctx: Context, rows: list[Row]) -> None:
        ctx.set_uri(uri_of(rows[0]))
        for row in rows[1:] if self.append_branches else ():
            if row[0] is not None and not ctx.append_branch(Branch(uri_of(row), MIN_Q)):
                self.worker.log.error("alias_db_lookup(): too many branches", source="alias_db")
                break


def without_prefix(host: str, prefix: str | None) -> str:
    """A domain without the prefix of parameter domain_prefix, where it has that and more."""
    if prefix and len(prefix) < len(host) and host[: len(prefix)].lower() == prefix.lower():
        return host[len(prefix) :]
    return host


def uri_of(row: Row) -> str:
    """The SIP URI of a user and a domain."""
    return f"sip:{to_text(row[0])}@{to_text(row[1])}"
