"""A client that others wrote: @vscode/debugadapter-testsupport, against a running `siprouter debug`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.debug.test_server import Debugged
from tests.support.ports import Ports
from tests.support.process import need

pytestmark = pytest.mark.scenario

CLIENT = Path(__file__).resolve().parents[2] / "build" / "dap"
PACKAGE = "@vscode/debugadapter-testsupport@1.68.0"
SCRIPT = """#!KAMAILIO
debug=-1
listen=udp:127.0.0.1:@PORT@
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
route {
	$avp(s:code) = "200";
	$var(x) = 1;
	$var(y) = 2;
	route(ANSWER);
	exit;
}
route[ANSWER] {
	sl_send_reply("$avp(s:code)", "OK");
}
"""


@pytest.fixture(scope="session")
def client() -> Path:
    """The folder with the client, from the npm registry; made once."""
    need("npm", "node")
    if not (CLIENT / "node_modules" / PACKAGE.rpartition("@")[0]).is_dir():
        CLIENT.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(CLIENT), PACKAGE]
        done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode != 0:
            pytest.skip(f"{PACKAGE} cannot be had from the npm registry: {done.stderr[-300:]}")
    return CLIENT


def test_a_session(tmp_path: Path, ports: Ports, client: Path) -> None:
    with Debugged(tmp_path, ports, text=SCRIPT) as server:
        words = [str(client), str(server.debug_port), str(server.port), str(server.config)]
        script = Path(__file__).with_name("editor.js")
        done = subprocess.run(["node", str(script), *words], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr + server.tail()
