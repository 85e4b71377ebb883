"""The instance of auth_db: finds what credentials are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import DEFAULT_CLASS, AvpKey
from siprouter.core.avp_names import parse_avp_variable
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key, is_identifier
from siprouter.db.values import Row, to_text
from siprouter.modules.auth.check import GO_ON, PASSED, Check
from siprouter.modules.auth.state import ERROR, OK, Auth
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLE_VERSION = 6
MAX_CREDENTIALS = 64
COLUMNS = ("user_column", "domain_column", "password_column", "password_column_2")


class AuthDb:
    """Asks the table for a user's password or its hash, and lets auth compare."""

    db_url: str
    user_column: str
    domain_column: str
    password_column: str
    password_column_2: str
    calculate_ha1: int
    use_domain: int
    load_credentials: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.auth: Auth
        self.database: Database
        self.tables: set[str] = set()
        self.loaded: list[tuple[AvpKey, str]] = []

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("auth_db", {name: getattr(self, name) for name in COLUMNS})
        self.auth = self.worker.module("auth")
        self.database = open_database(self.worker, self.db_url, "auth_db")
        self.loaded = [self._credential(part) for part in self.load_credentials.split(";") if part.strip()]
        if len(self.loaded) > MAX_CREDENTIALS:
            raise OperatorError(f"auth_db: load_credentials has more than {MAX_CREDENTIALS} columns")

    def _credential(self, part: str) -> tuple[AvpKey, str]:
        """One of load_credentials: `column` is loaded into the AVP of that name."""
        variable, equals, column = part.rpartition("=")
        column = column.strip()
        if not is_identifier(column):
            raise OperatorError(f"auth_db: load_credentials: '{column}' is no name of a column")
        if not equals:
            return (DEFAULT_CLASS, column), column
        try:
            return parse_avp_variable(variable.strip(), self.worker.avp_aliases), column
        except ValueError as error:
            message = f"auth_db: load_credentials: {variable.strip()} is no AVP: {error}"
            raise OperatorError(message, suggestion=f"$avp(s:name)={column}") from None

    async def start(self) -> None:
        """Check the versions of the tables that the script names. Raises OperatorError."""
        for table in sorted(self.tables):
            await check_version(self.database, table, TABLE_VERSION, "auth_db")

    # --- the script

    async def www_authenticate(self, ctx: Context, realm: str, table: str) -> int:
        """www_authenticate(realm, table)"""
        return await self.authenticate(ctx, realm, table, False)

    async def proxy_authenticate(self, ctx: Context, realm: str, table: str) -> int:
        """proxy_authenticate(realm, table)"""
        return await self.authenticate(ctx, realm, table, True)

    async def authenticate(self, ctx: Context, realm: str, table: str, proxy: bool) -> int:
        """OK, ERROR, WRONG_PASSWORD or USER_UNKNOWN of auth. An unknown user takes as long as a known one."""
        if not realm:
            self.worker.log.error("the realm is empty", source="auth_db")
            return ERROR
        check = self.auth.begin(ctx, realm, proxy)
        if check.state != GO_ON:
            return OK if check.state == PASSED else ERROR
        try:
            row = await self._find(check, table)
        except DbError as error:
            self.worker.log.error("cannot look for a user: %s", error, source="auth_db")
            return ERROR
        # hashed for unknown users, too: the time that it takes tells nothing
        stored = "" if row is None else to_text(row[0])
        ha1 = self.auth.password_ha1(check, stored) if self.calculate_ha1 else stored
        # a column without a value is no password
        result = self.auth.finish(ctx, check, ha1 if stored else None)
        if result == OK and row is not None:
            self._load(ctx, row)
        return result

    async def _find(self, check: Check, table: str) -> Row | None:
        """The password and the columns to load."""
        credentials = check.credentials
        column = self.password_column_2 if credentials.domain and not self.calculate_ha1 else self.password_column
        keys: list[Key] = [(self.user_column, credentials.user)]
        if self.use_domain:
            keys.append((self.domain_column, credentials.domain or check.realm))
        columns = [column, *[name for _, name in self.loaded]]
        rows = await self.database.query(table, keys, columns, limit=1)
        return rows[0] if rows else None

    def _load(self, ctx: Context, row: Row) -> None:
        for ((klass, name), _), value in zip(self.loaded, row[1:], strict=True):
            if value is not None and value != "":
                ctx.avps.add(name, value if isinstance(value, int) else to_text(value), klass)
