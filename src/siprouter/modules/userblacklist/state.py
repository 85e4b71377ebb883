"""The instance of userblacklist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Folded, Str
from siprouter.core.values import Value
from siprouter.core.values import to_text as value_text
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key, is_identifier
from siprouter.db.values import Row, to_text
from siprouter.rpc.mi import MiReply
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

TABLE_VERSION = 1
MAX_NUMBER = 31
ALLOWED, REFUSED = 1, -1
DIGITS = frozenset("0123456789")

Prefixes = dict[str, bool]
"""prefixes of digits, and whether they are allowed"""


class TableArg(Str):
    """The name of a table that is read at the start."""

    kind = "the name of a table"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = value_text(value)
        if not is_identifier(name):
            raise OperatorError(f"no name of a table: '{name}'", location)
        inst: UserBlacklist = env.worker.module("userblacklist")
        inst.lists.setdefault(name, {})
        return Constant(name)


def read_prefixes(rows: Iterable[Row]) -> tuple[Prefixes, int]:
    """Prefixes of rows (prefix, whitelist), and how many rows had none that consists of digits."""
    found: Prefixes = {}
    bad = 0
    for prefix, white in rows:
        text = to_text(prefix).strip()
        if DIGITS.issuperset(text):
            found[text] = to_text(white).strip() == "1"
        else:
            bad += 1
    return found, bad


def find_prefix(prefixes: Prefixes, number: str) -> bool | None:
    """Whether the longest prefix of a number is allowed; None where there is none.

    What is no digit is skipped at the beginning, and ends the number behind it.
    """
    start = 0
    while start < len(number) and number[start] not in DIGITS:
        start += 1
    end = start
    while end < len(number) and number[end] in DIGITS:
        end += 1
    while end >= start:
        found = prefixes.get(number[start:end])
        if found is not None:
            return found
        end -= 1
    return None


class UserBlacklist:
    """Lists of users are asked for each time, those for all kept in memory."""

    db_url: str
    use_domain: int
    userblacklist_table: str
    userblacklist_username_col: str
    userblacklist_domain_col: str
    userblacklist_prefix_col: str
    userblacklist_whitelist_col: str
    globalblacklist_table: str
    globalblacklist_prefix_col: str
    globalblacklist_whitelist_col: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.lists: dict[str, Prefixes] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        names = ("table", "prefix_col", "whitelist_col")
        columns = [f"{kind}blacklist_{name}" for kind in ("user", "global") for name in names]
        columns += ["userblacklist_username_col", "userblacklist_domain_col"]
        check_names("userblacklist", {name: getattr(self, name) for name in columns})
        self.lists.setdefault(self.globalblacklist_table, {})
        self.database = open_database(self.worker, self.db_url, "userblacklist")

    async def start(self) -> None:
        """Check the tables, and load the lists for all. Raises OperatorError."""
        for table in (self.userblacklist_table, self.globalblacklist_table):
            await check_version(self.database, table, TABLE_VERSION, "userblacklist")
        try:
            await self.load()
        except DbError as error:
            raise OperatorError(f"userblacklist: {error}") from None

    async def load(self) -> None:
        """Read all lists for all. Raises DbError; then those known before still count."""
        columns = [self.globalblacklist_prefix_col, self.globalblacklist_whitelist_col]
        loaded: dict[str, Prefixes] = {}
        for table in list(self.lists):
            loaded[table] = self._read(table, await self.database.query(table, [], columns))
        self.lists.update(loaded)

    def _read(self, table: str, rows: list[Row]) -> Prefixes:
        found, bad = read_prefixes(rows)
        if bad:
            self.worker.log.error("table %s: %d prefixes have other than digits", table, bad, source="userblacklist")
        return found

    def _error(self, text: str, *values: object) -> int:
        self.worker.log.error(text, *values, source="userblacklist")
        return REFUSED

    def _number(self, ctx: Context, number: str | None) -> str | None:
        """A number, by default the user of the request URI; None where there is none, or it is too long."""
        try:
            text = ctx.parsed_uri.user if number is None else number
        except PeerError:
            text = ""
        return text if text and len(text) <= MAX_NUMBER else None

    # --- the script

    async def check_user_blacklist(
        self, ctx: Context, user: str, domain: str, number: str | None = None, table: str = ""
    ) -> int:
        """check_user_blacklist(user, domain, number, table): 1 where the user may call the number."""
        return await self._check_user(ctx, user, domain, number, table, ALLOWED)

    async def check_user_whitelist(
        self, ctx: Context, user: str, domain: str, number: str | None = None, table: str = ""
    ) -> int:
        """check_user_whitelist(user, domain, number, table): 1 where it is on the user's white list."""
        return await self._check_user(ctx, user, domain, number, table, REFUSED)

    async def _check_user(
        self, ctx: Context, user: str, domain: str, number: str | None, table: str, otherwise: int
    ) -> int:
        text = self._number(ctx, number)
        if text is None:
            return self._error("there is no number of at most %d characters to check", MAX_NUMBER)
        table = table or self.userblacklist_table
        keys: list[Key] = [(self.userblacklist_username_col, user)]
        if self.use_domain:
            keys.append((self.userblacklist_domain_col, domain))
        columns = [self.userblacklist_prefix_col, self.userblacklist_whitelist_col]
        try:
            prefixes = self._read(table, await self.database.query(table, keys, columns))
        except DbError as error:
            return self._error("table %s: %s", table, error)
        found = find_prefix(prefixes, text)
        return otherwise if found is None else ALLOWED if found else REFUSED

    def check_blacklist(self, ctx: Context, table: str) -> int:
        """check_blacklist(table): 1 where all may call the user of the request URI."""
        text = self._number(ctx, None)
        if text is None:
            return self._error("there is no number of at most %d characters to check", MAX_NUMBER)
        prefixes = self.lists.get(table)
        if prefixes is None:
            return self._error("table %s was not read at the start", table)
        return REFUSED if find_prefix(prefixes, text) is False else ALLOWED

    def check_global(self, ctx: Context) -> int:
        """check_blacklist()"""
        return self.check_blacklist(ctx, self.globalblacklist_table)

    # --- management

    async def reload_mi(self) -> MiReply | None:
        """MI reload_blacklist"""
        try:
            await self.load()
        except DbError as error:
            self._error("%s", error)
            return MiReply(500, "cannot reload blacklist")
        return None
