"""The rows that operators keep by hand (aliases, domains, addresses …): checked, found, stored, removed.

`db/record_kinds.py` says what there is; this is what can be done with any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from siprouter.db.errors import DbDuplicateError
from siprouter.db.interface import Database
from siprouter.db.operations import Delete, Insert, Key
from siprouter.db.values import Row, Value, from_epoch
from siprouter.util.errors import OperatorError

Record = dict[str, str | int]
"""a row by the names of its fields, with `id`"""

Progress = Callable[[str, int, int], None]
"""(what, done, all)"""

BATCH = 500
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Field:
    """A value as operators write it, in one column or several.

    `parse` gives the columns' values, or raises OperatorError; `show` puts them together again. A field with a default
    is an option when a record is made.
    """

    name: str
    columns: tuple[str, ...]
    help: str
    parse: Callable[[str], tuple[Value, ...]]
    show: Callable[[Row], str | int]
    default: str | None = None

    def keys(self, text: str) -> list[Key]:
        """The columns that a search for this value looks at. Raises OperatorError."""
        return list(zip(self.columns, self.parse(text), strict=True))


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of rows; the columns `unique` tell them apart.

    `reload`: the RPC command, with arguments, that makes a running server read the table again; () where it looks at
    the table for every message. `account`: the field that should name an account of table `subscriber`.
    """

    command: str
    table: str
    what: str
    fields: tuple[Field, ...]
    unique: tuple[str, ...]
    reload: tuple[str, ...] = ()
    account: str = ""
    stamp: str = ""

    @property
    def required(self) -> tuple[Field, ...]:
        """The fields that every record gives."""
        return tuple(field for field in self.fields if field.default is None)

    @property
    def columns(self) -> list[str]:
        """What is read of the table."""
        return ["id", *[column for field in self.fields for column in field.columns]]

    def record(self, row: Row) -> Record:
        """A row of `columns` as operators see it."""
        found: Record = {"id": int(row[0])}
        values = iter(row[1:])
        for field in self.fields:
            found[field.name] = field.show(tuple(islice(values, len(field.columns))))
        return found

    def row(self, given: Mapping[str, str]) -> dict[str, Value]:
        """The columns of a record; what is not given has its default. Raises OperatorError."""
        unknown = set(given) - {field.name for field in self.fields} - {"id"}
        if unknown:
            names = ", ".join(field.name for field in self.fields)
            raise OperatorError(f"there is no field '{min(unknown)}'", suggestion=f"one of {names}")
        found: dict[str, Value] = {}
        for field in self.fields:
            text = given.get(field.name, field.default)
            if text is None:
                raise OperatorError(f"{field.name} is missing")
            found.update(zip(field.columns, field.parse(text), strict=True))
        return found

    def find(self, given: Mapping[str, str]) -> list[Key]:
        """The columns to look for. Raises OperatorError."""
        fields = {field.name: field for field in self.fields}
        return [key for name, text in given.items() for key in fields[name].keys(text)]


def check_widths(values: Mapping[str, Value], widths: Mapping[str, int]) -> None:
    """Nothing is cut off in silence. Raises OperatorError."""
    for column, value in values.items():
        if isinstance(value, str) and len(value) > widths.get(column, len(value)):
            raise OperatorError(f"'{value[:40]}' is too long: column {column} takes {widths[column]} characters")


def stamped(kind: Kind, values: dict[str, Value], now: float) -> dict[str, Value]:
    """With the time of the last change, where the table has one."""
    return {**values, kind.stamp: from_epoch(now)} if kind.stamp else values


async def add_record(database: Database, kind: Kind, given: Mapping[str, str], now: float) -> Record:
    """A new row, as it is now in the table. Raises OperatorError, DbError."""
    values = kind.row(given)
    check_widths(values, await database.widths(kind.table))
    there: list[Key] = [(column, values[column]) for column in kind.unique]
    exists = OperatorError(f"this {kind.what} is there already", suggestion=f"siprouter {kind.command} list")
    if await database.count(kind.table, there):
        raise exists
    try:
        await database.insert(kind.table, stamped(kind, values, now))
    except DbDuplicateError:
        raise exists from None
    return kind.record((await database.query(kind.table, there, kind.columns, limit=1))[0])


async def find_records(
    database: Database, kind: Kind, keys: Sequence[Key], progress: Progress | None = None
) -> list[Record]:
    """All rows that match, in the order of their numbers. Raises DbError."""
    total = await database.count(kind.table, keys) if progress else 0
    found: list[Record] = []
    async for page in database.pages(kind.table, keys, kind.columns, "id", PAGE):
        found += [kind.record(row) for row in page]
        if progress:
            progress(kind.table, len(found), max(total, len(found)))
    return found


async def remove_records(database: Database, kind: Kind, records: Sequence[Record], progress: Progress) -> int:
    """Remove these rows, by number; how many were still there. Raises DbError."""
    gone = done = 0
    for batch in _batches(records):
        gone += await database.apply([Delete(kind.table, [("id", record["id"])]) for record in batch])
        done += len(batch)
        progress(kind.table, done, len(records))
    return gone


async def missing_account(database: Database, user: str, domain: str) -> bool:
    """Whether table `subscriber` is there and has no such account. Raises DbError."""
    if "subscriber" not in await database.tables():
        return False
    return not await database.count("subscriber", [("username", user), ("domain", domain)])


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were stored, and how many were there before."""

    added: int
    skipped: int


async def import_records(
    database: Database, kind: Kind, given: Sequence[Mapping[str, str]], skip: bool, now: float, progress: Progress
) -> Imported:
    """Store many records. All are checked before the first is stored.

    `skip`: those that are there already are left out, else they are an error. Raises OperatorError, which names the
    record by its number, and DbError: then the batches before are stored.
    """
    widths = await database.widths(kind.table)
    known = await _known(database, kind)
    rows: list[dict[str, Value]] = []
    for number, one in enumerate(given, 1):
        try:
            values = kind.row(one)
            check_widths(values, widths)
        except OperatorError as error:
            raise OperatorError(f"record {number}: {error}") from None
        mark = _mark(values[column] for column in kind.unique)
        if mark in known and not skip:
            raise OperatorError(f"record {number} is there already", suggestion="--skip-existing leaves such out")
        if mark not in known:
            rows.append(stamped(kind, values, now))
        known.add(mark)
    done = 0
    for batch in _batches(rows):
        await database.apply([Insert(kind.table, values) for values in batch])
        done += len(batch)
        progress(kind.table, done, len(rows))
    return Imported(len(rows), len(given) - len(rows))


async def _known(database: Database, kind: Kind) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    async for page in database.pages(kind.table, [], kind.unique, size=PAGE):
        found.update(_mark(row) for row in page)
    return found


def _mark(values: Iterable[Value]) -> tuple[str, ...]:
    """What tells rows apart; null and "" are the same to modules."""
    return tuple("" if value is None else str(value) for value in values)


def _batches(items: Sequence[Record] | Sequence[dict[str, Value]]) -> Iterator[Sequence[dict[str, Value]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]  # type: ignore[misc]  # a Record is a row with fewer types
