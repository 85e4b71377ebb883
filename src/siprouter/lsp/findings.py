"""What the analyst tells the server about a configuration, as plain data that goes through JSON.

Lines count from 0; columns count what the editor counts (UTF-16 units unless it asked for others).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_SYMBOLS = 20_000
MAX_USES = 100_000
MAX_FINDINGS = 500


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file; `file` is its absolute path."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def holds(self, line: int, column: int) -> bool:
        """Whether a position is within, the end included."""
        return (self.line, self.column) <= (line, column) <= (self.end_line, self.end_column)


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that may remove a finding: `text` takes the place of `span`."""

    title: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An error or warning of `siprouter check`."""

    severity: str
    code: str
    message: str
    suggestion: str
    span: Span
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something that the outline shows. `kind`: route, failure_route … module, modparam, define, param, flag."""

    kind: str
    name: str
    detail: str
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """A name in the text; `defines`: it is made here.

    `kind`: that of a route block (route, failure_route …), "define", "function" or "variable".
    """

    kind: str
    name: str
    span: Span
    defines: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """An include_file line: where, and the file that it means."""

    span: Span
    file: str


@dataclass(slots=True)
class Analysis:
    """All that is known about one configuration: its main file and what that includes."""

    main: str
    ser: bool = False
    files: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    defines: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def use_at(self, file: str, line: int, column: int) -> Use | None:
        """The narrowest name at a position."""
        found = [use for use in self.uses if use.span.file == file and use.span.holds(line, column)]
        return min(found, key=lambda use: (use.span.end_line - use.span.line, _width(use.span)), default=None)

    def names(self, kind: str) -> list[str]:
        """The names that are made in the configuration, such as those of `failure_route`s."""
        return list(dict.fromkeys(use.name for use in self.uses if use.kind == kind and use.defines))


def _width(span: Span) -> int:
    return span.end_column - span.column


@dataclass(slots=True)
class Task:
    """What the analyst is asked: read and check `main`; `buffers` has the texts of open files by absolute path."""

    main: str
    defines: dict[str, str]
    buffers: dict[str, str]
    encoding: str = "utf-16"
    trusted: bool = False
    """whether scripts in other languages that the configuration names are run, as a server would"""


def analysis_from(plain: dict[str, Any]) -> Analysis:
    """The Analysis that `dataclasses.asdict` made `plain` of."""
    found = Analysis(**{**plain, "symbols": [], "uses": [], "includes": [], "findings": []})
    for item in plain["symbols"]:
        found.symbols.append(Symbol(**{**item, "span": Span(**item["span"]), "name_span": Span(**item["name_span"])}))
    for item in plain["uses"]:
        found.uses.append(Use(**{**item, "span": Span(**item["span"])}))
    for item in plain["includes"]:
        found.includes.append(Include(Span(**item["span"]), item["file"]))
    for item in plain["findings"]:
        fixes = tuple(Fix(one["title"], Span(**one["span"]), one["text"]) for one in item["fixes"])
        found.findings.append(Finding(**{**item, "span": Span(**item["span"]), "fixes": fixes}))
    return found
