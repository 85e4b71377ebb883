"""The recorder of a running server with two workers, over its control socket and with `siprouter trace`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import Process
from tests.support.wire import Endpoint
from tests.support.workers import REQUEST, Workers, call_ids

CONFIG = """\
debug=2
fork=no
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
loadmodule "sl.so"
loadmodule "pv.so"
route {
    $var(x) = $fU;
    sl_send_reply("404", "Not here");
}
"""
TRACE = [sys.executable, "-m", "siprouter", "trace"]


@pytest.fixture
def server(tmp_path: Path, ports: Ports) -> Iterator[Workers]:
    with Workers(CONFIG, tmp_path, ports) as running:
        yield running


def ask(server: Workers, call_id: str) -> None:
    with closing(Endpoint("caller", server.address)) as caller:
        names = {"branch": call_id.partition("@")[0], "routes": "", "tag": "1", "to": "", "number": 1}
        caller.send(REQUEST.format(method="OPTIONS", uri="sip:x@test", address=caller.address, call=call_id, **names))
        assert caller.next(30).start.startswith("SIP/2.0 404")


def test_every_worker_records_and_the_owner_shows(server: Workers) -> None:
    first, second = next(call_ids(0, 2)), next(call_ids(1, 2))
    server.rpc("trace.start", '$fU == "caller"')
    for call_id in (first, second):
        ask(server, call_id)
    rows = {row["call_id"]: row["worker"] for row in server.rpc("trace.calls")}
    assert rows == {first: 0, second: 1}
    assert server.rpc("trace.list")[0]["calls"] == 2
    for call_id in (first, second):
        assert "router.cfg:8" in server.rpc_value("trace.show", call_id)
    assert server.rpc_value("trace.stats")["calls"] == 2
    server.rpc("trace.stop")
    assert server.rpc_value("trace.stats")["filters"] == 0
    assert server.rpc_value("trace.clear") == 2


def test_the_command_line(server: Workers, tmp_path: Path) -> None:
    socket = ["-s", f"unix:{tmp_path}/ctl"]
    output = tmp_path / "record"
    command = [*TRACE, *socket, 'method == "OPTIONS"', "--calls", "2", "--idle", "0.2", "-o", str(output)]
    first, second = next(call_ids(0, 2, "d")), next(call_ids(1, 2, "d"))
    with Process(command, tmp_path, "trace") as recording:
        recording.wait_for("recording", 60)
        ask(server, first)
        ask(server, second)
        assert recording.wait(60) == 0
    text = output.read_text()
    for call_id in (first, second):
        assert f"call {call_id}" in text
    assert 'sl_send_reply("404", "Not here")' in text
    listed = subprocess.run([*TRACE, *socket, "--list"], capture_output=True, text=True, check=True)
    assert first in listed.stdout and second in listed.stdout
    shown = subprocess.run([*TRACE, *socket, "--show", second, "--format", "json"], capture_output=True, check=True)
    assert json.loads(shown.stdout)["worker"] == 1


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["$fU =="], 1, "unexpected"),
        (["--show", "none"], 1, "nothing was recorded of call none"),
        ([], 2, "usage"),
        (["x@y", "--seconds", "1"], 1, "no call was seen"),
    ],
    ids=["bad expression", "no record", "no words", "no call"],
)
def test_errors_of_the_command_line(
    server: Workers, tmp_path: Path, words: list[str], status: int, message: str
) -> None:
    command = [*TRACE, "-s", f"unix:{tmp_path}/ctl", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr


def test_no_server(tmp_path: Path) -> None:
    done = subprocess.run([*TRACE, "-s", f"unix:{tmp_path}/none", "x@y"], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "siprouter trace: " in done.stderr
