"""Coverage of configuration files: a plugin for coverage.py.

    [run]
    plugins = siprouter.testing.coverage

    [siprouter.testing.coverage]
    config = kamailio.cfg          main files, where some include others; optional
    defines = WITH_NAT PORT=5060   as on the command line when the tests run; optional
    extensions = cfg inc           of configuration files; "cfg" unless given

A statement is excluded, with what is inside it, by a comment `# pragma: no cover` in its first line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from coverage import CoveragePlugin, FileReporter, FileTracer
from coverage.exceptions import NoSource

if TYPE_CHECKING:
    from coverage.plugin_support import Plugins

    from siprouter.testing.statements import FileLines

ROUTE = re.compile(
    rb"^[ \t]*(?:(?:request|failure|reply|onreply|branch|onsend|event|error|local)_)?route\b", re.MULTILINE
)
MAX_SNIFFED = 1 << 20


def coverage_init(registry: Plugins, options: Mapping[str, Any]) -> None:
    """What coverage.py calls."""
    registry.add_file_tracer(ConfigPlugin(options))


class ConfigPlugin(CoveragePlugin):
    """Traces the code objects that scripts were compiled to, and knows which lines could have run."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        words = str(options.get("defines", "")).split()
        self.defines = {name: value for name, _, value in (word.partition("=") for word in words)}
        self.configs = [Path(name).absolute() for name in str(options.get("config", "")).split()]
        extensions = str(options.get("extensions", "cfg")).split()
        self.extensions = tuple("." + extension.lstrip(".") for extension in extensions)
        self._lines: dict[str, FileLines] = {}
        self._parsed: set[str] = set()

    def file_tracer(self, filename: str) -> FileTracer | None:
        """A tracer for configuration files."""
        return ConfigTracer(filename) if filename.endswith(self.extensions) else None

    def file_reporter(self, filename: str) -> FileReporter:
        """The lines of a configuration file."""
        return ConfigReporter(filename, self.lines_of(filename))

    def find_executable_files(self, src_dir: str) -> Iterable[str]:
        """Configuration files with route blocks, so that those are reported that never ran."""
        for folder, folders, files in os.walk(src_dir):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in sorted(files):
                path = Path(folder, name)
                if name.endswith(self.extensions) and has_routes(path):
                    yield str(path)

    def lines_of(self, filename: str) -> FileLines:
        """What can be executed in a file. Raises NoSource where it cannot be read."""
        for main in [*self.configs, Path(filename)]:
            if filename not in self._lines and str(main) not in self._parsed:
                self._parse(main)
        return self._lines[filename]

    def _parse(self, path: Path) -> None:
        """The lines of a file and of what it includes. What is broken in it is left out: the tests tell of that."""
        from siprouter.script.load import parse_file
        from siprouter.testing.statements import FileLines, collect_lines
        from siprouter.util.errors import OperatorError

        self._parsed.add(str(path))
        try:
            parsed = parse_file(path, self.defines)
        except OperatorError as error:
            raise NoSource(str(error)) from None
        for name, lines in collect_lines(parsed.config).items():
            self._lines.setdefault(name, lines)
        self._lines.setdefault(str(path), FileLines())

    def sys_info(self) -> list[tuple[str, str]]:
        """For `coverage debug sys`."""
        return [("config", ", ".join(map(str, self.configs))), ("defines", str(self.defines))]


def has_routes(path: Path) -> bool:
    """Whether a file looks like one with route blocks."""
    try:
        with path.open("rb") as file:
            return ROUTE.search(file.read(MAX_SNIFFED)) is not None
    except OSError:
        return False


class ConfigTracer(FileTracer):
    """Lines of compiled routes are those of the file itself."""

    def __init__(self, filename: str) -> None:
        self._filename = filename

    def source_filename(self) -> str:
        """The configuration file."""
        return self._filename

    def line_number_range(self, frame: FrameType) -> tuple[int, int]:
        """The line; none while the routes are only being defined."""
        if frame.f_code.co_name == "<module>":
            return -1, -1
        return frame.f_lineno, frame.f_lineno


class ConfigReporter(FileReporter):
    """See coverage.plugin.FileReporter."""

    def __init__(self, filename: str, lines: FileLines) -> None:
        super().__init__(filename)
        self._lines = lines

    def source(self) -> str:
        """The text; what is no UTF-8 in it is replaced."""
        return Path(self.filename).read_bytes().decode("utf-8", "replace")

    def lines(self) -> set[int]:
        """First lines of statements."""
        return self._lines.statements

    def excluded_lines(self) -> set[int]:
        """Statements behind `# pragma: no cover`."""
        return self._lines.excluded

    def translate_lines(self, lines: Iterable[int]) -> set[int]:
        """Further lines of a statement count as its first."""
        return {self._lines.translate(line) for line in lines}

    def arcs(self) -> set[tuple[int, int]]:
        """Which line may follow which."""
        return self._lines.arcs

    def translate_arcs(self, arcs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """The same for pairs of lines."""
        translate = self._lines.translate
        return {(translate(start), translate(end)) for start, end in arcs}

    def exit_counts(self) -> dict[int, int]:
        """How many lines may follow a line."""
        counts: dict[int, int] = {}
        for start, _ in self._lines.arcs:
            counts[start] = counts.get(start, 0) + 1
        return counts

    def missing_arc_description(
        self, start: int, end: int, executed_arcs: Iterable[tuple[int, int]] | None = None
    ) -> str:
        """Why a branch counts as missing."""
        if end < 0:
            return f"line {start} didn't end the route that begins on line {-end}"
        return f"line {start} didn't jump to line {end}"

    def arc_description(self, start: int, end: int) -> str:
        """What a branch does."""
        return "end the route" if end < 0 else f"jump to line {end}"
