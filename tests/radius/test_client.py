"""The client and a server within the same loop: what goes wrong, and how many requests there can be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.radius.attributes import Pair, encode
from siprouter.radius.client import RadiusClient
from siprouter.radius.config import read_config
from siprouter.radius.errors import RadiusRequestError, RadiusUnavailableError
from siprouter.radius.server import IDENTIFIERS, MAX_SOCKETS
from siprouter.util.log import Log, Record
from tests.support.radius_server import ACCEPT, Answer, RadiusServer, Received, accept, radius_config

MOST = IDENTIFIERS * MAX_SOCKETS


class World:
    def __init__(self, folder: Path, log: Log) -> None:
        self.folder = folder
        self.log = log
        self.servers: list[RadiusServer] = []
        self.clients: list[RadiusClient] = []

    async def server(self) -> RadiusServer:
        made = RadiusServer()
        self.servers.append(made)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, sock=made.socket)
        return made

    def client(self, *ports: int, more: str = "", timeout: int = 1, retries: int = 0) -> RadiusClient:
        path = radius_config(self.folder, *ports, more=more, timeout=timeout, retries=retries)
        made = RadiusClient(read_config(path), self.log)
        self.clients.append(made)
        return made


@pytest.fixture
async def world(tmp_path: Path, log: Log) -> AsyncIterator[World]:
    made = World(tmp_path, log)
    yield made
    for client in made.clients:
        client.close()
    for server in made.servers:
        server.close()
    await asyncio.sleep(0)


def pairs(client: RadiusClient, user: str = "alice") -> list[Pair]:
    return [encode(client.dictionary.find("User-Name"), user)]


async def test_more_requests_than_identifiers(world: World) -> None:
    server = await world.server()
    client = world.client(server.port, timeout=60)
    held: list[Received] = []
    server.answer = lambda request: held.append(request)
    tasks = [asyncio.create_task(client.authenticate(pairs(client))) for _ in range(MOST + 10)]
    async with asyncio.timeout(60):
        while len(held) < MOST or sum(task.done() for task in tasks) < 10:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.01)
    done = [task for task in tasks if task.done()]
    waiting = [task for task in tasks if not task.done()]
    assert (len(done), len(waiting)) == (10, MOST)
    for task in done:
        with pytest.raises(RadiusUnavailableError, match="too many requests"):
            task.result()
    client.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, RadiusUnavailableError) for result in results)


async def test_each_request_gets_its_own_answer(world: World) -> None:
    server = await world.server()
    client = world.client(server.port, timeout=30)
    reply_message = client.dictionary.find("Reply-Message")
    server.answer = lambda request: (ACCEPT, [(18, request.attributes[1][0])])
    names = [f"user-{number}" for number in range(900)]
    replies = await asyncio.gather(*[client.authenticate(pairs(client, name)) for name in names])
    assert [reply.texts(reply_message) for reply in replies] == [[name] for name in names]


async def test_sockets_are_opened_anew_where_a_server_was_away(world: World) -> None:
    server = await world.server()
    client = world.client(server.port)
    server.answer = lambda request: None
    with pytest.raises(RadiusUnavailableError, match="does not answer"):
        await client.authenticate(pairs(client))
    server.answer = accept
    assert (await client.authenticate(pairs(client))).accepted


async def test_a_socket_that_breaks_is_replaced(world: World) -> None:
    server = await world.server()
    client = world.client(server.port)
    assert (await client.authenticate(pairs(client))).accepted
    for one in list(client._auth[0]._sockets):
        assert one.transport is not None
        one.transport.abort()
    await asyncio.sleep(0)
    assert (await client.authenticate(pairs(client))).accepted


async def test_a_server_that_failed_is_asked_last(world: World, records: list[Record]) -> None:
    first, second = await world.server(), await world.server()
    client = world.client(first.port, second.port)
    first.answer = lambda request: None
    for _ in range(3):
        assert (await client.authenticate(pairs(client))).accepted
    assert (len(first.requests), len(second.requests)) == (1, 3)
    second.answer = lambda request: None
    first.answer = accept
    assert (await client.authenticate(pairs(client))).accepted
    assert [record.text.rpartition(": ")[2] for record in records if record.level < 0] == ["the next one is asked"] * 2
    assert any("answers again" in record.text for record in records)


async def test_without_dead_time_the_first_one_is_always_asked(world: World) -> None:
    first, second = await world.server(), await world.server()
    client = world.client(first.port, second.port, more="radius_deadtime 0")
    first.answer = lambda request: None
    for _ in range(2):
        assert (await client.authenticate(pairs(client))).accepted
    assert len(first.requests) == 2


async def test_nobody_listens(world: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = world.client(port)
    with pytest.raises(RadiusUnavailableError, match="nobody listens"):
        await client.account(pairs(client))
    # somebody who waits for an answer has time for a server that comes back
    with pytest.raises(RadiusUnavailableError, match="does not answer"):
        await client.authenticate(pairs(client))


async def test_unknown_hosts_and_addresses(world: World) -> None:
    client = world.client(more="authserver nowhere.invalid:1812:x")
    with pytest.raises(RadiusUnavailableError, match=r"nowhere\.invalid:1812"):
        await client.authenticate(pairs(client))
    with pytest.raises(RadiusUnavailableError, match="names no server"):
        await client.account(pairs(client))


async def test_requests_that_cannot_be_written(world: World) -> None:
    server = await world.server()
    client = world.client(server.port)
    with pytest.raises(RadiusRequestError, match="octets, at most 4096"):
        await client.authenticate(pairs(client, "x" * 253) * 20)
    assert (await client.authenticate(pairs(client))).accepted


@pytest.mark.parametrize(
    ("setting", "accepted"), [("no", [True, True, True]), ("yes", [True, False, True]), ("auto", [True, False, True])]
)
async def test_message_authenticators(world: World, setting: str, accepted: list[bool]) -> None:
    server = await world.server()
    client = world.client(server.port, more=f"require-message-authenticator {setting}")
    found = []
    for signs in (True, False, True):
        server.signs = signs
        try:
            found.append((await client.authenticate(pairs(client))).accepted)
        except RadiusUnavailableError:
            found.append(False)
    assert found == accepted
    assert client.bad_replies == accepted.count(False)


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x02\x00\x00\x14" + bytes(16), bytes(20), b"\xff" * 5000])
async def test_garbage_is_no_answer(world: World, data: bytes) -> None:
    server = await world.server()
    client = world.client(server.port)

    def answer(request: Received) -> Answer:
        for one in client._auth[0]._sockets:
            client._auth[0].received(one, data[:1] + bytes((request.number,)) + data[2:])
        return ACCEPT, []

    server.answer = answer
    assert (await client.authenticate(pairs(client))).accepted
