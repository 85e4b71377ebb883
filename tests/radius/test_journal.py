"""Records on their way to a server that fails in all the ways it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.db import journal as journals
from siprouter.radius import journal as radius_journals
from siprouter.radius.client import RadiusClient
from siprouter.radius.config import read_config
from siprouter.radius.journal import WINDOW, RadiusJournal
from siprouter.util.log import Log, Record
from tests.support.radius_server import Answer, RadiusServer, Received, accept, radius_config

SESSION, USER, DELAY = 44, 1, 41
NOW = 1_000_050


class World:
    def __init__(self, folder: Path, log: Log) -> None:
        self.path = folder / "journal"
        self.log = log
        self.server = RadiusServer()
        config = radius_config(folder, self.server.port, timeout=1, retries=0)
        self.client = RadiusClient(read_config(config), log)
        self.journal = self.open()

    def open(self) -> RadiusJournal:
        spawn = lambda coroutine, name: asyncio.get_running_loop().create_task(coroutine)  # noqa: E731
        made = RadiusJournal(self.path, self.client, self.log, spawn, lambda: float(NOW))
        made.open()
        return made

    def note(self, *numbers: int, session: str = "") -> None:
        for number in numbers:
            record = [("User-Name", f"u{number}"), ("Acct-Session-Id", session or f"s{number}")]
            assert self.journal.add(record, 1_000_000)

    async def drained(self) -> None:
        async with asyncio.timeout(60):
            while self.journal.pending:  # noqa: ASYNC110  # it has no event for that
                await asyncio.sleep(0.001)

    @property
    def users(self) -> list[str | None]:
        return [request.text(USER) for request in self.server.requests]


@pytest.fixture
async def world(tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(journals, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(journals, "LONGEST_DELAY", 0.01)
    monkeypatch.setattr(radius_journals, "STOP_TIME", 0.05)
    made = World(tmp_path, log)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: made.server, sock=made.server.socket)
    yield made
    await made.journal.stop()
    made.client.close()
    made.server.close()
    await asyncio.sleep(0)


async def test_records_arrive_in_order(world: World) -> None:
    world.note(*range(300))
    await world.drained()
    assert sorted(world.users, key=lambda user: int((user or "")[1:])) == [f"u{number}" for number in range(300)]
    assert {request.integer(DELAY) for request in world.server.requests} == {50}


async def test_those_of_one_session_wait_for_each_other(world: World) -> None:
    waiting: list[str | None] = []

    def answer(request: Received) -> Answer:
        waiting.append(request.text(USER))
        return accept(request) if len(waiting) > 1 else None

    world.server.answer = answer
    world.note(*range(10), session="same")
    await world.drained()
    # the first one was lost, and nobody overtook it
    assert world.users == ["u0", *[f"u{number}" for number in range(10)]]


async def test_what_a_server_has_is_not_sent_again(world: World) -> None:
    lost = {"u3", "u7"}

    def answer(request: Received) -> Answer:
        user = request.text(USER) or ""
        if user in lost:
            lost.remove(user)
            return None
        return accept(request)

    world.server.answer = answer
    world.note(*range(10))
    await world.drained()
    assert sorted(user or "" for user in world.users) == sorted([f"u{number}" for number in range(10)] + ["u3", "u7"])


async def test_a_server_that_is_away_is_tried_with_one_record(world: World, records: list[Record]) -> None:
    world.server.answer = lambda request: None
    world.note(*range(WINDOW))
    async with asyncio.timeout(60):
        while len(world.server.requests) < WINDOW + 2:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.01)
    world.server.answer = accept
    await world.drained()
    texts = [record.text for record in records if record.level < 0 or "again" in record.text]
    assert "records wait in the journal" in texts[0]
    assert "is written to the RADIUS server again" in texts[-1]
    assert len([text for text in texts if "records wait" in text]) == 1


async def test_what_cannot_be_sent_is_put_aside(world: World, records: list[Record]) -> None:
    world.journal.add([("No-Such-Attribute", "x")], NOW)
    world.journal.add([("User-Name", "x" * 253)] * 20, NOW)
    world.journal.add_line(b'{"not": "a record"}\n')
    world.journal.add_line(b"not even JSON\n")
    world.note(1)
    await world.drained()
    assert world.users == ["u1"]
    assert world.journal.refused == 2
    refused = world.path.with_name("journal.refused").read_text()
    assert "No-Such-Attribute" in refused and "at most 4096" in refused
    assert len([record for record in records if "is damaged" in record.text]) == 2


async def test_stopping_leaves_what_cannot_be_sent(world: World) -> None:
    world.server.answer = lambda request: None
    world.note(1, 2, 3)
    await asyncio.sleep(0.01)
    await world.journal.stop()
    seen = len(world.server.requests)
    world.server.answer = accept
    world.journal = world.open()
    await world.drained()
    assert sorted(user or "" for user in world.users[seen:]) == ["u1", "u2", "u3"]
