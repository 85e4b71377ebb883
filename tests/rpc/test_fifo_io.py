"""rpc/fifo_io.py with real FIFOs: clients that behave, that vanish, and that point elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.rpc import fifo_io
from siprouter.rpc.fifo import FifoError, FifoRequest
from siprouter.rpc.fifo_io import REPLY_RETRIES, FifoListener, write_reply
from siprouter.rpc.owner import Ownership
from siprouter.util.log import Log, Record

Requests = asyncio.Queue[FifoRequest | FifoError]


@contextlib.asynccontextmanager
async def listening(path: Path, records: list[Record] | None = None) -> AsyncIterator[Requests]:
    requests: Requests = asyncio.Queue()

    async def handle(request: FifoRequest | FifoError) -> None:
        await requests.put(request)
        if isinstance(request, FifoRequest) and request.command == "crash":
            raise KeyError("crash")

    log = Log(records.append if records is not None else lambda record: None)
    listener = FifoListener(str(path), Ownership(0o620, os.getuid()), handle, log)
    await listener.open()
    try:
        yield requests
    finally:
        await listener.close()


def put(path: Path, data: bytes) -> None:
    """What a shell's `echo … > fifo` does."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        assert os.write(descriptor, data) == len(data)
    finally:
        os.close(descriptor)


async def get(requests: Requests) -> FifoRequest | FifoError:
    return await asyncio.wait_for(requests.get(), 5)


async def test_requests_of_many_writers(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    async with listening(path) as requests:
        assert path.is_fifo() and path.stat().st_mode & 0o777 == 0o620
        put(path, b":which:r\n\n")
        assert await get(requests) == FifoRequest("which", "r", [])
        put(path, b":ps:r\nx\n")
        put(path, b"\n:a:\n\nbad\n\n:b:\n\n")
        assert await get(requests) == FifoRequest("ps", "r", ["x"])
        assert await get(requests) == FifoRequest("a", "", [])
        assert isinstance(await get(requests), FifoError)
        assert await get(requests) == FifoRequest("b", "", [])
    assert not path.exists()


async def test_writer_that_vanishes_costs_its_own_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fifo_io, "REST_TIMEOUT", 0.01)
    records: list[Record] = []
    path = tmp_path / "fifo"
    async with listening(path, records) as requests:
        put(path, b":half:r\nargument")
        for _ in range(5000):
            if records:
                break
            await asyncio.sleep(0.001)
        put(path, b":whole:r\n\n")
        assert await get(requests) == FifoRequest("whole", "r", [])
    assert [record.text for record in records] == [f"unfinished request in {path} dropped"]


async def test_handler_that_fails_is_logged(tmp_path: Path) -> None:
    records: list[Record] = []
    path = tmp_path / "fifo"
    async with listening(path, records) as requests:
        put(path, b":crash:\n\n:ok:\n\n")
        assert await get(requests) == FifoRequest("crash", "", [])
        assert await get(requests) == FifoRequest("ok", "", [])
    assert "KeyError" in records[0].text


async def test_stale_fifo_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    async with listening(path) as requests:
        put(path, b":x:\n\n")
        assert await get(requests) == FifoRequest("x", "", [])
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        async with listening(path):
            pytest.fail("FIFO took the place of a file")
    assert path.read_text() == "precious"


async def test_fifo_that_another_server_made_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    async with listening(path):
        path.rename(tmp_path / "old")
        os.mkfifo(path)
    assert path.exists()


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_reply_waits_for_the_client_and_for_room(tmp_path: Path) -> None:
    path = tmp_path / "reply"
    os.mkfifo(path)
    naps = 0
    reader = -1

    async def nap(seconds: float) -> None:
        nonlocal naps, reader
        naps += 1
        if naps == 2:
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    data = os.urandom(300_000)
    task = asyncio.create_task(write_reply(str(path), data, nap))
    received = b""
    while not task.done() or len(received) < len(data):
        await asyncio.sleep(0)
        if reader >= 0:
            with contextlib.suppress(BlockingIOError):
                received += os.read(reader, 65536)
    await task
    os.close(reader)
    assert received == data
    assert naps == 2


async def test_client_that_never_opens_its_fifo(tmp_path: Path) -> None:
    path = tmp_path / "reply"
    os.mkfifo(path)
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    with pytest.raises(OSError):
        await write_reply(str(path), b"x", nap)
    assert len(naps) == REPLY_RETRIES


async def test_client_that_stops_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fifo_io, "WRITE_TIMEOUT", 0.01)
    path = tmp_path / "reply"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(TimeoutError):
            await write_reply(str(path), bytes(1_000_000), no_sleep)
    finally:
        os.close(reader)


async def test_client_that_closes_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "reply"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    task = asyncio.create_task(write_reply(str(path), bytes(1_000_000), no_sleep))
    await asyncio.sleep(0)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        await asyncio.wait_for(task, 5)


@pytest.mark.parametrize("kind", ["absent", "file", "link", "hard link", "directory"])
async def test_replies_go_to_plain_fifos_only(tmp_path: Path, kind: str) -> None:
    path, real = tmp_path / "reply", tmp_path / "real"
    os.mkfifo(real)
    if kind == "file":
        path.write_text("precious")
    elif kind == "link":
        path.symlink_to(real)
    elif kind == "hard link":
        path.hardlink_to(real)
    elif kind == "directory":
        path.mkdir()
    reader = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(OSError):
            await write_reply(str(path), b"x", no_sleep)
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)
    assert kind != "file" or path.read_text() == "precious"
