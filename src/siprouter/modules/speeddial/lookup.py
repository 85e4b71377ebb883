"""The instance of speeddial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import to_text
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

COLUMNS = ("user_column", "domain_column", "sd_user_column", "sd_domain_column", "new_uri_column")


class SpeedDial:
    """Looks the request URI up among the short numbers of a user."""

    db_url: str
    user_column: str
    domain_column: str
    sd_user_column: str
    sd_domain_column: str
    new_uri_column: str
    use_domain: int
    domain_prefix: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("speeddial", {name: getattr(self, name) for name in COLUMNS})
        if self.use_domain not in (0, 1, 2):
            raise OperatorError(f"speeddial: use_domain must be 0, 1 or 2, found {self.use_domain}")
        self.database = open_database(self.worker, self.db_url, "speeddial")

    async def lookup(self, ctx: Context, table: str, owner: str = "") -> int:
        """sd_lookup(table, owner): 1 where the request URI was a short number, else -1. The owner is who calls."""
        try:
            caller = parse_uri(owner) if owner else ctx.msg.from_.parsed_uri
            dialled = ctx.parsed_uri
            keys: list[Key] = [(self.user_column, caller.user), (self.sd_user_column, dialled.user)]
            if self.use_domain >= 1:
                keys.append((self.domain_column, self._domain(caller.host)))
            if self.use_domain >= 2:
                keys.append((self.sd_domain_column, self._domain(dialled.host)))
            rows = await self.database.query(table, keys, [self.new_uri_column], limit=1)
        except (DbError, PeerError) as error:
            self.worker.log.error("sd_lookup(): %s", error, source="speeddial")
            return -1
        uri = to_text(rows[0][0]) if rows else ""
        if not uri:
            return -1
        ctx.set_uri(uri if uri.startswith(("sip:", "sips:")) else f"sip:{uri}")
        return 1

    def _domain(self, host: str) -> str:
        """Without the prefix of parameter domain_prefix, where it has that and more."""
        prefix = self.domain_prefix or ""
        if prefix and len(prefix) < len(host) and host[: len(prefix)].lower() == prefix.lower():
            return host[len(prefix) :]
        return host
