"""The instance of SER's auth_db."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_DOMAIN, CLASS_GLOBAL, CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import Row, to_text
from siprouter.modules.auth.check import BAD_CREDENTIALS, GO_ON, PASSED, Check
from siprouter.modules.auth.state import OK, Auth
from siprouter.sip.names import M_REGISTER

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLE_VERSION = 7
USED_HERE = 1
DISABLED = 2
DEFAULT_DID = "_default"

NOT_AUTHENTICATED = -1
FAILED = -2
MALFORMED = -3
COLUMNS = (
    *("username_column", "did_column", "realm_column", "password_column", "password_column_2"),
    *("plain_password_column", "flags_column"),
)


class SerAuthDb:
    """Finds the credentials of a user in a realm; what fails puts a challenge into the attribute of auth."""

    db_url: str
    username_column: str
    did_column: str
    realm_column: str
    password_column: str
    password_column_2: str
    plain_password_column: str
    flags_column: str
    calculate_ha1: int
    load_credentials: str
    use_did: int
    check_all_ha1: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.auth: Auth
        self.database: Database
        self.tables: set[str] = set()
        self.loaded: list[str] = []

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("auth_db", {name: getattr(self, name) for name in COLUMNS})
        self.loaded = [name.strip() for name in self.load_credentials.split("|") if name.strip()]
        for name in self.loaded:
            check_names("auth_db", {"load_credentials": name})
        self.auth = self.worker.module("auth")
        self.database = open_database(self.worker, self.db_url, "auth_db")

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
        """1: right. NOT_AUTHENTICATED, FAILED, MALFORMED: not, and there is a challenge in the attribute."""
        check = self.auth.begin(ctx, realm, proxy)
        result = await self._compare(ctx, check, table)
        if result < 0 and not self.auth.store_challenge(ctx, realm, proxy, stale=check.stale):
            return FAILED
        return result

    async def _compare(self, ctx: Context, check: Check, table: str) -> int:
        if check.state != GO_ON:
            return {PASSED: 1, BAD_CREDENTIALS: MALFORMED}.get(check.state, NOT_AUTHENTICATED)
        try:
            rows = await self._find(ctx, check, table)
        except DbError as error:
            self.worker.log.error("cannot look for a user: %s", error, source="auth_db")
            return FAILED
        # who does not exist takes as long as who does
        candidates: list[Row | None] = [*rows] if self.check_all_ha1 else [*rows[:1]]
        for row in candidates or [None]:
            if self.auth.verify(ctx, check, self._ha1(check, row)):
                if self.auth.accept(ctx, check) != OK:
                    return NOT_AUTHENTICATED
                self._load(ctx, row)
                return 1
        self.auth.stats.wrong_passwords.inc()
        return NOT_AUTHENTICATED

    async def _find(self, ctx: Context, check: Check, table: str) -> list[Row]:
        """Rows (password, flags, columns to load) that are used here and not disabled."""
        credentials = check.credentials
        if self.calculate_ha1:
            column = self.plain_password_column
        else:
            column = self.password_column_2 if credentials.domain else self.password_column
        keys: list[Key] = [(self.username_column, credentials.user), (self.realm_column, check.realm)]
        if self.use_did:
            keys.append((self.did_column, did_of(ctx)))
        rows = await self.database.query(table, keys, [column, self.flags_column, *self.loaded])
        return [row for row in rows if row[0] and row[1] is not None and int(row[1]) & 3 == USED_HERE]

    def _ha1(self, check: Check, row: Row | None) -> str | None:
        stored = "" if row is None else to_text(row[0])
        ha1 = self.auth.password_ha1(check, stored) if self.calculate_ha1 else stored
        return ha1 if stored else None

    def _load(self, ctx: Context, row: Row | None) -> None:
        for name, value in zip(self.loaded, row[2:] if row is not None else (), strict=True):
            if value is not None:
                ctx.avps.add(name, to_text(value), TRACK_FROM | CLASS_USER)


def did_of(ctx: Context) -> str:
    """The id of the domain that is spoken for: the attribute `did` of To in a REGISTER, else of From."""
    track = TRACK_TO if ctx.msg.method_id == M_REGISTER else TRACK_FROM
    for klass in (CLASS_URI, CLASS_USER, CLASS_DOMAIN, CLASS_GLOBAL):
        value = ctx.avps.get("did", 0, track | klass if klass != CLASS_GLOBAL else CLASS_GLOBAL)
        if value is not None:
            return str(value)
    return DEFAULT_DID
