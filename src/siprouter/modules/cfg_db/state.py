"""The instance of cfg_db: which tables hold the values of a group, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from siprouter.core.declare import cfg_var
from siprouter.core.settings import CfgError
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import is_identifier
from siprouter.db.values import to_text
from siprouter.rpc.values import RpcError
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

DEFAULTS = "<default>"
ANY_GROUP = "*"
MAX_ROWS = 10_000
TRANSL_COLUMNS = [
    "cfg_table",
    "cfg_table_group_name_field",
    "cfg_table_name_field",
    "cfg_table_value_field",
]
CUSTOM_COLUMNS = ["group_name", "name", "value_type", "min_value", "max_value", "description"]


@dataclass(frozen=True, slots=True)
class Source:
    """A table of values and its columns."""

    table: str = "cfg_var"
    group: str = "group_name"
    name: str = "name"
    value: str = "value"

    def filled(self, row: Iterable[object]) -> Source:
        """The source that a row of the translation table means: empty fields are those of this one."""
        given = dict(zip(("table", "group", "name", "value"), (to_text(field) for field in row), strict=True))
        return replace(self, **{key: text for key, text in given.items() if text})


class CfgDb:
    """One instance per worker; each reads the tables for itself."""

    db_url: str
    transl_tbl: str
    custom_tbl: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.cfg = worker.cfg
        self.database: Database
        self._own: set[tuple[str, str]] = set()

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("cfg_db", {"transl_tbl": self.transl_tbl, "custom_tbl": self.custom_tbl})
        self.database = open_database(self.worker, self.db_url, "cfg_db")
        self.cfg.grows = True

    async def start(self) -> None:
        """Declare the settings of the custom table and read all values. Raises OperatorError."""
        try:
            await self.declare()
            await self.load()
        except DbError as error:
            raise OperatorError(f"cfg_db: {error}") from None
        self.cfg.grows = False
        missing = sorted(self.cfg.awaited - set(self.cfg.vars))
        if missing:
            group, name = missing[0]
            hint = f"a row in table {self.custom_tbl}, or in the script: {group}.{name} = …"
            raise OperatorError(f"the script reads @cfg_get.{group}.{name}, which nobody declares", suggestion=hint)

    async def declare(self) -> None:
        """Declare what the custom table has and is not known yet. Raises DbError, OperatorError for a bad row."""
        rows = await self.database.query(self.custom_tbl, [], CUSTOM_COLUMNS, limit=MAX_ROWS)
        for row in rows:
            group, name, kind, least, most, text = (to_text(field) for field in row)
            key = (group, name)
            if not group or not name or kind[:1] not in tuple("iIsS"):
                raise OperatorError(
                    f"cfg_db: bad row in table {self.custom_tbl}: group '{group}', name '{name}', '{kind}'"
                )
            if key in self._own:
                continue
            if key in self.cfg.vars:
                raise OperatorError(f"cfg_db: {group}.{name} of table {self.custom_tbl} exists already")
            if kind[0] in "iI":
                var = cfg_var(name, int, 0, text, least=_bound(least), most=_bound(most))
            else:
                var = cfg_var(name, str, "", text)
            self.cfg.declare(group, var)
            self._own.add(key)

    async def load(self) -> int:
        """Give all settings the values that the tables have; how many changed. Raises DbError.

        A value that a setting refuses, and a table that cannot be read, are logged and change nothing.
        """
        standard = await self._sources(DEFAULTS, Source())
        defaults = standard[0] if standard else Source()
        everywhere = await self._sources(ANY_GROUP, defaults)
        changed = 0
        for group in list(self.cfg.groups):
            found: dict[str, object] = {}
            for source in dict.fromkeys([*await self._sources(group, defaults), *everywhere]):
                for name, value in (await self._values(source, group)).items():
                    found.setdefault(name, value)
            names = [name for owner, name in self.cfg.vars if owner == group]
            changed += sum(self._set(group, name, found[name]) for name in names if name in found)
        return changed

    async def _sources(self, group: str, defaults: Source) -> list[Source]:
        """Where the values of a group are, in the order of the table."""
        keys = [("group_name", group)]
        rows = await self.database.query(self.transl_tbl, keys, TRANSL_COLUMNS, limit=MAX_ROWS)
        return [defaults.filled(row) for row in rows]

    async def _values(self, source: Source, group: str) -> dict[str, object]:
        if not all(is_identifier(name) for name in (source.table, source.group, source.name, source.value)):
            self.worker.log.error("table %s names %s", self.transl_tbl, source, source="cfg_db")
            return {}
        try:
            columns = [source.name, source.value]
            rows = await self.database.query(source.table, [(source.group, group)], columns, limit=MAX_ROWS)
        except DbError as error:
            self.worker.log.error("table %s: %s", source.table, error, source="cfg_db")
            return {}
        found: dict[str, object] = {}
        for name, value in rows:
            if value is not None:
                found.setdefault(to_text(name), value)
        return found

    def _set(self, group: str, name: str, value: object) -> bool:
        """Change one setting where it has another value; whether it changed."""
        try:
            wanted = self.cfg.check(group, name, to_text(value))
            if wanted == self.cfg.get(group, name):
                return False
            self.cfg.set_now(group, name, wanted)
        except CfgError as error:
            self.worker.log.error("%s", error, source="cfg_db")
            return False
        return True

    async def reload_rpc(self, call: RpcCall) -> int:
        """cfg_db.reload"""
        try:
            await self.declare()
            return await self.load()
        except (DbError, OperatorError) as error:
            raise RpcError(500, str(error)) from None


def _bound(text: str) -> int:
    """A limit of the custom table; 0 where there is none."""
    try:
        return int(text or "0")
    except ValueError:
        raise OperatorError(f"cfg_db: min_value and max_value are numbers, found '{text}'") from None
