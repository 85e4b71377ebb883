"""The checks of tools/check_modules.py, each on a small tree that breaks one rule."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_modules.py"
MODULE = "module = Module('one', depends=('tm',))\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with which the tool is content."""
    for folder in ("tools", "src/siprouter/modules/one", "src/siprouter/sip", "tests", "benchmarks"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(TOOL, tmp_path / "tools")
    (tmp_path / "tools" / "compiled_modules.txt").write_text("siprouter.sip.uri\n")
    (tmp_path / "tools" / "excuses.txt").write_text("# none\n")
    write(tmp_path, "src/siprouter/modules/one/__init__.py", MODULE)
    write(tmp_path, "src/siprouter/modules/one/README.md", "# one\n")
    write(tmp_path, "src/siprouter/sip/uri.py", "import time\n\n\ndef show(at):\n    return time.gmtime(at)\n")
    write(tmp_path, "src/siprouter/sip/uri.pxd", "")
    return tmp_path


def write(tree: Path, path: str, text: str) -> None:
    (tree / path).write_text(text)


def run(tree: Path) -> tuple[int, str]:
    command = [sys.executable, str(tree / "tools" / "check_modules.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def test_content(tree: Path) -> None:
    assert run(tree) == (0, "")


@pytest.mark.parametrize(
    ("path", "text", "finding"),
    [
        ("src/siprouter/sip/long.py", "x = 1\n" * 501, "sip/long.py: 501 lines"),
        ("tests/test_x.py", "# TO" + "DO: more\n", "tests/test_x.py:1: # TO" + "DO"),
        ("src/siprouter/modules/one/__init__.py", "x = 1\n", "declares no 'module = Module"),
        ("src/siprouter/modules/one/a.py", "from siprouter.modules.two.b import c\n", "a.py:1: imports module 'two'"),
        ("src/siprouter/sip/io.py", "import asyncio\n", "io.py:1: imports asyncio"),
        ("src/siprouter/sip/io.py", "from socket import create_server\n", "io.py:1: imports socket.create_server"),
        ("src/siprouter/sip/io.py", "import time\n\nnow = time.time()\n", "io.py:3: uses time.time"),
        ("src/siprouter/sip/body.pxd", "", "sip/body.pxd: is not in tools/compiled_modules.txt"),
        ("tools/compiled_modules.txt", "siprouter.sip.uri\nsiprouter.sip.via\n", "sip/via.py: is missing"),
        ("src/siprouter/sip/c.py", "from cython.cimports.libc import math\n", "imports C declarations"),
        ("tools/excuses.txt", "io src/siprouter/sip/uri.py\n", "is no longer needed"),
    ],
)  # fmt: skip
def test_finding(tree: Path, path: str, text: str, finding: str) -> None:
    write(tree, path, text)
    status, output = run(tree)
    assert status == 1
    assert finding in output
    assert len(output.splitlines()) <= 2


def test_a_module_that_depends_names_may_be_imported(tree: Path) -> None:
    write(tree, "src/siprouter/modules/one/a.py", "from siprouter.modules.tm.api import relay\n")
    assert run(tree) == (0, "")


def test_missing_readme(tree: Path) -> None:
    (tree / "src/siprouter/modules/one/README.md").unlink()
    assert "modules/one: has no README.md" in run(tree)[1]


def test_excused(tree: Path) -> None:
    write(tree, "src/siprouter/sip/io.py", "import asyncio\n")
    write(tree, "tools/excuses.txt", "io src/siprouter/sip/io.py  # because\n")
    assert run(tree) == (0, "")
