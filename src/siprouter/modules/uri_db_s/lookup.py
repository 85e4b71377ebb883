"""The instance of SER's uri_db."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp import CLASS_GLOBAL, CLASS_USER, TRACK_FROM, TRACK_TO, AvpKey
from siprouter.core.identities import DEFAULT_DID, did_of, set_uid
from siprouter.core.values import Value, str_to_int
from siprouter.core.values import to_text as value_text
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import to_text
from siprouter.script.core_args import parse_attribute
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

COLUMNS = ("uri_table", "uid_column", "did_column", "username_column", "scheme_column", "flags_column")
FROM, TO, REQUEST_URI = "from", "to", "request-uri"
USED_HERE, DISABLED, CANONICAL, IS_TO, IS_FROM = 1, 2, 4, 8, 16
CANONICAL_NAME = "ruri_canonical"


class HeaderArg(ArgType):
    """`From`, `To` or `Request-URI`, in any case."""

    kind = "From, To or Request-URI"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = value_text(value).lower()
        if name not in (FROM, TO, REQUEST_URI):
            raise self.bad(value, location)
        return Constant(name)

    def convert(self, ctx: Context, value: Value) -> str:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class AttributeArg(ArgType):
    """The name of an attribute, as (class, name)."""

    kind = "an attribute such as $tu.uid"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = value_text(value)
        named = parse_attribute(text) if text.startswith("$") else None
        if named is None or named.index is not None:
            raise self.bad(value, location)
        if "domain" not in env.worker.modules:
            raise OperatorError(
                "lookup_user() with an attribute needs module domain", location, 'loadmodule "domain.so"'
            )
        return Constant((named.classes[0], named.name))

    def convert(self, ctx: Context, value: Value) -> AvpKey:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class SerUriDb:
    """URIs of a table: user, scheme and id of the domain; the id of the user, and flags."""

    db_url: str
    uri_table: str
    uid_column: str
    did_column: str
    username_column: str
    scheme_column: str
    flags_column: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("uri_db", {name: getattr(self, name) for name in COLUMNS})
        self.database = open_database(self.worker, self.db_url, "uri_db")

    async def _find(self, uri: Uri, did: str, flag: int) -> tuple[str, int] | None:
        """Id of the user and flags of the first row that may be used; None where there is none. Raises DbError."""
        if not uri.user:
            return None
        keys: list[Key] = [
            (self.username_column, uri.user),
            (self.did_column, did),
            (self.scheme_column, uri.scheme.lower()),
        ]
        wanted = USED_HERE | flag
        for uid, bits in await self.database.query(self.uri_table, keys, [self.uid_column, self.flags_column]):
            flags = str_to_int(to_text(bits))
            if uid is not None and flags is not None and flags & (wanted | DISABLED) == wanted:
                return to_text(uid), flags
        return None

    async def _find_for(self, ctx: Context, where: str) -> tuple[str, int] | None:
        """The user of a URI of the message; None where there is none, or it cannot be found out."""
        track = TRACK_FROM if where == FROM else TRACK_TO
        try:
            if where == REQUEST_URI:
                uri = ctx.parsed_uri
            else:
                uri = (ctx.msg.from_ if where == FROM else ctx.msg.to).parsed_uri
            did = did_of(ctx, track) or DEFAULT_DID
            return await self._find(uri, did, IS_FROM if where == FROM else IS_TO)
        except (PeerError, DbError) as error:
            self.worker.log.error("cannot look up the user of %s: %s", where, error, source="uri_db")
            return None

    # --- the script

    async def check_uri(self, ctx: Context, where: str) -> int:
        """check_uri(where)"""
        return -1 if await self._find_for(ctx, where) is None else 1

    async def lookup_user(self, ctx: Context, where: str) -> int:
        """lookup_user(where): the user becomes that of From or To."""
        found = await self._find_for(ctx, where)
        if found is None:
            return -1
        set_uid(ctx, TRACK_FROM if where == FROM else TRACK_TO, found[0])
        if where == REQUEST_URI and found[1] & CANONICAL:
            ctx.avps.add(CANONICAL_NAME, "1", TRACK_TO | CLASS_USER)
        return 1

    async def lookup_user_of(self, ctx: Context, attribute: AvpKey, text: str | None) -> int:
        """lookup_user(attribute, uri)"""
        klass, name = attribute
        try:
            uri = parse_uri(text or "")
            did = self.worker.module("domain").get_did(uri.host) if uri.host else None
            flag = IS_TO if klass != CLASS_GLOBAL and klass & TRACK_TO else IS_FROM
            found = await self._find(uri, did or DEFAULT_DID, flag)
        except (PeerError, DbError) as error:
            self.worker.log.error("lookup_user(): %s", error, source="uri_db")
            return -1
        if found is None:
            return -1
        ctx.avps.add(name, found[0], klass)
        return 1
