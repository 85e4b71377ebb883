"""The instance of SER's speeddial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.args import Constant, Folded, Str
from siprouter.core.avp import TRACK_TO
from siprouter.core.identities import did_of, from_uid
from siprouter.core.values import Value
from siprouter.core.values import to_text as value_text
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key, is_identifier
from siprouter.db.values import to_text
from siprouter.util.errors import PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

COLUMNS = ("uid_column", "dial_did_column", "dial_username_column", "new_uri_column")
STOP = 0


class TableArg(Str):
    """The name of a table."""

    kind = "the name of a table"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = value_text(value)
        if not is_identifier(name):
            raise self.bad(value, location)
        return Constant(name)


class SerSpeedDial:
    """Looks the request URI up among the short numbers of a user."""

    db_url: str
    uid_column: str
    dial_did_column: str
    dial_username_column: str
    new_uri_column: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.sl: Any = None

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("speeddial", {name: getattr(self, name) for name in COLUMNS})
        self.sl = self.worker.module("sl")
        self.database = open_database(self.worker, self.db_url, "speeddial")

    async def lookup(self, ctx: Context, table: str) -> int:
        """sd_lookup(table): 1 where the request URI was a short number, else -1.

        0, and a reply, for a request that cannot be read and where the database fails.
        """
        try:
            did = did_of(ctx, TRACK_TO)
            if did is None:
                self.worker.log.error("sd_lookup(): the called domain was not looked up", source="speeddial")
                return -1
            user = ctx.parsed_uri.user
            keys: list[Key] = [
                (self.uid_column, from_uid(ctx)),
                (self.dial_did_column, did),
                (self.dial_username_column, user),
            ]
            rows = await self.database.query(table, keys, [self.new_uri_column])
        except PeerError as error:
            self.worker.log.error("sd_lookup(): %s", error, source="speeddial")
            self.sl.send_reply(ctx, 400, "Bad Request")
            return STOP
        except DbError as error:
            self.worker.log.error("sd_lookup(): %s", error, source="speeddial")
            self.sl.send_reply(ctx, 500, "Server Internal Error")
            return STOP
        uri = next((to_text(row[0]) for row in rows if row[0] is not None), "")
        if not uri:
            return -1
        ctx.set_uri(uri if uri.startswith(("sip:", "sips:")) else f"sip:{uri}")
        return 1
