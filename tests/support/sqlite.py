"""SQLite databases for tests of modules: all tables of 3.1, as `siprouter db create` makes them."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from siprouter.db.admin import connect, create_tables, wanted_tables
from siprouter.db.interface import now
from siprouter.db.schema import EXTRA, PRESENCE, STANDARD
from siprouter.db.sqlite import SqliteDatabase
from siprouter.util.log import Log


@cache
def empty_database() -> bytes:
    """A file with all tables."""
    database = connect("sqlite://:memory:", Log(lambda record: None), create=True)
    assert isinstance(database, SqliteDatabase)
    now(create_tables(database, wanted_tables((STANDARD, EXTRA, PRESENCE))))
    data = database.connection.serialize()
    database.close()
    return data


class Sqlite:
    """A database file, and what a test wants to do with it behind the router's back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite://{path}"
        if not path.exists():
            path.write_bytes(empty_database())

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def insert(self, table: str, **values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self.run(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values())
