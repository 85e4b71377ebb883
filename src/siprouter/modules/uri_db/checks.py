"""The instance of uri_db."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.route_info import AUTHORIZED
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.sip.auth import AuthParams
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

URI_TABLE_VERSION = 1
SUBSCRIBER_TABLE_VERSION = 6
NAMES = ("db_table", "user_column", "domain_column", "uriuser_column")

ERROR = -1
NO_CREDENTIALS = -2
NO_USER = -4
NO_DATABASE = -7
DATABASE_ERROR = -8
NOT_LISTED = -9
OTHER_USER = -10
DOES_NOT_EXIST = -5
LOOKUP_ERROR = -4


class UriDb:
    """Compares users with the credentials that were accepted, or with a table of users."""

    db_url: str
    db_table: str
    user_column: str
    domain_column: str
    uriuser_column: str
    use_uri_table: int
    use_domain: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database | None = None

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("uri_db", {name: getattr(self, name) for name in NAMES})
        if self.db_url:
            self.database = open_database(self.worker, self.db_url, "uri_db")

    async def start(self) -> None:
        """Check the version of the table. Raises OperatorError."""
        if self.database is not None:
            version = URI_TABLE_VERSION if self.use_uri_table else SUBSCRIBER_TABLE_VERSION
            await check_version(self.database, self.db_table, version, "uri_db")

    async def check_from(self, ctx: Context) -> int:
        """check_from()"""
        return await self._check(ctx, lambda: ctx.msg.from_.parsed_uri.user)

    async def check_to(self, ctx: Context) -> int:
        """check_to()"""
        return await self._check(ctx, lambda: ctx.msg.to.parsed_uri.user)

    async def _check(self, ctx: Context, read: Any) -> int:
        """1: the user is who authenticated, or one that the table allows; see the negative results above."""
        log = self.worker.log
        credentials: AuthParams | None = ctx.vars.get(AUTHORIZED)
        if credentials is None:
            log.error("no credentials were accepted before check_from() or check_to()", source="uri_db")
            return NO_CREDENTIALS
        try:
            user = read()
        except PeerError as error:
            log.error("cannot read a URI: %s", error, source="uri_db")
            return ERROR
        if not user:
            return NO_USER
        if not self.use_uri_table:
            return 1 if user.lower() == credentials.user.lower() else OTHER_USER
        keys: list[Key] = [
            (self.user_column, credentials.user),
            (self.domain_column, credentials.domain or credentials.realm),
            (self.uriuser_column, user),
        ]
        found = await self._exists(keys)
        return {True: 1, False: NOT_LISTED, None: NO_DATABASE if self.database is None else DATABASE_ERROR}[found]

    async def does_uri_exist(self, ctx: Context) -> int:
        """does_uri_exist()"""
        try:
            uri = ctx.parsed_uri
        except PeerError as error:
            self.worker.log.error("does_uri_exist(): %s", error, source="uri_db")
            return ERROR
        column = self.uriuser_column if self.use_uri_table else self.user_column
        keys: list[Key] = [(column, uri.user)]
        if self.use_domain:
            keys.append((self.domain_column, uri.host))
        found = await self._exists(keys)
        return {True: 1, False: DOES_NOT_EXIST, None: LOOKUP_ERROR}[found]

    async def _exists(self, keys: list[Key]) -> bool | None:
        """Whether there is such a row; None where that cannot be found out."""
        if self.database is None:
            self.worker.log.error("db_url is empty", source="uri_db")
            return None
        try:
            return bool(await self.database.query(self.db_table, keys, [self.user_column], limit=1))
        except DbError as error:
            self.worker.log.error("table %s: %s", self.db_table, error, source="uri_db")
            return None
