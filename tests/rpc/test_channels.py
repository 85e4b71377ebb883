"""rpc/channels.py on real sockets of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from siprouter.core.worker import Worker
from siprouter.rpc import channels
from siprouter.rpc.addresses import TCP, UDP, UNIX_DATAGRAM, UNIX_STREAM, ControlAddress
from siprouter.rpc.binrpc import PacketReader, build_request, parse_values
from siprouter.rpc.channels import DatagramListener, StreamListener, make_listener
from siprouter.rpc.owner import Ownership
from siprouter.rpc.sessions import BinrpcSession
from siprouter.rpc.values import RpcValue
from siprouter.util.log import Record
from tests.support.ports import Ports


@contextlib.asynccontextmanager
async def listening(
    worker: Worker, address: ControlAddress, mode: int = 0o600
) -> AsyncIterator[StreamListener | DatagramListener]:
    def session() -> BinrpcSession:
        return BinrpcSession(worker, max_reply=2000)

    listener = make_listener(address, Ownership(mode, os.getuid()), session, worker.log, "binrpc")
    await listener.open()
    try:
        yield listener
    finally:
        await listener.close()


def values(data: bytes) -> list[RpcValue]:
    reader = PacketReader()
    reader.feed(data)
    packet = reader.next()
    assert packet is not None
    return parse_values(packet.body)


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, *params: RpcValue
) -> list[RpcValue]:
    writer.write(build_request(1, method, params))
    return values(await asyncio.wait_for(reader.read(65536), 5))


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("waited in vain")


async def finish(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_unix_stream(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    async with listening(worker, ControlAddress(UNIX_STREAM, str(path)), 0o640):
        assert path.stat().st_mode & 0o777 == 0o640
        assert not path.with_name("ctl.new").exists()
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert await ask(reader, writer, "sample.add", 1) == [11]
        assert await ask(reader, writer, "core.echo", "x") == ["x"]
        await finish(writer)
    assert not path.exists()


async def test_tcp_and_the_list_of_connections(worker: Worker, ports: Ports) -> None:
    port = ports.take()
    async with listening(worker, ControlAddress(TCP, "127.0.0.1", port)) as listener:
        assert isinstance(listener, StreamListener)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await ask(reader, writer, "sample.add", 1) == [11]
        (connection,) = listener.connections
        assert connection.remote == writer.get_extra_info("sockname")
        assert connection.local == ("127.0.0.1", port)
        await finish(writer)


async def test_header_that_is_no_binrpc_ends_the_connection(worker: Worker, ports: Ports) -> None:
    port = ports.take()
    async with listening(worker, ControlAddress(TCP, "127.0.0.1", port)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        data = await asyncio.wait_for(reader.read(), 5)
        assert values(data) == [400, "bad request: corrupted packet"]
        await finish(writer)


async def test_udp(worker: Worker, ports: Ports) -> None:
    port = ports.take()
    loop = asyncio.get_running_loop()
    async with listening(worker, ControlAddress(UDP, "127.0.0.1", port)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(("127.0.0.1", port))
            client.send(b"\xa1")  # half a header: dropped
            client.send(build_request(5, "sample.wait", ["x"]))
            assert values(await asyncio.wait_for(loop.sock_recv(client, 65536), 5)) == ["x", "x"]
            client.send(build_request(6, "core.echo", ["x" * 3000]))
            assert values(await asyncio.wait_for(loop.sock_recv(client, 65536), 5)) == [500, "reply too big"]


async def test_unix_datagram(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    loop = asyncio.get_running_loop()
    async with listening(worker, ControlAddress(UNIX_DATAGRAM, str(path))):
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
            nameless.sendto(build_request(4, "sample.add", [1]), str(path))  # nowhere to send the reply
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.bind(str(tmp_path / "client"))
            client.connect(str(path))
            client.send(build_request(5, "sample.add", [1]))
            assert values(await asyncio.wait_for(loop.sock_recv(client, 65536), 5)) == [11]
    assert not path.exists()


async def test_client_that_is_gone_when_the_reply_comes(worker: Worker, tmp_path: Path, records: list[Record]) -> None:
    path = tmp_path / "ctl"
    async with listening(worker, ControlAddress(UNIX_DATAGRAM, str(path))) as listener:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.bind(str(tmp_path / "client"))
            client.sendto(build_request(5, "sample.wait", ["x"]), str(path))
        (tmp_path / "client").unlink()
        await until(lambda: bool(records))
        assert "not sent" in records[0].text
        assert isinstance(listener, DatagramListener)


@pytest.mark.parametrize("transport", [UNIX_STREAM, UNIX_DATAGRAM])
async def test_stale_socket_is_replaced_and_a_living_one_is_not(worker: Worker, tmp_path: Path, transport: str) -> None:
    path = tmp_path / "ctl"
    kind = socket.SOCK_STREAM if transport == UNIX_STREAM else socket.SOCK_DGRAM
    with socket.socket(socket.AF_UNIX, kind) as stale:
        stale.bind(str(path))
    address = ControlAddress(transport, str(path))
    async with listening(worker, address):
        with pytest.raises(FileExistsError, match="in use"):
            async with listening(worker, address):
                pytest.fail("two servers on one socket")
        assert path.exists()


async def test_file_in_the_way_is_kept(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        async with listening(worker, ControlAddress(UNIX_STREAM, str(path))):
            pytest.fail("socket took the place of a file")
    assert path.read_text() == "precious"


async def test_address_in_use(worker: Worker, ports: Ports) -> None:
    port = ports.take()
    address = ControlAddress(TCP, "127.0.0.1", port)
    async with listening(worker, address):
        with pytest.raises(OSError):
            async with listening(worker, address):
                pytest.fail("two servers on one port")


async def test_too_many_connections_cost_the_longest_idle_one(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[Record]
) -> None:
    monkeypatch.setattr(channels, "MAX_CONNECTIONS", 2)
    path = str(tmp_path / "ctl")
    async with listening(worker, ControlAddress(UNIX_STREAM, path)) as listener:
        assert isinstance(listener, StreamListener)
        clients = [await asyncio.open_unix_connection(path) for _ in range(2)]
        for reader, writer in clients:
            assert await ask(reader, writer, "sample.add", 1) == [11]
        await ask(*clients[0], "sample.add", 2)
        third = await asyncio.open_unix_connection(path)
        assert await ask(*third, "sample.add", 3) == [13]
        assert len(listener.connections) == 2
        assert await asyncio.wait_for(clients[1][0].read(), 5) == b""
        assert await ask(*clients[0], "sample.add", 4) == [14]
        for _, writer in (*clients, third):
            await finish(writer)
    assert len(records) == 1


async def test_half_a_request_does_not_hold_a_connection_for_ever(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "REQUEST_TIMEOUT", 0.01)
    path = str(tmp_path / "ctl")
    async with listening(worker, ControlAddress(UNIX_STREAM, path)):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(build_request(1, "sample.add", [1])[:5])
        assert await asyncio.wait_for(reader.read(), 5) == b""
        await finish(writer)


async def test_closing_ends_open_connections(worker: Worker, tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    async with listening(worker, ControlAddress(UNIX_STREAM, path)):
        reader, writer = await asyncio.open_unix_connection(path)
        await ask(reader, writer, "sample.add", 1)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    await finish(writer)
