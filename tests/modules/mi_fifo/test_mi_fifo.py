"""The mi_fifo module with real FIFOs."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.core.declare import mi
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker


class Client:
    """Writes requests and reads what comes into the reply FIFO."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "reply")
        self.reply = os.open(folder / "reply", os.O_RDONLY | os.O_NONBLOCK)
        self.request = os.open(folder / "fifo", os.O_WRONLY | os.O_NONBLOCK)

    async def ask(self, request: bytes) -> bytes:
        os.write(self.request, request)
        for _ in range(100_000):
            with contextlib.suppress(BlockingIOError):
                if data := os.read(self.reply, 65536):
                    return data
            await asyncio.sleep(0)
        raise AssertionError("no reply came")

    def close(self) -> None:
        os.close(self.reply)
        os.close(self.request)


@contextlib.asynccontextmanager
async def running(worker: FakeWorker, folder: Path, **params: int | str) -> AsyncIterator[Client]:
    worker.load("kex")
    worker.load("mi_fifo", fifo_name=str(folder / "fifo"), reply_dir=str(folder), **params)
    assert worker.configure_modules() == []
    await worker.start_modules()
    client = Client(folder)
    try:
        yield client
    finally:
        client.close()
        await worker.stop_modules()
    assert not (folder / "fifo").exists()


async def test_commands_and_replies(tmp_path: Path) -> None:
    worker = FakeWorker()
    async with running(worker, tmp_path, fifo_mode=0o600) as client:
        assert (tmp_path / "fifo").stat().st_mode & 0o777 == 0o600
        worker.counters.declare("test", "one").inc()
        assert await client.ask(b":get_statistics:reply\ntest:\n\n") == b"200 OK\ntest:one = 1\n\n"
        assert (await client.ask(b":uptime:reply\n\n")).startswith(b"200 OK\nNow:: ")
        assert await client.ask(b":no_such:reply\n\n") == b"500 command 'no_such' not available\n"
        assert await client.ask(b':get_statistics:reply\n"open\n\n') == b"400 parse error in command 'get_statistics'\n"
        assert await client.ask(b":get_statistics:reply\n\n") == b"400 Too few or too many arguments\n\n"
        assert await client.ask(b"::reply\n\n") == b"400 empty command\n"


async def test_requests_without_a_reply_and_with_a_bad_one(tmp_path: Path) -> None:
    worker = FakeWorker()
    async with running(worker, tmp_path) as client:
        requests = b":pwd:\n\n:pwd:nobody\n\n:pwd:../reply\n\nnonsense\n\n:pwd:reply\n\n"
        assert await client.ask(requests) == f"200 OK\nWD:: {Path.cwd()}\n\n".encode()
    assert [text.split(":")[0] for text in worker.texts()] == ["no reply to nobody", "bad request", "bad request"]


async def test_indent(tmp_path: Path) -> None:
    worker = FakeWorker()
    async with running(worker, tmp_path, reply_indent="..") as client:
        worker.registry.mis["tree"] = (mi("tree", lambda inst: {"a": {"b": "c"}}, help="a tree"), None)
        assert await client.ask(b":tree:reply\n\n") == b"200 OK\na:: \n..b:: c\n\n"


def load(worker: FakeWorker, **params: int | str) -> list[OperatorError]:
    worker.load("mi_fifo", **params)
    return worker.configure_modules()


def test_fifo_name_is_needed() -> None:
    (error,) = load(FakeWorker())
    assert "fifo_name" in error.suggestion


def test_reply_dir_must_be_a_directory(tmp_path: Path) -> None:
    (error,) = load(FakeWorker(), fifo_name="/x", reply_dir=str(tmp_path / "absent"))
    assert "not a directory" in error.message


def test_mode_0_would_let_nobody_in(tmp_path: Path) -> None:
    worker = FakeWorker()
    assert load(worker, fifo_name="/x", fifo_mode=0) == []
    assert worker.modules["mi_fifo"].fifo_mode == 0o600
    assert len(worker.texts()) == 1


async def test_owner(tmp_path: Path) -> None:
    worker = FakeWorker()
    async with running(worker, tmp_path, fifo_user=os.getuid(), fifo_group=str(os.getgid())):
        status = (tmp_path / "fifo").stat()
        assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())


@pytest.mark.parametrize("name", ["fifo_user", "fifo_group"])
def test_unknown_owner(name: str) -> None:
    with pytest.raises(OperatorError):
        load(FakeWorker(), **{name: "no-such-name"})


async def test_place_that_cannot_be_had_is_the_operators(tmp_path: Path) -> None:
    worker = FakeWorker()
    assert load(worker, fifo_name=str(tmp_path / "no" / "fifo")) == []
    with pytest.raises(OperatorError, match="cannot create"):
        await worker.start_modules()


async def test_nothing_is_opened_in_memory(tmp_path: Path) -> None:
    worker = FakeWorker()
    worker.services["in_memory"] = True
    assert load(worker, fifo_name=str(tmp_path / "fifo")) == []
    await worker.start_modules()
    assert not (tmp_path / "fifo").exists()
    await worker.stop_modules()
