"""A Python script in several real workers: reloaded in all of them, watched in each."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.rpc.values import RpcError
from tests.server.test_workers import options_request
from tests.support.ports import Ports
from tests.support.wire import Endpoint
from tests.support.workers import Traffic, Workers, call_ids

pytestmark = pytest.mark.scenario

CONFIG = """
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "cfg_rpc.so"
loadmodule "counters.so"
loadmodule "ctl.so"
loadmodule "app_python3.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("app_python3", "load", "route.py")
modparam("app_python3", "blocking_limit", 40)
cfgengine "python"
"""
ROUTES = """
import time
import KSR
import helper

def child_init(rank):
    KSR.info("rank %d" % rank)

def request_route(msg):
    if msg.RURI.startswith("sip:block"):
        hold()
    KSR.sl.sl_send_reply(200, "MARK " + helper.NAME)

def hold():
    end = time.monotonic() + 1
    while time.monotonic() < end:
        time.sleep(0.2)
"""


def write(folder: Path, mark: str, name: str) -> None:
    (folder / "route.py").write_text(ROUTES.replace("MARK", mark))
    (folder / "helper.py").write_text(f"NAME = {name!r}\n")


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    write(tmp_path, "one", "first")
    with Workers(CONFIG, tmp_path, ports) as running:
        yield running


def answers(server: Workers, turn: str) -> set[str]:
    """What each worker says now."""
    endpoint = Endpoint("asker", server.address)
    found = set()
    try:
        for index in (0, 1):
            call_id = next(call_ids(index, 2, turn))
            endpoint.send(options_request(call_id, endpoint.port))
            found.add(endpoint.expect(200, 20, call_id).start.split(" ", 2)[2])
    finally:
        endpoint.close()
    return found


def test_all_workers_reload_the_script_or_none(server: Workers, tmp_path: Path) -> None:
    assert answers(server, "a") == {"one first"}
    write(tmp_path, "two", "second")
    assert server.rpc_value("cfg.reload")["version"] == 2
    assert answers(server, "b") == {"two second"}
    write(tmp_path, "three", "third")
    (tmp_path / "helper.py").write_text("NAME = 1 / 0\n")
    with pytest.raises(RpcError, match=r"helper\.py:1:1: .*ZeroDivisionError"):
        server.rpc("cfg.reload")
    assert answers(server, "c") == {"two second"}
    os.kill(server.pids()[1], signal.SIGKILL)
    server.wait_for("worker 1 is at work again")
    assert answers(server, "d") == {"two second"}


def test_a_route_that_blocks_is_named(server: Workers) -> None:
    endpoint = Endpoint("asker", server.address)
    try:
        call_id = next(call_ids(0, 2, "x"))
        request = options_request(call_id, endpoint.port).replace(b"OPTIONS sip:x@", b"OPTIONS sip:block@", 1)
        endpoint.send(request)
        endpoint.expect(200, 20, call_id)
        server.wait_for("hold() holds the worker for more than 40 ms", 20)
        assert server.counter("app_python3", "blocked") >= 1
        assert "route.py:1" in "".join(line for line in server.output().splitlines() if "holds the worker" in line)
    finally:
        endpoint.close()


CALLS = """
import KSR

def request_route(msg):
    if KSR.is_OPTIONS():
        KSR.sl.sl_send_reply(200, "MARK")
        return
    if KSR.rr.loose_route() > 0:
        KSR.tm.t_relay()
        return
    KSR.rr.record_route()
    if KSR.is_INVITE():
        KSR.cfgutils.usleep(20000)
        KSR.tm.t_on_reply("answered")
        KSR.tm.t_on_failure("failed")
    KSR.tm.t_relay()

def answered(msg):
    KSR.pv.sets("$avp(seen)", msg.Status)

def failed(msg):
    KSR.tm.t_reply(500, "MARK")
"""


async def test_reloads_lose_no_call(tmp_path: Path, ports: Ports) -> None:
    (tmp_path / "route.py").write_text(CALLS)
    config = CONFIG.replace('loadmodule "pv.so"', 'loadmodule "pv.so"\nloadmodule "rr.so"\nloadmodule "cfgutils.so"')
    with Workers(config, tmp_path, ports) as server:
        async with Traffic(server.address, patience=30.0) as traffic:
            run = asyncio.create_task(traffic.run(20, 5))
            for number in range(10):
                (tmp_path / "route.py").write_text(CALLS.replace("MARK", f"version {number}"))
                found = await asyncio.to_thread(server.rpc, "cfg.reload")
                assert found[0]["version"] == number + 2
            await run
            assert traffic.lost == []
            assert len(traffic.finished) == 100
        assert await asyncio.to_thread(answers, server, "end") == {"version 9"}
        assert server.counter("app_python3", "exceptions") == 0
