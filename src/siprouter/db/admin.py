"""What the command line does with whole databases: make, check, bring up to date, copy, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from siprouter.db.databases import make_database
from siprouter.db.ddl import statements, text_columns
from siprouter.db.errors import DbRefusedError, DbUnavailableError
from siprouter.db.interface import Database
from siprouter.db.operations import Insert
from siprouter.db.options import DriverOptions
from siprouter.db.schema import VERSION_TABLE, TableSpec, schema
from siprouter.db.sqlite import SqliteDatabase
from siprouter.db.text_format import TextTable, build_table
from siprouter.db.url import FILES, DbUrl, parse_url
from siprouter.db.values import Row, Value, from_epoch, to_epoch
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

# the database that is there before any other, to make others from
FIRST_DATABASE = {"postgres": "postgres", "mysql": "mysql"}

Progress = Callable[[str, int, int], None]
"""(table, rows done, all rows)"""

OK = "ok"
MISSING = "missing"
WRONG_VERSION = "version"
MISSING_COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one table: OK, MISSING, WRONG_VERSION, MISSING_COLUMNS."""

    table: str
    state: str
    version: int = 0
    wanted: int = 0
    columns: tuple[str, ...] = ()


def connect(url: str, log: Log, create: bool = False) -> Database:
    """A database for the command line: no limit for statements. Raises OperatorError."""
    parsed = parse_url(url)
    if parsed.driver == "flatstore":
        raise OperatorError("flatstore takes new rows only: there is nothing to make or to look at")
    options = DriverOptions(connect_timeout=10, statement_timeout=0, retries=0)
    return make_database(parsed, options, log, create=create)


def wanted_tables(parts: Iterable[str]) -> list[TableSpec]:
    """Table `version`, and the tables of some parts (STANDARD, EXTRA, PRESENCE) in the order of their names."""
    chosen = set(parts)
    specs = [spec for spec in schema().values() if spec.part in chosen and spec.name != VERSION_TABLE]
    return [schema()[VERSION_TABLE], *specs]


def _ensure_folder(url: DbUrl) -> bool:
    path = Path(url.database)
    made = not path.exists()
    (path if url.driver == "text" else path.parent).mkdir(parents=True, exist_ok=True)
    return made


async def ensure_database(url: DbUrl, log: Log) -> bool:
    """Make the database itself where it is not there; whether it was made. Raises DbError."""
    if url.driver in FILES:
        return _ensure_folder(url)
    first = DbUrl(url.driver, url.user, url.password, url.host, url.port, FIRST_DATABASE[url.driver])
    options = DriverOptions(connect_timeout=10, statement_timeout=0)
    try:
        probe = make_database(url, options, Log(lambda record: None, -5))
        await probe.tables()
        return False
    except DbUnavailableError as error:
        if "not exist" not in str(error) and "Unknown database" not in str(error):
            raise
    finally:
        probe.close()
    server = make_database(first, options, log)
    try:
        quoted = server.dialect.name(url.database)  # type: ignore[attr-defined]  # both are ServerDatabase
        await server.raw(f"CREATE DATABASE {quoted}")
    finally:
        server.close()
    return True


async def create_tables(database: Database, specs: Iterable[TableSpec]) -> list[str]:
    """Make the tables that are missing, and say their versions; the names of those that were made. Raises DbError."""
    present = set(await database.tables())
    made = []
    for spec in specs:
        if spec.name in present:
            continue
        await _create_table(database, spec)
        if spec.version is not None:
            values: dict[str, Value] = {"table_name": spec.name, "table_version": spec.version}
            await database.replace(VERSION_TABLE, values, ["table_name"])
        made.append(spec.name)
    return made


async def _create_table(database: Database, spec: TableSpec) -> None:
    if database.url.driver == "text":
        path = Path(database.url.database) / spec.name
        try:
            path.write_text(build_table(TextTable(text_columns(spec))))
        except OSError as error:
            raise DbUnavailableError(f"{path}: {error.strerror}") from None
        return
    for statement in statements(spec, database.url.driver):
        await database.raw(statement)


async def use_write_ahead_log(database: Database) -> None:
    """SQLite: readers and a writer do not wait for each other; the setting stays in the file."""
    if isinstance(database, SqliteDatabase):
        await database.raw("PRAGMA journal_mode = WAL")


async def check_tables(database: Database, specs: Iterable[TableSpec]) -> list[Finding]:
    """How far the tables are what modules expect. Raises DbError."""
    present = set(await database.tables())
    versions: dict[str, int] = {}
    if VERSION_TABLE in present:
        rows = await database.query(VERSION_TABLE, [], ["table_name", "table_version"])
        versions = {str(name): int(version) for name, version in rows}
    return [await _check_table(database, spec, present, versions) for spec in specs]


async def _check_table(database: Database, spec: TableSpec, present: set[str], versions: dict[str, int]) -> Finding:
    if spec.name not in present:
        return Finding(spec.name, MISSING, wanted=spec.version or 0)
    absent = [name for name in spec.names if not await _has_column(database, spec.name, name)]
    version = versions.get(spec.name, 0)
    if absent:
        return Finding(spec.name, MISSING_COLUMNS, version, spec.version or 0, tuple(absent))
    if spec.version is not None and version != spec.version:
        return Finding(spec.name, WRONG_VERSION, version, spec.version)
    return Finding(spec.name, OK, version, spec.version or 0)


async def _has_column(database: Database, table: str, column: str) -> bool:
    try:
        # one that is not there must not be taken for a text in quotes, as SQLite does
        rows = await database.query(table, [(column, "<>", None)], [column], limit=1)
        if not rows and isinstance(database, SqliteDatabase):
            names = (await database.raw(f"PRAGMA table_info({database.dialect.name(table)})"))[1]
            return column in [row[1] for row in names]
    except DbRefusedError:
        return False
    return True


async def upgrade_tables(database: Database, specs: Iterable[TableSpec]) -> list[str]:
    """Make missing tables, and note the versions of tables that have all their columns; what was done. Raises DbError.

    A table that lacks columns is left alone: what its rows should hold there is not for us to decide.
    """
    chosen = list(specs)
    done = [f"made {name}" for name in await create_tables(database, chosen)]
    for finding in await check_tables(database, chosen):
        if finding.state == WRONG_VERSION:
            values: dict[str, Value] = {"table_name": finding.table, "table_version": finding.wanted}
            await database.replace(VERSION_TABLE, values, ["table_name"])
            done.append(f"version of {finding.table}: {finding.version} is now {finding.wanted}")
    return done


async def drop_tables(database: Database, specs: Iterable[TableSpec]) -> list[str]:
    """Remove the tables; the names of those that were there. Raises DbError."""
    present = set(await database.tables())
    gone = []
    for spec in specs:
        if spec.name not in present:
            continue
        if database.url.driver == "text":
            (Path(database.url.database) / spec.name).unlink()
        else:
            await database.raw(f"DROP TABLE {database.dialect.name(spec.name)}")  # type: ignore[attr-defined]  # SQL
        gone.append(spec.name)
    return gone


async def copy_tables(source: Database, target: Database, specs: Iterable[TableSpec], progress: Progress) -> int:
    """Copy all rows of the tables that both databases have; how many. The tables of `target` must be empty.

    Raises OperatorError where one is not, DbError.
    """
    both = set(await source.tables()) & set(await target.tables())
    chosen = [spec for spec in specs if spec.name in both and spec.name != VERSION_TABLE]
    for spec in chosen:
        if await target.count(spec.name):
            message = f"table {spec.name} of {target.url.safe} is not empty"
            raise OperatorError(message, suggestion="copy into a new database: siprouter db create")
    copied = 0
    for spec in chosen:
        copied += await _copy_table(source, target, spec, progress)
    return copied


async def _copy_table(source: Database, target: Database, spec: TableSpec, progress: Progress) -> int:
    columns = [column for column in spec.columns if not column.auto]
    names = [column.name for column in columns]
    times = [index for index, column in enumerate(columns) if column.kind == "datetime"]
    total, done = await source.count(spec.name), 0
    async for page in source.pages(spec.name, [], names, size=500):
        rows = [_with_times(row, times) for row in page]
        await target.apply([Insert(spec.name, dict(zip(names, row, strict=True))) for row in rows])
        done += len(page)
        progress(spec.name, done, total)
    return done


def _with_times(row: Row, times: list[int]) -> Row:
    """Times as such, whatever the source gives for them."""
    if not times:
        return row
    values = list(row)
    for index in times:
        if values[index] is not None:
            values[index] = from_epoch(to_epoch(values[index]))
    return tuple(values)
