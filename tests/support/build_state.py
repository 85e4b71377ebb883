"""Whether the compiled twins beside the sources are what the sources say."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
CIMPORT = re.compile(r"^\s*from\s+(siprouter[\w.]*)\s+cimport\b", re.MULTILINE)


def listed(root: Path = ROOT) -> list[str]:
    """The names in ``tools/compiled_modules.txt``."""
    lines = (root / "tools" / "compiled_modules.txt").read_text().splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]


def sources_of(stem: Path, root: Path) -> list[Path]:
    """The files that a compiled module is made of: its source, its ``.pxd`` and those that it takes types from."""
    found: list[Path] = []
    waiting = [stem.with_suffix(".py"), stem.with_suffix(".pyx"), stem.with_suffix(".pxd")]
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.append(path)
        if path.suffix != ".py":
            waiting += [root / "src" / (name.replace(".", "/") + ".pxd") for name in CIMPORT.findall(path.read_text())]
    return found


def stale(root: Path = ROOT) -> list[str]:
    """Extension modules that are older than a source, or no longer listed, as paths relative to the project."""
    names = set(listed(root))
    found = []
    for binary in sorted((root / "src").rglob("*.so")):
        stem = binary.with_name(binary.name.split(".")[0])
        name = ".".join(stem.relative_to(root / "src").parts)
        sources = sources_of(stem, root)
        built = binary.stat().st_mtime
        is_wrapper = stem.with_suffix(".pyx").exists()
        if not (is_wrapper or name in names) or any(source.stat().st_mtime > built for source in sources):
            found.append(binary.relative_to(root).as_posix())
    return found


def missing(root: Path = ROOT) -> list[str]:
    """Listed modules without an extension module for this interpreter."""
    return [name for name in listed(root) if not (root / "src" / (name.replace(".", "/") + SUFFIX)).exists()]
