"""The ctl module: parameters, sockets, and the commands about them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from siprouter.modules.ctl import ctl
from siprouter.rpc.binrpc import PacketReader, build_request, parse_values
from siprouter.rpc.call import call_rpc
from siprouter.rpc.core import register_core_rpcs
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def worker() -> FakeWorker:
    made = FakeWorker()
    register_core_rpcs(made)
    return made


async def values(worker: FakeWorker, name: str, *params: RpcValue) -> list[RpcValue]:
    return (await call_rpc(worker, name, params)).values


async def ask(streams: Streams, name: str, *params: RpcValue) -> list[RpcValue]:
    reader, writer = streams
    writer.write(build_request(1, name, params))
    packets = PacketReader()
    packets.feed(await asyncio.wait_for(reader.read(65536), 5))
    packet = packets.next()
    assert packet is not None
    return parse_values(packet.body)


async def test_default_address(worker: FakeWorker) -> None:
    worker.load("ctl")
    assert worker.configure_modules() == []
    assert await values(worker, "ctl.listen") == ["binrpc", "unix_stream", "/tmp/ser_ctl", ""]


async def test_listen_and_who(worker: FakeWorker, tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    worker.load("ctl", binrpc=[f"unix:{path}", f"unixd:{path}.d"], fifo=f"fifo:{path}.f", mode=0o640)
    assert worker.configure_modules() == []
    await worker.start_modules()
    try:
        assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("ctl", "ctl.d", "ctl.f")} == {
            "ctl": 0o640, "ctl.d": 0o640, "ctl.f": 0o640
        }  # fmt: skip
        assert await values(worker, "ctl.listen") == [
            "binrpc", "unix_stream", path, "", "binrpc", "unix_dgram", f"{path}.d", "", "fifo", "fifo", f"{path}.f", ""
        ]  # fmt: skip
        assert await values(worker, "ctl.connections") == [0]
        with pytest.raises(RpcError) as caught:
            await values(worker, "ctl.who")
        assert (caught.value.code, caught.value.message) == (400, "no open stream connection")
        streams = await asyncio.open_unix_connection(path)
        assert await ask(streams, "ctl.who") == ["binrpc", "unix_stream", "<anonymous unix socket>", "", path, ""]
        assert await ask(streams, "ctl.connections") == [1]
        streams[1].close()
    finally:
        await worker.stop_modules()
    assert not list(os.scandir(tmp_path))


async def test_who_over_tcp_and_autoconversion(worker: FakeWorker, free_tcp_port: int) -> None:
    worker.load("ctl", binrpc=f"tcp:127.0.0.1:{free_tcp_port}", autoconversion=1)
    assert worker.configure_modules() == []
    await worker.start_modules()
    try:
        streams = await asyncio.open_connection("127.0.0.1", free_tcp_port)
        mine = streams[1].get_extra_info("sockname")
        assert await ask(streams, "ctl.who") == [
            "binrpc",
            "tcp",
            "127.0.0.1",
            str(mine[1]),
            "127.0.0.1",
            str(free_tcp_port),
        ]
        assert await ask(streams, "core.printi", "7") == [7]
        streams[1].close()
    finally:
        await worker.stop_modules()


async def test_text_protocol_over_tcp(worker: FakeWorker, free_tcp_port: int) -> None:
    worker.load("ctl", fifo=f"tcp:127.0.0.1:{free_tcp_port}")
    assert worker.configure_modules() == []
    await worker.start_modules()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", free_tcp_port)
        writer.write(b":core.echo:\none\ntwo\n\n")
        assert await asyncio.wait_for(reader.read(1000), 5) == b"200 OK\none\ntwo\n"
        writer.close()
    finally:
        await worker.stop_modules()


async def test_text_protocol_through_a_fifo(
    worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctl, "REPLY_DIRECTORY", str(tmp_path))
    path = tmp_path / "fifo"
    worker.load("ctl", fifo=str(path))
    assert worker.configure_modules() == []
    await worker.start_modules()
    os.mkfifo(tmp_path / "reply")
    reply_end = os.open(tmp_path / "reply", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        for request, answer in (
            (b":core.echo:reply\nx\n\n", b"200 OK\nx\n"),
            (b"::reply\n\n", b"400 empty command\n"),
        ):
            os.write(writer, request)
            assert await read_some(reply_end) == answer
        os.write(writer, b":core.echo:nobody\n\n:core.echo:\n\n:core.echo:reply\nlast\n\n")
        assert await read_some(reply_end) == b"200 OK\nlast\n"
    finally:
        os.close(writer)
        os.close(reply_end)
        await worker.stop_modules()
    assert [text.split(":")[0] for text in worker.texts()] == ["bad FIFO request", "no FIFO reply to nobody"]


async def read_some(descriptor: int) -> bytes:
    """What comes out of a FIFO, once something comes."""
    for _ in range(100_000):
        try:
            if data := os.read(descriptor, 1000):
                return data
        except BlockingIOError:
            pass
        await asyncio.sleep(0)
    raise AssertionError("nothing came")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("binrpc", "udp:localhost:99999"),
        ("binrpc", "unix:"),
        ("binrpc", "fifo:/tmp/x"),
        ("fifo", "tcp:[::1"),
        ("user", "no-such-user"),
        ("group", "no-such-group"),
    ],
)
def test_bad_parameters(worker: FakeWorker, name: str, value: str) -> None:
    with pytest.raises(OperatorError):
        worker.load("ctl", **{name: value})


async def test_user_and_group(worker: FakeWorker, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    worker.load("ctl", binrpc=f"unix:{path}", user=os.getuid(), group=str(os.getgid()))
    assert worker.configure_modules() == []
    await worker.start_modules()
    assert (path.stat().st_uid, path.stat().st_gid) == (os.getuid(), os.getgid())
    await worker.stop_modules()


async def test_address_that_cannot_be_had_is_the_operators(worker: FakeWorker, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    worker.load("ctl", binrpc=[f"unix:{path}", f"unix:{tmp_path}/no/such/folder"])
    assert worker.configure_modules() == []
    with pytest.raises(OperatorError, match="cannot listen on unix_stream"):
        await worker.start_modules()
    assert not path.exists()


async def test_nothing_is_opened_in_memory(worker: FakeWorker, tmp_path: Path) -> None:
    worker.services["in_memory"] = True
    worker.load("ctl", binrpc=f"unix:{tmp_path}/ctl")
    assert worker.configure_modules() == []
    await worker.start_modules()
    assert not list(os.scandir(tmp_path))
    await worker.stop_modules()


def test_buffer_sizes_say_that_they_do_nothing(worker: FakeWorker) -> None:
    worker.load("ctl", binrpc_max_body_size=10, binrpc_struct_max_body_size=3)
    assert [text.split(" has no effect")[0] for text in worker.texts()] == [
        "parameter binrpc_max_body_size of module ctl",
        "parameter binrpc_struct_max_body_size of module ctl",
    ]
