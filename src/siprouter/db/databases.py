"""The databases of a worker: drivers by URL, one `Database` for each URL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from siprouter.db.errors import DbError, DbRefusedError
from siprouter.db.flat import FlatDatabase
from siprouter.db.interface import Database
from siprouter.db.operations import is_identifier
from siprouter.db.options import DriverOptions
from siprouter.db.sqlite import SqliteDatabase
from siprouter.db.text import TextDatabase
from siprouter.db.url import DbUrl, parse_url
from siprouter.db.watching import Watcher, watch
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

SERVICE = "databases"
PACKAGES = {"postgres": ("asyncpg", "postgres"), "mysql": ("asyncmy", "mysql")}
VERSION_TABLE = "version"


def make_database(url: DbUrl, options: DriverOptions, log: Log, process: int = 0, create: bool = False) -> Database:
    """A database by its driver; nothing is opened yet. Raises OperatorError where a package is missing."""
    if url.driver == "sqlite":
        return SqliteDatabase(url, create)
    if url.driver == "text":
        return TextDatabase(url, options)
    if url.driver == "flatstore":
        return FlatDatabase(url, options, process or os.getpid())
    package, extra = PACKAGES[url.driver]
    try:
        if url.driver == "postgres":
            from siprouter.db.postgres import PostgresDatabase

            return PostgresDatabase(url, options, log)
        from siprouter.db.mysql import MysqlDatabase

        return MysqlDatabase(url, options, log)
    except ImportError as error:
        hint = f"pip install 'siprouter[{extra}]'"
        raise OperatorError(f"{url.safe} needs the Python package {package}: {error}", suggestion=hint) from None


class Databases:
    """What the modules of one worker share. Closed behind the last module."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.options: dict[str, DriverOptions] = {}
        self._open: dict[DbUrl, Database] = {}
        self._watcher: Watcher | None = None
        worker.hooks.stopped.append(self.close)

    def driver_options(self, driver: str) -> DriverOptions:
        """Those of a driver; its module changes them before anything connects."""
        return self.options.setdefault(driver, DriverOptions())

    def get(self, text: str, who: str) -> Database:
        """The database at a URL, for module `who`. Raises OperatorError."""
        try:
            url = parse_url(text)
            found = self._open.get(url)
            if found is None:
                found = make_database(url, self.driver_options(url.driver), self.worker.log)
                self._open[url] = found
                watch(found, self._watcher)
        except OperatorError as error:
            raise OperatorError(f"{who}: {error.message}", error.location, error.suggestion) from None
        return found

    @property
    def watcher(self) -> Watcher | None:
        """Hears of every operation; None: nobody does, at no cost."""
        return self._watcher

    @watcher.setter
    def watcher(self, watcher: Watcher | None) -> None:
        self._watcher = watcher
        for database in self._open.values():
            watch(database, watcher)

    def all(self, driver: str) -> list[Database]:
        """Those of one driver."""
        return [database for url, database in self._open.items() if url.driver == driver]

    def close(self) -> None:
        """Close all."""
        for database in self._open.values():
            database.close()
        self._open.clear()


def databases(worker: Worker) -> Databases:
    """The databases of a worker."""
    found: Any = worker.services.get(SERVICE)
    if found is None:
        found = worker.services[SERVICE] = Databases(worker)
    shared: Databases = found
    return shared


def open_database(worker: Worker, url: str | None, module: str, *, query: bool = True) -> Database:
    """What a module calls in `configure` with its parameter db_url; nothing is connected before the first operation.

    `query` False: new rows are all that the module needs. Raises OperatorError.
    """
    if not url:
        raise OperatorError(
            f"{module}: db_url is empty", suggestion=f'modparam("{module}", "db_url", "sqlite:///path")'
        )
    found = databases(worker).get(url, module)
    if query and not found.can_query:
        message = f"{module}: {found.url.driver} takes new rows only, {module} needs to read"
        raise OperatorError(message, suggestion="use sqlite, mysql, postgres or text")
    return found


def check_names(module: str, names: dict[str, str | None]) -> None:
    """Check that parameters (name -> value) can be names of tables or columns. Raises OperatorError."""
    for param, name in names.items():
        if not name or not is_identifier(name):
            raise OperatorError(f"{module}: parameter {param} is no name of a table or column: '{name or ''}'")


async def table_version(database: Database, table: str) -> int:
    """The version of a table, 0 where table `version` does not know it. Raises DbError."""
    rows = await database.query(VERSION_TABLE, [("table_name", table)], ["table_version"], limit=1)
    return int(rows[0][0]) if rows else 0


async def check_version(database: Database, table: str, version: int, module: str) -> None:
    """What a module calls in `start`, as 3.1 does: refuse a table of another version than the module is made for.

    Raises OperatorError; also where the database cannot be reached.
    """
    try:
        found = await table_version(database, table)
    except DbRefusedError as error:
        hint = f"siprouter db create '{database.url.safe}'"
        raise OperatorError(f"{module}: table {VERSION_TABLE} cannot be read: {error}", suggestion=hint) from None
    except DbError as error:
        raise OperatorError(f"{module}: {error}") from None
    if found != version:
        message = f"{module}: table {table} has version {found}, {version} is needed"
        raise OperatorError(message, suggestion=f"siprouter db check '{database.url.safe}'")
