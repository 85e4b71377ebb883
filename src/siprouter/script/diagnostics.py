"""Errors and warnings about a configuration: collected in one run, shown with the line and a caret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from siprouter.script.source import SourceFile
from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation

MAX_ERRORS = 100
MAX_SHOWN_LINE = 160

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is a stable short name ("unknown-function") for tools and tests."""

    severity: str
    code: str
    message: str
    location: SourceLocation = NOWHERE
    line: str = ""
    expected: str = ""
    suggestion: str = ""

    def headline(self) -> str:
        """`file:line:column: error: message`."""
        where = f"{self.location}: " if self.location.file else ""
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{where}{self.severity}: {self.message}{expected} [{self.code}]"

    def render(self) -> str:
        """The headline, the source line, a caret under the place, and the suggestion."""
        out = [self.headline()]
        if self.line.strip() and self.location.column > 0:
            out.extend(_excerpt(self.line, self.location))
        if self.suggestion:
            out.append(f"      = {self.suggestion}")
        return "\n".join(out)

    def as_dict(self) -> dict[str, Any]:
        """For JSON output."""
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": self.location.file,
            "line": self.location.line,
            "column": self.location.column,
            "end_line": self.location.end_line,
            "end_column": self.location.end_column,
            "expected": self.expected,
            "suggestion": self.suggestion,
        }


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " if char == "\t" else "?" for char in text)


def _excerpt(line: str, location: SourceLocation) -> list[str]:
    """The source line, cut to a window around the place, and the line with the caret."""
    column = location.column - 1
    first = max(0, column - MAX_SHOWN_LINE // 2)
    shown = _printable(line[first : first + MAX_SHOWN_LINE])
    width = 1
    if location.end_line == location.line and location.end_column > location.column:
        width = location.end_column - location.column
    caret = column - first
    width = max(1, min(width, len(shown) - caret))
    gutter = f"{location.line:>5} | "
    return [gutter + shown, " " * (len(gutter) - 2) + "| " + " " * caret + "^" + "~" * (width - 1)]


class TooManyErrorsError(Exception):
    """MAX_ERRORS were found: looking further does not help anybody."""


class Diagnostics:
    """Collects findings; after MAX_ERRORS errors `TooManyErrorsError` ends the pass that is running."""

    def __init__(self) -> None:
        self.items: list[Diagnostic] = []
        self.sources: dict[str, SourceFile] = {}
        self._seen: set[tuple[str, str, SourceLocation]] = set()
        self._errors = 0

    def add_source(self, source: SourceFile) -> None:
        """Make the lines of `source` known for display."""
        self.sources[source.path] = source

    def report(
        self,
        severity: str,
        code: str,
        message: str,
        location: SourceLocation = NOWHERE,
        *,
        expected: str = "",
        suggestion: str = "",
    ) -> None:
        """Add a finding, once for the same place and message."""
        key = (code, message, location)
        if key in self._seen:
            return
        self._seen.add(key)
        source = self.sources.get(location.file)
        line = source.line_text(location.line) if source is not None else ""
        self.items.append(Diagnostic(severity, code, message, location, line, expected, suggestion))
        if severity == ERROR:
            self._errors += 1
            if self._errors >= MAX_ERRORS:
                raise TooManyErrorsError

    def error(
        self, code: str, message: str, location: SourceLocation = NOWHERE, *, expected: str = "", suggestion: str = ""
    ) -> None:
        """Add an error: the configuration cannot run."""
        self.report(ERROR, code, message, location, expected=expected, suggestion=suggestion)

    def warning(
        self, code: str, message: str, location: SourceLocation = NOWHERE, *, expected: str = "", suggestion: str = ""
    ) -> None:
        """Add a warning: the configuration runs, but probably not as meant."""
        self.report(WARNING, code, message, location, expected=expected, suggestion=suggestion)

    def from_error(self, code: str, error: OperatorError, location: SourceLocation = NOWHERE) -> None:
        """Add an OperatorError raised while folding or configuring; `location` counts where it carries none."""
        place = error.location if error.location.file else location
        self.error(code, error.message, place, suggestion=error.suggestion)

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors, in the order found."""
        return [item for item in self.items if item.severity == ERROR]

    @property
    def warnings(self) -> list[Diagnostic]:
        """The warnings, in the order found."""
        return [item for item in self.items if item.severity == WARNING]

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return self._errors > 0

    @property
    def full(self) -> bool:
        """Whether MAX_ERRORS were reached."""
        return self._errors >= MAX_ERRORS

    def in_order(self) -> list[Diagnostic]:
        """All findings by file (in reading order), line and column."""
        order = {path: number for number, path in enumerate(self.sources)}

        def key(item: Diagnostic) -> tuple[int, int, int]:
            return order.get(item.location.file, len(order)), item.location.line, item.location.column

        return sorted(self.items, key=key)

    def render(self) -> str:
        """Everything found, for people."""
        out = [item.render() for item in self.in_order()]
        if self.full:
            out.append(f"too many errors, stopped after {MAX_ERRORS}")
        return "\n".join(out)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest of `known`, or ""."""
    if len(name) > 64:
        return ""
    lowered = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), list(lowered), 1, 0.7)
    return f"did you mean {lowered[close[0]]}?" if close else ""
