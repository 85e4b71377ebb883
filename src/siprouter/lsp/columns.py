"""From places in source text to the lines and columns that editors count."""

from __future__ import annotations

from siprouter.lsp.findings import Span
from siprouter.script.source import SourceFile
from siprouter.util.errors import SourceLocation

UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"


def width(text: str, encoding: str) -> int:
    """The length of `text` in units of an encoding; an octet that is no UTF-8 counts as the character shown for it."""
    if encoding == UTF32 or text.isascii():
        return len(text)
    if encoding == UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


class Columns:
    """Makes spans in one encoding."""

    def __init__(self, encoding: str = UTF16) -> None:
        self._encoding = encoding
        self._plain: dict[str, bool] = {}

    def span(self, source: SourceFile, start: int, end: int) -> Span:
        """The span between two offsets in the text of a source."""
        line, column = source.line_and_column(start)
        end_line, end_column = source.line_and_column(max(start, end))
        return self._make(source, line, column, end_line, end_column)

    def of(self, source: SourceFile, location: SourceLocation) -> Span:
        """The span of a location within a source."""
        line, column = max(1, location.line), max(1, location.column)
        end_line, end_column = location.end_line, location.end_column
        if (end_line, end_column) <= (line, column):
            end_line, end_column = line, column + 1
        return self._make(source, line, column, end_line, end_column)

    def _make(self, source: SourceFile, line: int, column: int, end_line: int, end_column: int) -> Span:
        first = self._units(source, line, column)
        last = self._units(source, end_line, end_column)
        return Span(source.path, line - 1, first, end_line - 1, last)

    def _units(self, source: SourceFile, line: int, column: int) -> int:
        plain = self._plain.get(source.path)
        if plain is None:
            plain = self._plain[source.path] = self._encoding == UTF32 or source.text.isascii()
        return column - 1 if plain else width(source.line_text(line)[: column - 1], self._encoding)
