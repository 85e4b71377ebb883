"""ksr/stubs.py, `siprouter stubs`: what editors and type checkers are told about KSR."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from siprouter.cli.main import main
from tests.modules.app_python.test_guide import EXAMPLES

WRONG = """
import KSR

@KSR.request_route
def requests(msg: "KSR.Message") -> None:
    KSR.tm.t_relai()
    KSR.setflag("x", 1)
    KSR.sl.sl_send_reply(200)
    text: str = KSR.is_INVITE()
"""
RIGHT = """
import KSR

@KSR.request_route
async def requests(msg: "KSR.Message") -> None:
    code: int = await KSR.cfgutils.sleep("1")
    if KSR.pv.get("$ru") == "sip:x@y" and KSR.cfgutils.sleep(1) > 0:
        KSR.sl.sl_send_reply(200, msg.RURI)

@KSR.failure_route
def failed() -> int:
    return KSR.x.modf("xlog", "L_ERR", "text")
"""


def write(folder: Path, *options: str) -> str:
    path = folder / "KSR.pyi"
    assert main(["stubs", *options, "-o", str(path)]) == 0
    return path.read_text()


def names(text: str) -> dict[str, set[str]]:
    """Functions by class, those of the module under the empty name."""
    found: dict[str, set[str]] = {"": set()}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found[""].add(node.name)
    return found


def test_all_modules(tmp_path: Path) -> None:
    text = write(tmp_path)
    found = names(text)
    assert {"info", "is_INVITE", "setflag", "forward", "request_route", "failure_route"} <= found[""]
    assert {"t_relay", "t_on_failure", "t_send_reply"} <= found["_tm"]
    assert {"get", "sets", "is_null"} <= found["_pv"]
    assert "def www_authenticate(self, realm: Text | int, table: Text | int) -> Waiting:" in text
    assert '    "$ru",' in text
    assert "tm: _tm\n" in text


def test_the_modules_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "route.py").write_text(EXAMPLES[0])
    found = names(write(tmp_path, "-f", str(tmp_path / "route.py")))
    assert "_registrar" in found
    assert "_auth_db" not in found or "www_authenticate" not in found["_auth_db"]


def test_a_file_with_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "route.py"
    path.write_text("import KSR\nx = (\n")
    assert main(["stubs", "-f", str(path)]) == 1
    assert "route.py:2:5" in capsys.readouterr().err
    assert main(["stubs", "-f", str(tmp_path / "missing.py")]) == 1
    assert "cannot read" in capsys.readouterr().err


def test_type_checking(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api", reason="needs the Python package mypy")
    write(tmp_path)
    for name, text in (("wrong", WRONG), ("right", RIGHT)):
        (tmp_path / f"{name}.py").write_text(text)
    options = ["--strict", "--no-incremental", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    out, _, code = mypy.run([*options, *(str(tmp_path / name) for name in ("KSR.pyi", "wrong.py", "right.py"))])
    lines = sorted(line.partition("wrong.py:")[2].partition(":")[0] for line in out.splitlines() if "error:" in line)
    assert (lines, code) == (["6", "7", "8", "9"], 1), out
