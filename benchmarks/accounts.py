"""The accounts of the load in an SQLite database."""

from __future__ import annotations

import atexit
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

PASSWORD = "secret"
REALM = "127.0.0.1"
OUR_VERSION = 6
"""of the table subscriber in 3.1"""
KAMAILIO_VERSION = 7
"""the same in Kamailio 5"""

TABLES = """
CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER NOT NULL DEFAULT 0);
CREATE TABLE subscriber (id INTEGER PRIMARY KEY, username VARCHAR(64) NOT NULL DEFAULT '',
    domain VARCHAR(64) NOT NULL DEFAULT '', password VARCHAR(25) NOT NULL DEFAULT '',
    email_address VARCHAR(64) NOT NULL DEFAULT '', ha1 VARCHAR(64) NOT NULL DEFAULT '',
    ha1b VARCHAR(64) NOT NULL DEFAULT '', rpid VARCHAR(64), UNIQUE (username, domain));
"""


def make_accounts(path: Path, users: int, version: int) -> None:
    """A new database; ``version`` is that of the table subscriber, which servers compare with what they know."""
    with sqlite3.connect(path) as database:
        database.executescript(TABLES)
        database.execute("INSERT INTO version VALUES ('subscriber', ?)", (version,))
        rows = ((f"u{user:010d}", REALM, PASSWORD) for user in range(users))
        database.executemany("INSERT INTO subscriber (username, domain, password) VALUES (?, ?, ?)", rows)
    database.close()


@cache
def accounts(users: int) -> dict[str, str]:
    """Databases with so many accounts, made once: the places to fill in in a configuration, and their paths."""
    folder = tempfile.TemporaryDirectory(prefix="siprouter-bench-accounts-")
    atexit.register(folder.cleanup)
    found = {}
    for place, version in (("@ACCOUNTS@", OUR_VERSION), ("@KAMAILIO_ACCOUNTS@", KAMAILIO_VERSION)):
        path = Path(folder.name, f"{version}.db")
        make_accounts(path, users, version)
        found[place] = str(path)
    return found
