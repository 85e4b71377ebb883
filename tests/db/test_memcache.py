"""The memcached client: against Debian's memcached, and against servers that talk nonsense."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.db.memcache import MAX_VALUE, Entry, Memcache, MemcacheError
from tests.support.memcached import Memcached
from tests.support.ports import Ports


@pytest.fixture
async def server(tmp_path: Path, ports: Ports) -> AsyncIterator[Memcached]:
    with Memcached(tmp_path, ports) as running:
        yield running


def client(port: int, told: list[str | None] | None = None, timeout: float = 20.0) -> Memcache:
    heard = [] if told is None else told
    return Memcache("127.0.0.1", port, timeout, heard.append)


async def test_commands(server: Memcached) -> None:
    cache = client(server.port)
    octets = bytes(range(256)) + b"\r\nEND\r\n"
    assert await cache.get(b"k") is None
    await cache.set(b"k", octets, 7, 0)
    assert await cache.get(b"k") == Entry(octets, 7)
    assert not await cache.add(b"k", b"x", 0, 0)
    assert await cache.add(b"n", b"10", 0, 0)
    assert (await cache.count(b"n", 5), await cache.count(b"n", -20), await cache.count(b"none", 1)) == (15, 0, None)
    assert (await cache.touch(b"n", 100), await cache.touch(b"none", 1)) == (True, False)
    assert (await cache.delete(b"k"), await cache.delete(b"k")) == (True, False)
    await cache.set(b"big", b"x" * 900_000, 0, 0)
    assert await cache.get(b"big") == Entry(b"x" * 900_000, 0)
    with pytest.raises(MemcacheError, match="too long"):
        await cache.set(b"big", b"x" * (MAX_VALUE + 1), 0, 0)
    with pytest.raises(MemcacheError, match="CLIENT_ERROR"):
        await cache.count(b"big", 1)
    assert await cache.get(b"n") == Entry(b"0 ", 0)
    await cache.close()


async def test_many_at_once(server: Memcached) -> None:
    cache = client(server.port)
    await asyncio.gather(*[cache.set(b"k%d" % n, b"%d" % n, 0, 0) for n in range(500)])
    found = await asyncio.gather(*[cache.get(b"k%d" % n) for n in range(500)])
    assert [entry.value for entry in found if entry] == [b"%d" % n for n in range(500)]
    await cache.close()


async def test_a_server_that_goes_and_comes(server: Memcached) -> None:
    told: list[str | None] = []
    cache = client(server.port, told)
    await cache.set(b"k", b"v", 0, 0)
    server.stop()
    for _ in range(5):
        with pytest.raises(MemcacheError):
            await cache.get(b"k")
    assert len(told) == 1 and told[0] is not None
    server.start()
    server.ready()
    for _ in range(600):
        try:
            assert await cache.get(b"k") is None
            break
        except MemcacheError:
            await asyncio.sleep(0.05)
    assert told[1:] == [None]
    await cache.close()


async def test_a_server_that_hangs(server: Memcached) -> None:
    cache = client(server.port, timeout=0.5)
    await cache.set(b"a", b"1", 0, 0)
    server.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
    try:
        with pytest.raises(MemcacheError, match=r"no answer within 0\.5 seconds"):
            await cache.get(b"a")
    finally:
        server.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]
    for _ in range(200):  # answers to old commands are never taken for those to new ones
        try:
            assert await cache.get(b"b") is None
            break
        except MemcacheError:
            await asyncio.sleep(0.05)
    await cache.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n",
        b"VALUE k 0\r\n",
        b"VALUE k 0 x\r\n",
        b"VALUE k 0 9999999999\r\n",
        b"VALUE other 0 1\r\nx\r\nEND\r\n",
        b"VALUE k x 1\r\nx\r\nEND\r\n",
        b"VALUE k 0 1\r\nxyz\r\nEND\r\n",
        b"x" * 5000,
        b"END\r\nEND\r\n",
        b"",
    ],
)
async def test_a_server_that_talks_nonsense(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    cache = client(server.sockets[0].getsockname()[1])
    if answer.startswith(b"END"):
        assert await cache.get(b"k") is None
    else:
        with pytest.raises(MemcacheError):
            await cache.get(b"k")
    await cache.close()
    server.close()
    await server.wait_closed()


async def test_nobody_there(ports: Ports) -> None:
    told: list[str | None] = []
    cache = client(ports.take(), told)
    results = await asyncio.gather(*[cache.get(b"k") for _ in range(20)], return_exceptions=True)
    assert all(isinstance(result, MemcacheError) for result in results)
    assert len(told) == 1
    await cache.close()
