"""Attributes of users and URIs, read from their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.identities import DEFAULT_DID
from siprouter.core.values import Value, str_to_int
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import Row, to_text
from siprouter.modules.avp_db_s.arguments import OF_URIS
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLES = ("user_attrs_table", "uri_attrs_table")
KEYS = ("uid_column", "username_column", "did_column", "scheme_column")
COLUMNS = ("name_column", "type_column", "value_column", "flags_column")
USED_HERE = 1
TEXT = 2


def read_value(kind: object, value: object) -> Value:
    """A value by its type."""
    text = to_text(value)
    return text if str_to_int(to_text(kind)) == TEXT else str_to_int(text.strip()) or 0


class StoredAttributes:
    """What a row says becomes an attribute where its flags have 1."""

    db_url: str
    user_attrs_table: str
    uri_attrs_table: str
    uid_column: str
    username_column: str
    did_column: str
    scheme_column: str
    name_column: str
    type_column: str
    value_column: str
    flags_column: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("avp_db", {name: getattr(self, name) for name in (*TABLES, *KEYS, *COLUMNS)})
        self.database = open_database(self.worker, self.db_url, "avp_db")

    def error(self, text: str, *values: object) -> int:
        """Log, and what a function returns that has failed."""
        self.worker.log.error(text, *values, source="avp_db")
        return -1

    async def load_attrs(self, ctx: Context, klass: int, whose: str | None) -> int:
        """load_attrs($fu …, id or URI): 1, also where there are none."""
        if not whose:
            return -1
        try:
            if klass in OF_URIS:
                table, keys = self.uri_attrs_table, self._uri_keys(whose)
            else:
                table, keys = self.user_attrs_table, [(self.uid_column, whose)]
            rows = await self.database.query(table, keys, [getattr(self, name) for name in COLUMNS])
        except (PeerError, DbError) as error:
            return self.error("load_attrs(): %s", error)
        for row in rows:
            flags = self._flags(row)
            if flags & USED_HERE:
                ctx.avps.add(to_text(row[0]), read_value(row[1], row[2]), klass)
        return 1

    def _uri_keys(self, text: str) -> list[Key]:
        """Raises PeerError."""
        uri = parse_uri(text)
        did = self.worker.module("domain").get_did(uri.host) if uri.host else None
        return [
            (self.username_column, uri.user),
            (self.did_column, did or DEFAULT_DID),
            (self.scheme_column, uri.scheme.lower()),
        ]

    def _flags(self, row: Row) -> int:
        """Those of a row of name, type, value, flags; 0 for one with a null where none may be."""
        if row[0] is None or row[1] is None or row[3] is None:
            self.error("null in the row of an attribute")
            return 0
        return str_to_int(to_text(row[3])) or 0
