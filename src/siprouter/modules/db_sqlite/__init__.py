"""db_sqlite: SQLite for modules with a database."""

from siprouter.core.declare import Module
from siprouter.modules.db_sqlite.driver import DbSqlite

module = Module("db_sqlite", help="Driver for SQLite (sqlite:///path/of/file)", state=DbSqlite)
