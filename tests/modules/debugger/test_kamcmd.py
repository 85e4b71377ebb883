"""The session of the README, typed in Debian's kamcmd; and several workers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siprouter.rpc.values import RpcError
from tests.support.ports import Ports
from tests.support.process import need, polls
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint
from tests.support.workers import Workers, call_ids

pytestmark = pytest.mark.scenario

SCRIPT = """#!KAMAILIO
debug=2
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "ctl.so"
loadmodule "debugger.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
route {
	if ($si == "10.0.0.10")
		dbg_breakpoint("0");
	if (is_method("OPTIONS")) {
		$var(where) = "here";
		sl_send_reply("200", "OK");
		exit;
	}
}
"""
REQUEST = """\
OPTIONS sip:bob@127.0.0.1:%d SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport
Max-Forwards: 70
From: <sip:alice@example.org>;tag=1
To: <sip:bob@example.com>
Call-ID: %s
CSeq: 1 OPTIONS
Content-Length: 0

"""


def kamcmd(socket: Path, *lines: str) -> str:
    """What an interactive kamcmd prints for lines that are typed."""
    done = subprocess.run(
        ["kamcmd", "-s", f"unix:{socket}"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


class Socket:
    def __init__(self, server: Any, name: str) -> None:
        self.endpoint = Endpoint(name, ("127.0.0.1", server.port))
        self.port = server.port

    def ask(self, call: str) -> None:
        self.endpoint.send(REQUEST % (self.port, self.endpoint.address, call.replace("@", ""), call))


def test_the_session_of_the_readme(tmp_path: Path, ports: Ports) -> None:
    need("kamcmd")
    with Siprouter(SCRIPT.replace("debug=2", "debug=2\nlisten=udp:127.0.0.1:@PORT@"), tmp_path, ports) as server:
        socket, phone = tmp_path / "ctl", Socket(server, "phone")
        pid = str(server.pid)
        assert "200 ok" in kamcmd(socket, "dbg.bp on")
        phone.ask("first")
        said = kamcmd(
            socket,
            f"dbg.bp show {pid}",
            "dbg.ls",
            f"dbg.bp next {pid}",
            f"dbg.bp next {pid}",
            f"dbg.bp next {pid}",
            f"dbg.bp next {pid}",
            f"dbg.bp eval {pid} $fu",
            f"dbg.bp eval {pid} $var(where)",
        )
        config = server.config
        found = [line.removeprefix("kamcmd> ").strip() for line in said.splitlines()]
        for line in (
            f"at bkp [{config}:12] a=17 n=if",
            f"pid: {pid}",
            "state: 1",
            "stopped: 1",
            f"exec [{config}:12] a=17 n=if",
            f"exec [{config}:14] a=17 n=if",
            f"exec [{config}:14] a=26 n=is_method",
            f"exec [{config}:15] a=63 n=assign",
            "$fu : t=str v=sip:alice@example.org",
            "$var(where) : t=str v=here",
        ):
            assert line in found, said
        assert "200 ok" in kamcmd(socket, f"dbg.bp move {pid}")
        phone.endpoint.expect(200, 10, call="first")
        assert "breakpoint hit: p=[" in server.log.read_text()
        phone.endpoint.close()


@pytest.fixture
def workers(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    with Workers(SCRIPT, tmp_path, ports, 2) as running:
        yield running


def listed(server: Workers) -> list[dict[str, Any]]:
    return sorted(server.rpc("dbg.ls"), key=lambda item: int(item["entry"]))


def test_commands_reach_the_worker_that_they_name(workers: Workers) -> None:
    pids = [int(item["pid"]) for item in listed(workers)]
    assert pids == workers.pids()
    phone = Socket(workers, "phone")
    calls = [next(call_ids(index, 2)) for index in (0, 1)]
    assert workers.rpc("dbg.bp", "on") == ["200 ok"]
    for call in calls:
        phone.ask(call)
    for _ in polls(10):
        if [item["stopped"] for item in listed(workers)] == [1, 1]:
            break
    assert [item["state"] for item in listed(workers)] == [1, 1]
    for pid in pids:
        assert workers.rpc("dbg.bp", "show", pid) == [f"at bkp [{workers.config}:11] a=17 n=if"]
    assert workers.rpc("dbg.bp", "next", pids[1]) == [f"exec [{workers.config}:11] a=17 n=if"]
    assert workers.rpc("dbg.bp", "eval", pids[1], "$ci") == [f"$ci : t=str v={calls[1]}"]
    assert [item["state"] for item in listed(workers)] == [1, 2]
    assert workers.rpc("dbg.bp", "keep", pids[1]) == ["200 ok"]
    phone.endpoint.expect(200, 10, call=calls[0])
    assert [(item["set"], item["stopped"]) for item in listed(workers)] == [(0, 0), (6, 1)]
    assert workers.rpc("dbg.bp", "move", pids[1]) == ["200 ok"]
    phone.endpoint.expect(200, 10, call=calls[1])
    assert [len(workers.rpc("dbg.ls", pid)) for pid in pids] == [1, 1]
    with pytest.raises(RpcError, match="No such pid"):
        workers.rpc("dbg.ls", 1)
    phone.endpoint.close()
