"""siprouter build: a real extension module, used while it fits, refused when others may write it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from siprouter.cli.build import main
from siprouter.core.declare import Module, function
from siprouter.server.native import BuiltRoutes, check_owner, folder_for, is_compiled
from siprouter.testing import Node
from siprouter.util.errors import OperatorError

needs_build = pytest.mark.skipif(
    not is_compiled() or importlib.util.find_spec("Cython") is None or shutil.which("gcc") is None,
    reason="needs compiled modules, Cython and gcc",
)

CONFIG = """loadmodule "sl.so"
loadmodule "pv.so"

route {
	if ($rU == "fail")
		explode();
	$var(n) = 0;
	while ($var(n) < 3)
		$var(n) = $var(n) + 1;
	if ($rU == "wait")
		route(LATER);
	sl_send_reply("200", "Counted $var(n)");
}

route[LATER] {
	nap();
}
"""


def explode(_state: object, _ctx: object) -> int:
    raise ValueError("boom")


async def nap(worker: Any, _ctx: object) -> int:
    await worker.sleep(1)
    return 1


FUNCTIONS = [function("explode", explode, help=""), function("nap", nap, help="", waits=True)]


def node_for(path: Path) -> Node:
    def offer(worker: Any) -> Any:
        worker.services["native"] = BuiltRoutes(folder_for(path), worker.log)
        return worker

    return Node(path=path, modules=[Module("extra", help="", state=offer, functions=FUNCTIONS)], debug=3)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose module "extra" the build knows, too."""
    path = tmp_path / "k.cfg"
    path.write_text(CONFIG)
    from siprouter.server import native

    plain = native.Assembly

    def assembly(*arguments: Any) -> Any:
        made = plain(*arguments)
        made.worker.add_module(Module("extra", help="", state=lambda worker: worker, functions=FUNCTIONS))
        return made

    monkeypatch.setattr(native, "Assembly", assembly)
    return path


@needs_build
def test_built_routes_answer_and_errors_name_the_configuration(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(config)]) == 0
    built = Path(capsys.readouterr().out.strip())
    assert built.parent == folder_for(config)
    with node_for(config) as node:
        assert node.logged("built module")
        assert node.receive(node.request("OPTIONS", "sip:a@b")).last.text.startswith("SIP/2.0 200 Counted 3\r\n")
        assert node.receive(node.request("OPTIONS", "sip:fail@b")).last.status == 500
        (record,) = [record for record in node.records if "boom" in record.text]
        assert record.location is not None
        assert (record.location.file, record.location.line) == (str(config), 6)
        assert node.receive(node.request("OPTIONS", "sip:wait@b")) == []
        node.advance(1)
        assert node.sent.last.status == 200
    with node_for(config) as node:  # a second script of this process runs as Python
        assert not node.logged("built module")
        assert node.receive(node.request("OPTIONS", "sip:a@b")).last.status == 200
    config.write_text(CONFIG.replace("$var(n) < 3", "$var(n) < 4"))
    with node_for(config) as node:
        assert node.logged("out of date: run siprouter build")
        assert node.receive(node.request("OPTIONS", "sip:a@b")).last.text.startswith("SIP/2.0 200 Counted 4")
    assert main([str(config)]) == 0
    assert [path.suffix for path in built.parent.iterdir()] == [".so"]
    assert not built.exists()


@needs_build
def test_a_wrong_script_is_not_built(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG.replace("nap()", "nip()"))
    assert main([str(config)]) == 1
    assert "nip" in capsys.readouterr().err
    assert not folder_for(config).exists()


def test_not_without_compiled_modules(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("siprouter.server.native.is_compiled", lambda: False)
    assert main([str(config)]) == 1
    assert "siprouter itself is not compiled" in capsys.readouterr().err


def test_code_of_others_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(b"")
    path.chmod(0o755)
    check_owner(path)
    path.chmod(0o775)
    with pytest.raises(OperatorError, match="can be written by"):
        check_owner(path)
