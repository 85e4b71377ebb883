"""Configuration text with its name, and the way from an offset to line and column."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from siprouter.util.errors import SourceLocation

MAX_FILE_SIZE = 16 * 1024 * 1024


class SourceFile:
    """One file as read: `text` is UTF-8 with surrogateescape, `path` what messages and tracebacks show.

    `included_at`: the file that includes this one, and the span of the directive there.
    """

    __slots__ = ("_line_starts", "included_at", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.included_at: tuple[SourceFile, int, int] | None = None
        self._line_starts: list[int] | None = None

    def line_starts(self) -> list[int]:
        """Offsets of the first character of each line."""
        if self._line_starts is None:
            starts = [0]
            find = self.text.find
            pos = find("\n")
            while pos >= 0:
                starts.append(pos + 1)
                pos = find("\n", pos + 1)
            self._line_starts = starts
        return self._line_starts

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1; columns count characters."""
        starts = self.line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def locate(self, start: int, end: int) -> SourceLocation:
        """The place from `start` up to but not including `end`."""
        line, column = self.line_and_column(start)
        end_line, end_column = self.line_and_column(max(start, end))
        return SourceLocation(self.path, line, column, end_line, end_column)

    def line_text(self, line: int) -> str:
        """Line number `line` without its line end; "" past the end."""
        starts = self.line_starts()
        if not 1 <= line <= len(starts):
            return ""
        end = starts[line] - 1 if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r")


def read_source(path: Path) -> SourceFile:
    """Read a configuration file. Raises OSError, and ValueError when it is larger than MAX_FILE_SIZE."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE_SIZE + 1)
    if len(data) > MAX_FILE_SIZE:
        raise ValueError(f"larger than {MAX_FILE_SIZE} bytes")
    return SourceFile(str(path.absolute()), data.decode("utf-8", "surrogateescape"))


@dataclass(slots=True)
class Texts:
    """All files of a configuration as they were read: what it takes to parse exactly the same again.

    `includes`: which file (its including one, the name as written) was; names that an import_file did not find are not
    there.
    """

    main: str = ""
    files: dict[str, str] = field(default_factory=dict)
    includes: dict[tuple[str, str], str] = field(default_factory=dict)

    def source(self, path: str) -> SourceFile:
        """A new source of one of the files."""
        return SourceFile(path, self.files[path])

    def included(self, by: str, name: str) -> SourceFile | None:
        """The source that an include directive meant; None where nothing was found."""
        path = self.includes.get((by, name))
        return None if path is None else self.source(path)
