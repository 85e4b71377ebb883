"""The instance of avpops: AVPs in a database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp import DEFAULT_CLASS, AvpKey
from siprouter.core.values import Value, str_to_int
from siprouter.core.values import to_text as value_text
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.operations import Insert, Key, is_identifier
from siprouter.db.script_sql import ScriptSql, dialect_of, parse_script_sql, run, script_value
from siprouter.db.values import to_text
from siprouter.modules.avpops.arguments import Selection, Source
from siprouter.modules.avpops.memory import fits
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

NAME_IS_NUMBER = 2
VALUE_IS_NUMBER = 1
_COLUMNS = ("uuid_column", "username_column", "domain_column", "attribute_column", "value_column", "type_column")
_SCHEME = re.compile(r"\s*([^\s:]+)\s*:\s*(.+)", re.DOTALL)
_ELEMENT = re.compile(r"\s*([^\s=]+)\s*=\s*([^\s;]+)\s*")


@dataclass(frozen=True, slots=True)
class Scheme:
    """Another table to load from: one value a row. Empty names: those of the parameters."""

    name: str
    table: str = ""
    uuid_col: str = ""
    username_col: str = ""
    domain_col: str = ""
    value_col: str = ""
    value_type: str = "string"


def parse_scheme(text: str) -> Scheme:
    """`name:element=value;…`. Raises OperatorError."""
    match = _SCHEME.fullmatch(text)
    if match is None:
        raise OperatorError(f"avpops: bad db_scheme '{text}'", suggestion="name:table=…;uuid_col=…;value_col=…")
    found = Scheme(match[1].lower())
    for part in match[2].rstrip("; \t").split(";"):
        element = _ELEMENT.fullmatch(part)
        key = "" if element is None else element[1].lower()
        if element is None or key not in Scheme.__slots__[1:]:
            raise OperatorError(f"avpops: bad element '{part.strip()}' in db_scheme '{text}'")
        value = element[2].lower() if key == "value_type" else element[2]
        if key == "value_type" and value not in ("integer", "string"):
            raise OperatorError(f"avpops: value_type must be integer or string, found '{value}' in db_scheme")
        if key != "value_type" and not is_identifier(value):
            raise OperatorError(f"avpops: no name of a table or column: '{value}' in db_scheme")
        found = replace(found, **{key: value})
    return found


class QueryArg(ArgType):
    """An SQL statement with variables, whose values are bound."""

    kind = "an SQL statement"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        inst: AvpOps = env.worker.module("avpops")
        if inst.database is None:
            raise OperatorError("avp_db_query() needs parameter db_url of avpops", location)
        return Constant(parse_script_sql(value_text(value), env, location, dialect_of(inst.database)))

    def convert(self, ctx: Context, value: Value) -> ScriptSql | None:
        database = ctx.worker.module("avpops").database
        return None if database is None else ScriptSql([value_text(value)], dialect_of(database))


class AvpOps:
    """One instance per worker."""

    db_url: str | None
    avp_table: str | None
    use_domain: int
    uuid_column: str
    username_column: str
    domain_column: str
    attribute_column: str
    value_column: str
    type_column: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database | None = None
        self.schemes: dict[str, Scheme] = {}

    def add_scheme(self, text: str) -> None:
        """Parameter db_scheme. Raises OperatorError."""
        scheme = parse_scheme(text)
        if scheme.name in self.schemes:
            raise OperatorError(f"avpops: there are two db_schemes of the name '{scheme.name}'")
        self.schemes[scheme.name] = scheme

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("avpops", {name: getattr(self, name) for name in _COLUMNS})
        if self.db_url:
            if not self.avp_table:
                raise OperatorError("avpops: db_url needs avp_table", suggestion='"avp_table", "usr_preferences"')
            check_names("avpops", {"avp_table": self.avp_table})
            self.database = open_database(self.worker, self.db_url, "avpops")

    def _error(self, text: str, *values: Any) -> None:
        self.worker.log.error(text, *values, source="avpops")

    # --- whose, and which

    def _owner(self, ctx: Context, source: Source) -> tuple[str, str, str] | None:
        """uuid, user and domain that rows must have, "" for those that do not count; None where there is nothing."""
        value = source.value
        text = value if isinstance(value, str) else value_text(value.get(ctx))
        if not text:
            self._error("no value for the source of AVPs")
            return None
        if source.kind == "uuid":
            return text, "", ""
        try:
            uri = parse_uri(text)
        except PeerError as error:
            self._error("bad URI %r: %s", text, error)
            return None
        if not uri.user or not uri.host:
            self._error("no user or no host in %r", text)
            return None
        with_domain = self.use_domain or source.kind == "domain"
        return (
            "",
            uri.user if source.kind in ("uri", "username") else "",
            uri.host if source.kind in ("uri", "domain") and with_domain else "",
        )

    def _keys(self, owner: tuple[str, str, str], columns: tuple[str, str, str]) -> list[Key]:
        return [(column, value) for column, value in zip(columns, owner, strict=True) if value]

    def _prepare(self, ctx: Context, source: Source, which: Selection) -> tuple[tuple[str, str, str], AvpKey | None]:
        """The owner, and the AVP where one is named. Raises PeerError where either has no value."""
        if self.database is None:
            self._error("avp_db_…(): parameter db_url is not set")
            raise PeerError(500, "No Database")
        owner = self._owner(ctx, source)
        key = None if which.avp is None else which.avp.key(ctx)
        if owner is None or (which.avp is not None and key is None):
            raise PeerError(400, "No Value")
        return owner, key

    @property
    def _owner_columns(self) -> tuple[str, str, str]:
        return self.uuid_column, self.username_column, self.domain_column

    # --- the script

    async def load(self, ctx: Context, source: Source, which: Selection) -> int:
        """avp_db_load(source, which): -1 where nothing was loaded."""
        try:
            owner, key = self._prepare(ctx, source, which)
            loaded = await self._load(ctx, owner, key, which)
        except PeerError:
            return -1
        except DbError as error:
            self._error("avp_db_load(): %s", error)
            return -1
        return 1 if loaded else -1

    async def _load(self, ctx: Context, owner: tuple[str, str, str], key: AvpKey | None, which: Selection) -> int:
        assert self.database is not None
        if which.scheme and key is not None:
            return await self._load_scheme(ctx, owner, key, self.schemes[which.scheme])
        keys = self._keys(owner, self._owner_columns)
        if key is not None:
            keys.append((self.attribute_column, str(key[1])))
        columns = [self.value_column, self.attribute_column, self.type_column]
        count = 0
        for row in await self.database.query(which.table or self.avp_table or "", keys, columns):
            count += self._take(ctx, row, key, which)
        return count

    async def _load_scheme(self, ctx: Context, owner: tuple[str, str, str], key: AvpKey, scheme: Scheme) -> int:
        assert self.database is not None
        columns = (
            scheme.uuid_col or self.uuid_column,
            scheme.username_col or self.username_column,
            scheme.domain_col or self.domain_column,
        )
        table = scheme.table or self.avp_table or ""
        count = 0
        for row in await self.database.query(
            table, self._keys(owner, columns), [scheme.value_col or self.value_column]
        ):
            value = self._value(row[0], scheme.value_type == "integer")
            if value is not None:
                self._add(ctx, key, value, 0)
                count += 1
        return count

    def _value(self, column: object, number: bool) -> Value:
        """A column as text or number; None, and a log record, where it is neither."""
        text = to_text(column)
        value: Value = str_to_int(text.strip()) if number else text
        if column is None or value is None:
            self._error("no %s in the database: %r", "number" if number else "value", text)
            return None
        return value

    def _take(self, ctx: Context, row: Sequence[Any], key: AvpKey | None, which: Selection) -> bool:
        """Add the AVP of a row; False where it is not wanted, or broken."""
        kind = str_to_int(to_text(row[2]))
        if row[1] is None or kind is None:
            self._error("null in the row of an AVP")
            return False
        numbered = bool(kind & NAME_IS_NUMBER)
        if which.avp is None:
            name = self._value(row[1], numbered)
            if name is None or (which.names != "a" and (which.names == "i") != numbered):
                return False
            key = (DEFAULT_CLASS, name)
        value = self._value(row[0], bool(kind & VALUE_IS_NUMBER))
        if value is None or key is None:
            return False
        self._add(ctx, key, value, which.flags)
        return True

    def _add(self, ctx: Context, key: AvpKey, value: Value, flags: int) -> None:
        ctx.avps.add(key[1], value, key[0])
        ctx.avps.saved.setdefault(key, []).append(value)
        if flags:
            ctx.avps.flags[key] = ctx.avps.flags.get(key, 0) | flags

    async def store(self, ctx: Context, source: Source, which: Selection) -> int:
        """avp_db_store(source, which): what was loaded or stored before is not stored again; -1 where none was."""
        try:
            owner, key = self._prepare(ctx, source, which)
            keys = [key] if key is not None else [name for name in ctx.avps.names() if fits(name, which, ctx)]
            rows = [(name, value) for name in keys for value in _unsaved(ctx, name)]
            if not rows:
                return -1
            table = which.table or self.avp_table or ""
            assert self.database is not None
            await self.database.apply([Insert(table, self._row(owner, source, *row)) for row in rows])
        except PeerError:
            return -1
        except DbError as error:
            self._error("avp_db_store(): %s", error)
            return -1
        for name, value in rows:
            ctx.avps.saved.setdefault(name, []).append(value)
        return 1

    def _row(self, owner: tuple[str, str, str], source: Source, key: AvpKey, value: Value) -> dict[str, Any]:
        kind = NAME_IS_NUMBER * isinstance(key[1], int) + VALUE_IS_NUMBER * isinstance(value, int)
        return {
            **dict(zip(self._owner_columns, owner, strict=True)),
            self.attribute_column: str(key[1]),
            self.value_column: value_text(value),
            self.type_column: kind,
        }

    async def delete(self, ctx: Context, source: Source, which: Selection) -> int:
        """avp_db_delete(source, which): 1, also where there was nothing."""
        try:
            owner, key = self._prepare(ctx, source, which)
            keys = self._keys(owner, self._owner_columns)
            if key is not None:
                keys.append((self.attribute_column, str(key[1])))
            assert self.database is not None
            await self.database.delete(which.table or self.avp_table or "", keys)
        except PeerError:
            return -1
        except DbError as error:
            self._error("avp_db_delete(): %s", error)
            return -1
        return 1

    async def query(self, ctx: Context, statement: ScriptSql | None, to: Sequence[PvAccess] = ()) -> int:
        """avp_db_query(statement, destinations): 1: rows; -2: none; -1: failed."""
        if self.database is None or statement is None:
            self._error("avp_db_query(): parameter db_url is not set")
            return -1
        try:
            _, rows = await run(self.database, statement, ctx)
        except DbError as error:
            self._error("avp_db_query(): %s", error)
            return -1
        for row in reversed(rows):
            for number, column in enumerate(row[: len(to)] if to else row, 1):
                value = script_value(column)
                if value is not None and value != "":
                    _assign(ctx, to[number - 1] if to else None, number, value)
        return 1 if rows else -2


def _assign(ctx: Context, to: PvAccess | None, number: int, value: Value) -> None:
    if to is None:
        ctx.avps.add(number, value)
    elif to.set is not None:
        to.set(ctx, value)


def _unsaved(ctx: Context, key: AvpKey) -> list[Value]:
    """Values that are not in the database yet."""
    known = list(ctx.avps.saved.get(key, ()))
    found = []
    for value in ctx.avps.all(key[1], key[0]):
        if value in known:
            known.remove(value)
        else:
            found.append(value)
    return found
