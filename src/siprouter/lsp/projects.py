"""Which configuration a file belongs to: the file that includes it, or itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

MAX_FILES = 200
MAX_SIZE = 1024 * 1024
MAX_DEPTH = 10
_INCLUDE = re.compile(r'^[ \t]*(?:#!|!!)?(?:include_file|import_file)[ \t]+"([^"\n]+)"', re.MULTILINE)


def main_file(path: str, folders: list[str]) -> str:
    """The main file of the configuration that `path` is a part of.

    Looked for among the `.cfg` files of its folder, the one above, and `folders`; where none includes it, it is `path`.
    """
    includers = _includers([Path(path).parent, Path(path).parent.parent, *(Path(folder) for folder in folders)])
    seen = {path}
    for _ in range(MAX_DEPTH):
        following = sorted(includers.get(path, set()) - seen)
        if not following:
            break
        path = following[0]
        seen.add(path)
    return path


def _includers(folders: list[Path]) -> dict[str, set[str]]:
    """For each included file the files that include it."""
    found: dict[str, set[str]] = {}
    for path in islice(_configurations(folders), MAX_FILES):
        try:
            with path.open("rb") as file:
                text = file.read(MAX_SIZE).decode("utf-8", "replace")
        except OSError:
            continue
        for match in islice(_INCLUDE.finditer(text), MAX_FILES):
            included = (path.parent / match[1]).absolute()
            found.setdefault(_normal(included), set()).add(_normal(path))
    return found


def _configurations(folders: list[Path]) -> Iterator[Path]:
    for folder in dict.fromkeys(folders):
        try:
            yield from (
                entry for entry in islice(folder.iterdir(), 5 * MAX_FILES) if entry.suffix == ".cfg" and entry.is_file()
            )
        except OSError:
            continue


def _normal(path: Path) -> str:
    """Absolute, without `..`; links stay as they are, so that names are those that the editor uses."""
    parts: list[str] = []
    for part in path.absolute().parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return str(Path(*parts))
