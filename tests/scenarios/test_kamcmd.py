"""Debian's kamcmd against the control sockets of a worker: every transport, and the forms of reply that it prints."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from siprouter.core.declare import cfg_var
from siprouter.modules.usrloc.contact import ALL_METHODS, Contact
from siprouter.modules.usrloc.domain import INSERT
from siprouter.rpc.core import register_core_rpcs
from siprouter.state.local import LocalState
from tests.support.fakes import FakeWorker
from tests.support.ports import Ports
from tests.support.process import need

pytestmark = pytest.mark.scenario

COUNTERS = ["calls  calls so far", "other.x"]


def make_worker(address: str) -> FakeWorker:
    """A worker that speaks binrpc there, with the modules that have RPC commands."""
    worker = FakeWorker()
    worker.state = LocalState(worker.wall_clock)
    register_core_rpcs(worker)
    worker.load("ctl", binrpc=address)
    worker.load("cfg_rpc")
    worker.load("counters", script_counter=COUNTERS)
    worker.load("kex")
    worker.load("mi_rpc")
    worker.load("usrloc")
    worker.cfg.declare("core", cfg_var("debug", int, 2, "log level", least=-3, most=3))
    assert worker.configure_modules() == []
    contact = Contact(
        "sip:bob@192.0.2.5:5060", int(worker.wall_time) + 60, -1, "c1@host", 1, 0, 0, "phone", None, None, None,
        ALL_METHODS, int(worker.wall_time),
    )  # fmt: skip
    worker.modules["usrloc"].domain("location").store("bob", (contact,), [(INSERT, contact)])
    return worker


@contextlib.asynccontextmanager
async def serving(address: str) -> AsyncIterator[FakeWorker]:
    worker = make_worker(address)
    await worker.start_modules()
    try:
        yield worker
    finally:
        await worker.stop_modules()


async def kamcmd(address: str, *words: str) -> str:
    """What kamcmd prints, errors too."""
    process = await asyncio.create_subprocess_exec(
        "kamcmd",
        "-s",
        address,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, out
    return out.decode()


@pytest.fixture
def unix(tmp_path: Path) -> str:
    need("kamcmd")
    return f"unix:{tmp_path}/ctl"


@pytest.mark.parametrize("transport", ["unix", "unixs", "unixd", "tcp", "udp"])
async def test_transports(tmp_path: Path, ports: Ports, transport: str) -> None:
    need("kamcmd")
    place = f"{tmp_path}/ctl" if transport.startswith("unix") else f"127.0.0.1:{ports.take()}"
    address = f"{transport}:{place}"
    async with serving(address):
        assert (await kamcmd(address, "core.uptime")).split("\n")[3] == "\tuptime: 0"
        assert (await kamcmd(address, "core.version")).startswith("siprouter ")
        assert await kamcmd(address, "core.echo", "a", "s:1", "2", "x" * 2000) == "a\n1\n2\n" + "x" * 2000 + "\n"
        assert await kamcmd(address, "nosuch") == "error: 500 - command nosuch not found\n"


async def test_lists_and_aliases(unix: str) -> None:
    async with serving(unix):
        methods = (await kamcmd(unix, "system.listMethods")).split()
        assert {"core.uptime", "cfg.get", "cnt.get", "ul.dump", "mi", "ctl.who"} <= set(methods)
        assert (await kamcmd(unix, "ps")).endswith("\tmain process\n")
        path = unix.removeprefix("unix:")
        assert await kamcmd(unix, "who") == f"[binrpc] unix_stream: <anonymous unix socket>  -> {path} \n"
        assert await kamcmd(unix, "listen") == f"[binrpc] unix_stream: {path} \n"
        assert await kamcmd(unix, "help", "core.uptime") != ""


async def test_settings(unix: str) -> None:
    async with serving(unix) as worker:
        assert await kamcmd(unix, "cfg.get", "core", "debug") == "2\n"
        assert await kamcmd(unix, "cfg.set_now_int", "core", "debug", "1") == ""
        assert worker.cfg.get("core", "debug") == 1
        worker.cfg.set_now("core", "debug", -1)
        assert await kamcmd(unix, "cfg.get", "core", "debug") == "-1\n"
        assert "core: debug\n" in await kamcmd(unix, "cfg.list")
        assert await kamcmd(unix, "cfg.set_delayed_int", "core", "debug", "3") == ""
        assert await kamcmd(unix, "cfg.diff") == (
            "{\n\tgroup name: core\n\tvariable name: debug\n\told value: -1\n\tnew value: 3\n}\n"
        )
        assert (await kamcmd(unix, "cfg.set_now_int", "core", "debug", "9")).startswith("error: 400 - ")


async def test_counters(unix: str) -> None:
    async with serving(unix) as worker:
        counter = worker.counters.find("script", "calls")
        assert counter is not None
        counter.add(1 << 33)
        assert await kamcmd(unix, "cnt.get", "script", "calls") == f"{1 << 33}\n"
        assert await kamcmd(unix, "cnt.get", "other") == "{\n\tx: 0\n}\n"
        assert await kamcmd(unix, "cnt.help", "script", "calls") == "calls so far\n"


async def test_location_dump(unix: str) -> None:
    async with serving(unix):
        dump = await kamcmd(unix, "ul.dump")
        lines = [line.strip() for line in dump.split("\n")]
        assert "AoR: bob" in lines
        assert "Address: sip:bob@192.0.2.5:5060" in lines
        assert dump.count("{") == dump.count("}")


async def test_mi_over_rpc(unix: str) -> None:
    async with serving(unix):
        assert (await kamcmd(unix, "mi", "uptime")).endswith("Up time:: 0 [sec]\n")
        assert await kamcmd(unix, "mi", "nosuch") == "error: 500 - command not available\n"


async def test_many_commands_on_one_connection(unix: str, tmp_path: Path) -> None:
    """The interactive mode asks for the methods, settings and counters first, to complete their names."""
    async with serving(unix):
        process = await asyncio.create_subprocess_exec(
            "kamcmd", "-s", unix, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(b"core.echo one\ncore.echo two\nquit\n"), 20)
        assert process.returncode == 0
        answers = [line for line in out.decode().split("\n") if line in ("one", "two")]
        assert answers == ["one", "two"]
