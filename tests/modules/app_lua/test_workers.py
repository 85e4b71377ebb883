"""A Lua script in several real workers: reloaded in all of them, or in none."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.rpc.values import RpcError
from tests.server.test_workers import options_request
from tests.support.ports import Ports
from tests.support.wire import Endpoint
from tests.support.workers import Workers, call_ids

pytestmark = pytest.mark.scenario

CONFIG = """
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "cfg_rpc.so"
loadmodule "ctl.so"
loadmodule "app_lua.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("app_lua", "load", "route.lua")
cfgengine "lua"
"""
SCRIPT = """
package.path = "DIR/?.lua"
local helper = require("helper")
function ksr_request_route() KSR.sl.sl_send_reply(200, "MARK " .. helper.name) end
"""


def write(folder: Path, mark: str, helper: str) -> None:
    (folder / "route.lua").write_text(SCRIPT.replace("MARK", mark).replace("DIR", str(folder)))
    (folder / "helper.lua").write_text(helper)


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    write(tmp_path, "one", "return {name = 'first'}")
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
    write(tmp_path, "two", "return {name = 'second'}")
    assert server.rpc_value("cfg.reload")["version"] == 2
    assert answers(server, "b") == {"two second"}
    write(tmp_path, "three", "return {name = }")
    with pytest.raises(RpcError, match=r"helper\.lua:1: unexpected symbol"):
        server.rpc("cfg.reload")
    assert answers(server, "c") == {"two second"}
    os.kill(server.pids()[1], signal.SIGKILL)
    server.wait_for("worker 1 is at work again")
    assert answers(server, "d") == {"two second"}
