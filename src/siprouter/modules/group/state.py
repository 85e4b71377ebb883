"""The instance of group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.args import compile_regex
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.db.values import to_text
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.regex import Regex

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.modules.group.arguments import Reader

TABLE_VERSION = 2
RE_TABLE_VERSION = 1
COLUMNS = ("table", "user_column", "domain_column", "group_column", "re_exp_column", "re_gid_column")

FAILED = -5
NOT_IN = -6


class Group:
    """Asks the table of groups, and matches the regular expressions that were loaded at the start."""

    db_url: str
    table: str
    user_column: str
    domain_column: str
    group_column: str
    use_domain: int
    re_table: str | None
    re_exp_column: str
    re_gid_column: str
    multiple_gid: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.expressions: list[tuple[Regex, int]] = []

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("group", {name: getattr(self, name) for name in COLUMNS})
        if self.re_table:
            check_names("group", {"re_table": self.re_table})
        self.database = open_database(self.worker, self.db_url, "group")

    async def start(self) -> None:
        """Check the tables and load the regular expressions. Raises OperatorError."""
        await check_version(self.database, self.table, TABLE_VERSION, "group")
        if not self.re_table:
            return
        await check_version(self.database, self.re_table, RE_TABLE_VERSION, "group")
        columns = [self.re_exp_column, self.re_gid_column]
        try:
            rows = await self.database.query(self.re_table, [], columns, self.re_gid_column)
        except DbError as error:
            raise OperatorError(f"group: table {self.re_table}: {error}") from None
        for pattern, number in rows:
            try:
                self.expressions.append((compile_regex(to_text(pattern)), int(number)))
            except ValueError as error:
                raise OperatorError(f"group: table {self.re_table}: {to_text(pattern)}: {error}") from None

    def _user(self, ctx: Context, reader: Reader) -> tuple[str, str] | None:
        try:
            found = reader(ctx)
        except PeerError as error:
            self.worker.log.error("cannot tell whose group: %s", error.reason, source="group")
            return None
        return found if found[0] else None

    async def is_user_in(self, ctx: Context, reader: Reader, group: str) -> int:
        """is_user_in(user, group): 1; -6 not; -5 the database failed; -1 there is no such user in the message."""
        found = self._user(ctx, reader)
        if found is None:
            return -1
        keys: list[Key] = [(self.user_column, found[0]), (self.group_column, group)]
        if self.use_domain:
            keys.append((self.domain_column, found[1]))
        try:
            rows = await self.database.query(self.table, keys, [self.group_column], limit=1)
        except DbError as error:
            self.worker.log.error("is_user_in(): %s", error, source="group")
            return FAILED
        return 1 if rows else NOT_IN

    def get_user_group(self, ctx: Context, reader: Reader, target: PvAccess) -> int:
        """get_user_group(user, avp): how many expressions match, -1 for none; their numbers are values of the AVP."""
        found = self._user(ctx, reader)
        if found is None:
            return -1
        uri = f"sip:{found[0]}@{found[1]}"
        setter: Any = target.set
        count = 0
        for expression, number in self.expressions:
            if expression.search(uri) is None:
                continue
            setter(ctx, number)
            count += 1
            if not self.multiple_gid:
                break
        return count or -1
