"""Commands that reach a running server of two workers: reload, contacts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from siprouter.cli.main import main
from tests.support.ports import Ports
from tests.support.sqlite import Sqlite
from tests.support.workers import Workers

SCRIPT = """
debug=1
loadmodule "sl.so"
loadmodule "domain.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "kex.so"
loadmodule "mi_rpc.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:@DIR@/ctl")
modparam("domain", "db_url", "@URL@")
modparam("domain", "db_mode", 1)
modparam("usrloc", "use_domain", 1)
route { save("location"); }
"""

pytestmark = pytest.mark.scenario


def test_a_running_server(
    tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Sqlite(tmp_path / "sip.db")
    monkeypatch.setenv("SIPROUTER_DB_URL", database.url)
    monkeypatch.setenv("SIPROUTER_CTL", f"unix:{tmp_path}/ctl")
    with Workers(SCRIPT.replace("@URL@", database.url), tmp_path, ports) as server:
        assert main(["domain", "add", "a.org", "--reload"]) == 0
        assert "a.org" in server.rpc_value("mi", "domain_dump")
        assert main(["location", "add", "alice@a.org", "sip:alice@192.0.2.1:5060", "--expires", "600"]) == 0
        assert main(["location", "add", "alice@a.org", "nonsense"]) == 1
        capsys.readouterr()
        assert main(["ul", "show", "alice@a.org", "--json"]) == 0
        contact = json.loads(capsys.readouterr().out)[0]
        assert contact["contact"] == "sip:alice@192.0.2.1:5060"
        assert 0 < int(contact["expires"]) <= 600
        assert main(["location", "show", "alice@a.org"]) == 0
        assert capsys.readouterr().out.startswith("contact: sip:alice@192.0.2.1:5060\nq: 1\n")
        assert main(["location", "list"]) == 0
        assert capsys.readouterr().out == "alice@a.org\n"
        assert main(["location", "rm", "alice@a.org", "sip:bob@192.0.2.1", "-y"]) == 1
        assert "404 Contact not found" in capsys.readouterr().err
        assert main(["location", "rm", "alice@a.org"]) == 1
        assert main(["location", "rm", "alice@a.org", "-y"]) == 0
        assert main(["location", "show", "alice@a.org"]) == 1
        assert "404 AOR not found" in capsys.readouterr().err


def test_a_server_without_the_module(
    tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIPROUTER_CTL", f"unix:{tmp_path}/ctl")
    text = "\n".join(line for line in SCRIPT.splitlines() if "domain" not in line and "mi_rpc" not in line)
    with Workers(text, tmp_path, ports):
        assert main(["location", "list"]) == 1
        assert '(loadmodule "mi_rpc.so")' in capsys.readouterr().err
