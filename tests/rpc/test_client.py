"""rpc/client.py and cli/rpc.py against listeners on every kind of socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.cli.rpc import main
from siprouter.core.worker import Worker
from siprouter.rpc import client
from siprouter.rpc.addresses import parse_address
from siprouter.rpc.binrpc import BinrpcError, build_packet
from siprouter.rpc.channels import make_listener
from siprouter.rpc.owner import Ownership
from siprouter.rpc.sessions import BinrpcSession
from siprouter.rpc.values import Pairs, RpcError, RpcValue
from tests.support.ports import Ports


@contextlib.asynccontextmanager
async def listening(worker: Worker, address: str) -> AsyncIterator[str]:
    listener = make_listener(parse_address(address), Ownership(), lambda: BinrpcSession(worker), worker.log, "binrpc")
    await listener.open()
    try:
        yield address
    finally:
        await listener.close()


async def call(address: str, method: str, *params: RpcValue) -> list[RpcValue]:
    return await asyncio.to_thread(client.call, parse_address(address), method, params, 5.0)


async def run(*arguments: str) -> int:
    return await asyncio.to_thread(main, list(arguments))


@pytest.fixture(params=["unix", "unixd", "tcp", "udp"])
def address(request: pytest.FixtureRequest, tmp_path: Path, ports: Ports) -> str:
    if request.param.startswith("unix"):
        return f"{request.param}:{tmp_path}/ctl"
    return f"{request.param}:127.0.0.1:{ports.take()}"


async def test_call(worker: Worker, address: str) -> None:
    async with listening(worker, address):
        assert await call(address, "sample.add", 1, 2) == [3]
        assert await call(address, "core.echo", "x" * 3000, 1.5) == ["x" * 3000, "1.5"]
        assert await call(address, "sample.several") == [Pairs([("a", 1), ("a", 2)]), 3]
        with pytest.raises(RpcError) as caught:
            await call(address, "no.such")
        assert caught.value.code == 500


async def test_long_reply(worker: Worker, tmp_path: Path) -> None:
    words: list[RpcValue] = ["x" * 6000] * 10
    async with listening(worker, f"unix:{tmp_path}/ctl") as address:
        assert await call(address, "core.echo", *words) == words


async def test_nobody_there(address: str) -> None:
    with pytest.raises(OSError):
        await call(address, "core.ps")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", BinrpcError),
        (build_packet(1, 0, ["to another"]), BinrpcError),
        (build_packet(0, 0, ["no reply"]), BinrpcError),
        (build_packet(3, 0, [1]), BinrpcError),
        (b"\xa1", ConnectionError),
        (b"", ConnectionError),
    ],
)
async def test_server_that_talks_nonsense(tmp_path: Path, answer: bytes, error: type[Exception]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(serve, str(tmp_path / "ctl"))
    async with server:
        with pytest.raises(error):
            await call(f"unix:{tmp_path}/ctl", "core.ps")


async def test_server_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "ctl"))
        silent.listen()
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(client.call, parse_address(f"unix:{tmp_path}/ctl"), "core.ps", (), 0.01)


def test_usual_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "USUAL_SOCKETS", (str(tmp_path / "one"), str(tmp_path / "two"), "last"))
    assert client.usual_address({}) == "last"
    (tmp_path / "one").touch()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "two"))
    assert client.usual_address({}) == str(tmp_path / "two")
    assert client.usual_address({"SIPROUTER_CTL": "tcp:x:1"}) == "tcp:x:1"


async def test_command_line(worker: Worker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with listening(worker, f"{tmp_path}/ctl") as path:
        assert await run("-s", path, "sample.add", "1", "-2") == 0
        assert await run("-s", f"unix:{path}", "core.echo", "--json", "s:1", "-s") == 0
        assert await run("-s", path, "--json", "sample.several") == 0
        out, err = capsys.readouterr()
        assert out.startswith("-1\n--json\n1\n-s\n") and not err
        assert json.loads(out.removeprefix("-1\n--json\n1\n-s\n")) == [{"a": [1, 2]}, 3]
        assert await run("-s", path, "sample.add", "x") == 1
        assert await run("-s", path, "--json", "no.such") == 1
        out, err = capsys.readouterr()
        assert json.loads(out) == {"error": {"code": 500, "message": "command no.such not found"}}
        assert err.startswith("error: 400 - error at parameter 0")


async def test_command_line_without_a_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await run("-s", f"{tmp_path}/ctl", "core.ps") == 3
    monkeypatch.setenv("SIPROUTER_CTL", f"unix:{tmp_path}/other")
    assert await run("core.ps") == 3
    assert await run("-s", "tcp:[::1", "core.ps") == 2
    err = capsys.readouterr().err
    assert "/ctl" in err and "/other" in err and "bad socket" in err


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
