"""Checks the shape of the source tree that no general linter knows. Prints each finding; exit status 1 if there is one.

An exception stands in ``tools/excuses.txt`` as ``rule path  reason``; an excuse that is no longer needed is itself a
finding, so the list only shrinks.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "siprouter"
EXCUSES = ROOT / "tools" / "excuses.txt"
MAX_LINES = 500

# Folders that are told the time and given their outlet: no loop, no socket, no clock.
NO_IO = "this folder does no I/O and reads no clock"
PURE_FOLDERS = ("util", "sip", "transaction", "core", "script", "modules")
IO_MODULES = {"asyncio", "uvloop", "select", "selectors", "threading", "subprocess", "multiprocessing", "ssl"}
CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"},
    "datetime": {"now", "utcnow", "today"},
}
SOCKETS = {"socket", "create_connection", "create_server", "getaddrinfo", "gethostbyname", "getnameinfo", "socketpair"}


@dataclass(frozen=True)
class Finding:
    rule: str
    path: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message} [{self.rule}]"


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def check_length() -> Iterator[Finding]:
    for path in python_files("src", "tests", "tools", "benchmarks"):
        lines = path.read_text().count("\n")
        if lines > MAX_LINES:
            yield Finding("length", relative(path), f"{lines} lines, at most {MAX_LINES}: split it by topic")


def check_unfinished() -> Iterator[Finding]:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK")
    for path in python_files("src", "tests", "tools", "benchmarks"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if any(word in line for word in words):
                yield Finding("unfinished", relative(path), line.strip(), number)


def module_folders() -> list[Path]:
    return sorted(path for path in (SOURCE / "modules").glob("[!_]*") if path.is_dir())


def check_module_folders() -> Iterator[Finding]:
    for folder in module_folders():
        for name in ("__init__.py", "README.md"):
            if not (folder / name).exists():
                yield Finding("module", relative(folder), f"has no {name}")
        declaration = folder / "__init__.py"
        if declaration.exists() and declared(declaration) is None:
            yield Finding("module", relative(declaration), "declares no 'module = Module(…)'")


def declared(path: Path) -> ast.Call | None:
    """The ``Module(…)`` call that a module's ``__init__.py`` assigns to ``module``."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if any(isinstance(target, ast.Name) and target.id == "module" for target in node.targets):
                return node.value
    return None


def depends(folder: Path) -> set[str]:
    """The module names in ``depends=(…)`` and ``uses=(…)`` of a module's declaration."""
    call = declared(folder / "__init__.py") if (folder / "__init__.py").exists() else None
    found: set[str] = set()
    for keyword in call.keywords if call else []:
        if keyword.arg in ("depends", "uses"):
            found |= {str(node.value) for node in ast.walk(keyword.value) if isinstance(node, ast.Constant)}
    return found


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of each import, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def check_module_imports() -> Iterator[Finding]:
    for folder in module_folders():
        allowed = depends(folder) | {folder.name}
        if folder.name.endswith("_s"):
            # the SER flavour of a module (`<name>_s`) builds on the other one, and on that flavour of what it needs
            allowed |= {f"{name}_s" for name in allowed} | {folder.name.removesuffix("_s")}
        for path in sorted(folder.rglob("*.py")):
            for name, line in imported(ast.parse(path.read_text())):
                parts = name.split(".")
                if parts[:2] == ["siprouter", "modules"] and len(parts) > 2 and parts[2] not in allowed:
                    message = f"imports module {parts[2]!r} that 'depends' does not name"
                    yield Finding("depends", relative(path), message, line)


def check_io() -> Iterator[Finding]:
    for folder in PURE_FOLDERS:
        for path in sorted((SOURCE / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            for name, line in imported(tree):
                top, _, rest = name.partition(".")
                if top in IO_MODULES or (top == "socket" and rest in SOCKETS) or rest in CLOCKS.get(top, ()):
                    yield Finding("io", relative(path), f"imports {name}: {NO_IO}", line)
            yield from check_attributes(path, tree)


def check_attributes(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            if (owner == "socket" and name in SOCKETS) or name in CLOCKS.get(owner, ()):
                yield Finding("io", relative(path), f"uses {owner}.{name}: {NO_IO}", node.lineno)


def check_twins() -> Iterator[Finding]:
    """The list of compiled modules and the ``.pxd`` files name each other."""
    text = (ROOT / "tools" / "compiled_modules.txt").read_text()
    listed = {line.partition("#")[0].strip() for line in text.splitlines()} - {""}
    for name in sorted(listed):
        for suffix in (".py", ".pxd"):
            path = ROOT / "src" / (name.replace(".", "/") + suffix)
            if not path.exists():
                yield Finding("twin", relative(path), "is missing: the module is in tools/compiled_modules.txt")
    for path in sorted(SOURCE.rglob("*.pxd")):
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        if path.stem != "__init__" and name not in listed:
            yield Finding("twin", relative(path), "is not in tools/compiled_modules.txt")
    for path in python_files("src"):
        for name, line in imported(ast.parse(path.read_text())):
            if name.startswith("cython.cimports"):
                yield Finding("twin", relative(path), "imports C declarations: types belong in the .pxd", line)


CHECKS = (check_length, check_unfinished, check_module_folders, check_module_imports, check_io, check_twins)


def excuses() -> dict[tuple[str, str], int]:
    """(rule, path) → line of the excuse list."""
    found = {}
    for number, line in enumerate(EXCUSES.read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            found[words[0], words[1]] = number
    return found


def main() -> int:
    findings = list(dict.fromkeys(finding for check in CHECKS for finding in check()))
    excused = excuses()
    reported = [finding for finding in findings if (finding.rule, finding.path) not in excused]
    unneeded = set(excused) - {(finding.rule, finding.path) for finding in findings}
    reported += [
        Finding("excuse", relative(EXCUSES), f"'{rule} {path}' is no longer needed: delete it", excused[rule, path])
        for rule, path in sorted(unneeded)
    ]
    for finding in reported:
        print(finding)
    return 1 if reported else 0


if __name__ == "__main__":
    sys.exit(main())
