"""SIPROUTER_PURE=1 imports sources where extension modules lie beside them, and the test run notices stale ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import siprouter
from tests.support.build_state import SUFFIX, missing, stale


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package's entry with one module whose extension module is not one."""
    package = tmp_path / "src" / "siprouter"
    (package / "sub").mkdir(parents=True)
    for name in ("__init__.py", "_pure.py"):
        shutil.copy(Path(siprouter.__file__).parent / name, package)
    (package / "sub" / "__init__.py").touch()
    (package / "sub" / "twin.py").write_text("WHERE = __file__\n")
    (package / "sub" / "twin.pxd").write_text("from siprouter.sub.types cimport T\n")
    (package / "sub" / "types.pxd").touch()
    (package / "sub" / f"twin{SUFFIX}").write_bytes(b"not a library")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "compiled_modules.txt").write_text("# a comment\nsiprouter.sub.twin  # another\n")
    return tmp_path


def where(tree: Path, pure: str) -> subprocess.CompletedProcess[str]:
    """Imports the module in another interpreter and prints the file it came from."""
    code = "import siprouter.sub.twin as twin; print(twin.WHERE)"
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "SIPROUTER_PURE": pure}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_pure_takes_the_source(tree: Path) -> None:
    assert where(tree, "1").stdout.strip().endswith("sub/twin.py")


def test_otherwise_the_extension_module(tree: Path) -> None:
    result = where(tree, "0")
    assert result.returncode != 0
    assert SUFFIX in result.stderr


def age(path: Path, seconds: int) -> None:
    now = path.stat().st_mtime
    os.utime(path, (now - seconds, now - seconds))


def test_fresh_is_not_stale(tree: Path) -> None:
    for path in (tree / "src").rglob("*.p*"):
        age(path, 100)
    assert stale(tree) == []
    assert missing(tree) == []


@pytest.mark.parametrize("changed", ["twin.py", "twin.pxd", "types.pxd"])
def test_older_than_any_source_is_stale(tree: Path, changed: str) -> None:
    for path in (tree / "src").rglob("*.p*"):
        age(path, 100)
    age(tree / "src" / "siprouter" / "sub" / changed, -200)
    assert stale(tree) == [f"src/siprouter/sub/twin{SUFFIX}"]


def test_no_longer_listed_is_stale(tree: Path) -> None:
    for path in (tree / "src").rglob("*.p*"):
        age(path, 100)
    (tree / "tools" / "compiled_modules.txt").write_text("siprouter.sub.other\n")
    assert stale(tree) == [f"src/siprouter/sub/twin{SUFFIX}"]
    assert missing(tree) == ["siprouter.sub.other"]
