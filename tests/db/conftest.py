"""A database of each kind, empty, for every test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from siprouter.db.databases import make_database
from siprouter.db.interface import Database
from siprouter.db.options import DriverOptions
from siprouter.db.url import parse_url
from siprouter.util.log import L_DBG, Log, Record
from tests.support.database_fixtures import mariadb_server, postgres_server

__all__ = ["mariadb_server", "postgres_server"]

KINDS = ("sqlite", "postgres", "mysql")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"postgres_server", "mariadb_server", "database_url"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("databases"))


@pytest.fixture
def records() -> list[Record]:
    return []


@pytest.fixture
def log(records: list[Record]) -> Log:
    return Log(records.append, L_DBG)


@pytest.fixture(params=KINDS)
async def database_url(request: pytest.FixtureRequest, tmp_path, log: Log) -> AsyncIterator[str]:
    """The URL of an empty database."""
    kind = request.param
    if kind == "sqlite":
        path = tmp_path / "test.db"
        path.touch()
        yield f"sqlite://{path}"
        return
    server = request.getfixturevalue(f"{'mariadb' if kind == 'mysql' else kind}_server")
    first = make_database(parse_url(server.url("postgres" if kind == "postgres" else "mysql")), DriverOptions(), log)
    try:
        await first.raw("DROP DATABASE IF EXISTS siptest")
        await first.raw("CREATE DATABASE siptest" + " CHARACTER SET utf8mb4" * (kind == "mysql"))
        yield server.url("siptest")
        if kind == "postgres":  # its sessions end a little after their connections
            for _ in range(100):
                _, rows = await first.raw("SELECT 1 FROM pg_stat_activity WHERE datname = 'siptest'")
                if not rows:
                    break
                await asyncio.sleep(0.01)
        await first.raw("DROP DATABASE siptest")
    finally:
        first.close()


@pytest.fixture
async def database(database_url: str, log: Log) -> AsyncIterator[Database]:
    found = make_database(parse_url(database_url), DriverOptions(connect_timeout=5), log)
    yield found
    found.close()
