"""Whether the compiled twins beside the sources are what the sources say."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
CIMPORT = re.compile(r"^\s*from\s+(siprouter[\w.]*)\s+cimport\b", re.MULTILINE)


def listed() -> list[str]:
    """The names in ``tools/compiled_modules.txt``."""
    lines = (ROOT / "tools" / "compiled_modules.txt").read_text().splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]


def sources_of(stem: Path) -> list[Path]:
    """The files that a compiled module is made of: its source, its ``.pxd`` and those that it takes types from."""
    found: list[Path] = []
    waiting = [stem.with_suffix(".py"), stem.with_suffix(".pyx"), stem.with_suffix(".pxd")]
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.append(path)
        if path.suffix != ".py":
            waiting += [SOURCE / (name.replace(".", "/") + ".pxd") for name in CIMPORT.findall(path.read_text())]
    return found


def stale() -> list[str]:
    """Extension modules that are older than a source, or no longer listed, as paths relative to the project."""
    names = set(listed())
    found = []
    for binary in sorted(SOURCE.rglob("*.so")):
        stem = binary.with_name(binary.name.split(".")[0])
        name = ".".join(stem.relative_to(SOURCE).parts)
        sources = sources_of(stem)
        built = binary.stat().st_mtime
        is_wrapper = stem.with_suffix(".pyx").exists()
        if not (is_wrapper or name in names) or any(source.stat().st_mtime > built for source in sources):
            found.append(binary.relative_to(ROOT).as_posix())
    return found


def missing() -> list[str]:
    """Listed modules without an extension module for this interpreter."""
    return [name for name in listed() if not (SOURCE / (name.replace(".", "/") + SUFFIX)).exists()]
