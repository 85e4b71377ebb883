"""Servers that go away and come back, answer late, or are asked for too much at once."""

from __future__ import annotations

import asyncio

import pytest

from siprouter.db.databases import make_database
from siprouter.db.errors import DbUnavailableError
from siprouter.db.interface import Database
from siprouter.db.options import DriverOptions
from siprouter.db.url import parse_url
from siprouter.util.log import Log, Record
from tests.support.databases import PASSWORD, DatabaseServer
from tests.support.ports import Ports

SYSTEM = {"postgres": "postgres", "mysql": "mysql"}
SLEEP = {"postgres": "SELECT pg_sleep(5)", "mysql": "SELECT SLEEP(5)"}


@pytest.fixture(params=["postgres", "mysql"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    found: DatabaseServer = request.getfixturevalue(
        {"postgres": "postgres_server", "mysql": "mariadb_server"}[request.param]
    )
    return found


def connect(server: DatabaseServer, log: Log, **options: float) -> Database:
    url = parse_url(server.url(SYSTEM[server.scheme]))
    return make_database(url, DriverOptions(**{"connect_timeout": 5, **options}), log)  # type: ignore[arg-type]


async def one(database: Database) -> int:
    _, rows = await database.raw("SELECT 1")
    return int(rows[0][0])


async def test_a_crash_costs_what_runs_and_nothing_else(
    server: DatabaseServer, log: Log, records: list[Record]
) -> None:
    database = connect(server, log)
    assert await one(database) == 1
    server.crash()
    with pytest.raises(DbUnavailableError):
        await one(database)
    with pytest.raises(DbUnavailableError):
        await one(database)
    assert [record.text for record in records if "is not reachable" in record.text]
    await asyncio.to_thread(server.restart)
    async with asyncio.timeout(30):
        while True:
            try:
                assert await one(database) == 1
                break
            except DbUnavailableError:
                await asyncio.sleep(0.05)
    assert "is reachable again" in records[-1].text
    database.close()


async def test_reads_survive_a_restart(server: DatabaseServer, log: Log) -> None:
    database = connect(server, log)
    assert await asyncio.gather(*(one(database) for _ in range(5))) == [1] * 5
    await asyncio.to_thread(server.crash)
    await asyncio.to_thread(server.restart)
    async with asyncio.timeout(30):
        while True:  # a crashed PostgreSQL recovers for a moment
            try:
                await database.tables()
                break
            except DbUnavailableError:
                await asyncio.sleep(0.05)
    assert await one(database) == 1
    database.close()


async def test_a_slow_statement_is_given_up(server: DatabaseServer, log: Log) -> None:
    errors: list[int] = []
    database = connect(server, log, statement_timeout=0.2)
    database.pool.options.on_error = lambda: errors.append(1)  # type: ignore[attr-defined]
    with pytest.raises(DbUnavailableError, match="no answer in time") as caught:
        await database.raw(SLEEP[server.scheme])
    assert caught.value.in_doubt
    assert errors == [1]
    assert await one(database) == 1
    database.close()


async def test_connections_are_bounded(server: DatabaseServer, log: Log) -> None:
    database = connect(server, log, pool_size=2)
    assert await asyncio.gather(*(one(database) for _ in range(40))) == [1] * 40
    assert len(database.pool._idle) == 2  # type: ignore[attr-defined]
    database.close()
    with pytest.raises(DbUnavailableError, match="is closed"):
        await one(database)


async def test_without_auto_reconnect_a_broken_connection_is_the_end(server: DatabaseServer, log: Log) -> None:
    database = connect(server, log, reconnect=False, statement_timeout=0.2)
    assert await one(database) == 1
    with pytest.raises(DbUnavailableError):
        await database.raw(SLEEP[server.scheme])
    with pytest.raises(DbUnavailableError, match="is turned off"):
        await one(database)
    database.close()


@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
async def test_nobody_there(scheme: str, ports: Ports, log: Log, records: list[Record]) -> None:
    database = make_database(parse_url(f"{scheme}://u:{PASSWORD}@127.0.0.1:{ports.take()}/x"), DriverOptions(), log)
    for _ in range(3):
        with pytest.raises(DbUnavailableError, match="is not reachable"):
            await one(database)
    assert len(records) == 1
    assert PASSWORD not in records[0].text
    database.close()


async def test_a_wrong_password_is_told(server: DatabaseServer, log: Log) -> None:
    url = parse_url(server.url(SYSTEM[server.scheme]).replace(PASSWORD, "wrong"))
    database = make_database(url, DriverOptions(), log)
    with pytest.raises(DbUnavailableError, match=r"(?i)password|denied"):
        await one(database)
    database.close()
