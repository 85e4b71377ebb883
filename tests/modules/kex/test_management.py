"""kex: MI commands and statistics."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from siprouter.core.declare import cfg_var
from siprouter.core.routes import CORE_ONREPLY, CompiledRoute, Script
from siprouter.rpc.call import call_mi
from siprouter.rpc.fifo import build_mi_reply
from siprouter.rpc.memory import read_memory
from siprouter.rpc.mi import MiArgument
from siprouter.server.receive import MessageReceiver
from tests.support.fakes import FakeWorker, context, make_worker, reply, request


@pytest.fixture
def worker() -> FakeWorker:
    return make_worker("kex")


async def mi(worker: FakeWorker, name: str, *values: str) -> str:
    found = await call_mi(worker, name, [MiArgument(None, value) for value in values])
    assert found is not None
    return build_mi_reply(found).decode().removesuffix("\n\n")


async def test_process_commands(worker: FakeWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["siprouter", "run"])
    assert await mi(worker, "pwd") == f"200 OK\nWD:: {tmp_path}"
    assert await mi(worker, "arg") == "200 OK\nsiprouter\nrun"
    assert await mi(worker, "ps") == f"200 OK\nProcess::  ID=0 PID={os.getpid()} Type=main process"
    assert (await mi(worker, "which")).split("\n")[1:] == list(worker.registry.mis)
    assert await mi(worker, "pwd", "x") == "400 Too few or too many arguments"


async def test_uptime_and_version(worker: FakeWorker) -> None:
    started = worker.wall_time
    worker.wall_time += 90.5
    assert await mi(worker, "uptime") == "\n".join(
        ["200 OK", f"Now:: {time.ctime(worker.wall_time)}", f"Up since:: {time.ctime(started)}", "Up time:: 90 [sec]"]
    )
    lines = (await mi(worker, "version")).split("\n")
    assert [line.split("::")[0] for line in lines] == ["200 OK", "Server", "Build", "Flags", "GIT"]
    assert lines[1].startswith("Server:: siprouter ")


async def test_debug(worker: FakeWorker) -> None:
    worker.cfg.declare("core", cfg_var("debug", int, 2, "log level"))
    assert await mi(worker, "debug") == "200 OK\nDEBUG:: 2"
    assert await mi(worker, "debug", "-1") == "200 OK\nDEBUG:: -1"
    assert worker.cfg.get("core", "debug") == -1
    assert await mi(worker, "debug", "loud") == "400 Bad parameter"


async def test_kill(worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    assert await mi(worker, "kill") == "200 OK"
    assert sent == []
    await worker.spawned[0]
    assert sent == [(os.getpid(), signal.SIGTERM)]


async def test_get_statistics(worker: FakeWorker) -> None:
    worker.counters.declare("g", "one").add(3)
    worker.counters.declare("g", "two")
    assert await mi(worker, "get_statistics", "g:") == "200 OK\ng:one = 3\ng:two = 0"
    assert await mi(worker, "get_statistics", "two", "one", "none", "") == "200 OK\ng:two = 0\ng:one = 3"
    everything = await mi(worker, "get_statistics", "all")
    assert "core:rcv_requests = 0" in everything and "g:one = 3" in everything
    assert await mi(worker, "get_statistics") == "400 Too few or too many arguments"
    assert await mi(worker, "get_statistics", "none") == "404 Statistics Not Found"
    assert await mi(worker, "get_statistics", "none:", ":") == "404 Statistics Not Found"


async def test_reset_statistics(worker: FakeWorker) -> None:
    counter = worker.counters.declare("g", "one")
    counter.add(3)
    assert await mi(worker, "reset_statistics", "none", "one") == "200 OK"
    assert counter.value == 0
    assert await mi(worker, "reset_statistics", "none") == "404 Statistics Not Found"
    assert await mi(worker, "reset_statistics") == "400 Too few or too many arguments"


def value(worker: FakeWorker, group: str, name: str) -> int:
    counter = worker.counters.find(group, name)
    assert counter is not None
    return counter.get()


def test_received_messages_are_counted_before_anything_absorbs_them() -> None:
    worker = FakeWorker()
    worker.hooks.request_in.append(lambda ctx: True)
    worker.hooks.reply_in.append(lambda ctx: True)
    worker.load("kex")
    assert worker.configure_modules() == []
    for msg in (request(), request("OPTIONS"), request("FROBNICATE")):
        ctx = context(worker, msg)
        assert any(hook(ctx) for hook in worker.hooks.request_in)
    assert [value(worker, "core", name) for name in ("rcv_requests", "unsupported_methods")] == [3, 1]


def test_messages_that_cannot_be_parsed() -> None:
    worker = make_worker("kex")
    good = bytes(request().buf)
    for old, new in ((b"bob@example.com SIP", b"bob@:x SIP"), (b"CSeq: 102 INVITE", b"CSeq: x")):
        assert old in good
        MessageReceiver(worker).receive(good.replace(old, new, 1), context(worker).source)
    names = ("bad_URIs_rcvd", "bad_msg_hdr", "err_requests", "rcv_requests")
    assert [value(worker, "core", name) for name in names] == [1, 1, 2, 0]


@pytest.mark.parametrize("has_route", [False, True])
def test_each_reply_is_counted_once(has_route: bool) -> None:
    worker = make_worker("kex")
    worker.script = Script()
    if has_route:
        worker.script.reply_route = CompiledRoute("", CORE_ONREPLY, lambda ctx: 1, False)
    MessageReceiver(worker).receive(bytes(reply().buf), context(worker).source)
    assert value(worker, "core", "rcv_replies") == 1
    assert value(worker, "core", "rcv_requests") == 0


def test_memory_statistics(worker: FakeWorker) -> None:
    info = read_memory()
    assert value(worker, "shmem", "total_size") == info.total
    assert value(worker, "shmem", "fragments") == 0
    used, real, peak = (value(worker, "shmem", name) for name in ("used_size", "real_used_size", "max_used_size"))
    assert 0 < used <= real <= peak
    assert 0 < value(worker, "shmem", "free_size") < info.total
