"""From the suggestion of a finding to a change of the text that an editor can make."""

from __future__ import annotations

import difflib
import re

from siprouter.lsp.columns import Columns
from siprouter.lsp.findings import Fix
from siprouter.script.diagnostics import Diagnostic
from siprouter.script.source import SourceFile
from siprouter.util.errors import SourceLocation

_DID_YOU_MEAN = re.compile(r"did you mean (\S+?)\?")
_LOADMODULE = re.compile(r'loadmodule "([\w.-]+\.so)"')
_RENAMED = re.compile(r'it is called \w+ now: loadmodule ("[\w.-]+")')
_QUOTE = re.compile(r'put it in quotes:? \(?("[^"]*")')
_WRITE = re.compile(r"write (return|\$\w+)")
_ROUTE = re.compile(r"add: (\w+\[[^\]\s]+\]) \{ … \}")
_WORD = re.compile(r"[\w.:-]+")
_PLAIN_WORD = re.compile(r"\w+")
_LOAD_LINE = re.compile(r"^[ \t]*loadmodule\b.*$", re.MULTILINE)
_FIRST_TOP = re.compile(r"^[ \t]*(?:modparam\b|\w*route\b[ \t]*[{\[])", re.MULTILINE)


def fixes_for(item: Diagnostic, sources: dict[str, SourceFile], main: str, columns: Columns) -> tuple[Fix, ...]:
    """The changes that a suggestion means; none where it is only advice."""
    source = sources.get(item.location.file)
    text = item.suggestion
    if not text or source is None:
        return ()
    start, end = offsets(source, item.location)
    written = source.text[start:end]
    if found := _RENAMED.search(text):
        return (Fix(f"Load {found[1]}", columns.span(source, start, end), found[1]),)
    if found := _DID_YOU_MEAN.match(text):
        return _rename(source, start, written, item.message, found[1], columns)
    if found := _LOADMODULE.search(text):
        return _load(sources.get(main, source), source, start, found[1], columns)
    if found := _QUOTE.search(text):
        same = found[1] == f'"{written}"'
        return (Fix(f"Write {found[1]}", columns.span(source, start, end), found[1]),) if same else ()
    if found := _WRITE.fullmatch(text):
        return (Fix(f"Write {found[1]}", columns.span(source, start, end), found[1]),)
    if found := _ROUTE.fullmatch(text):
        at_end = len(source.text)
        return (Fix(f"Add {found[1]}", columns.span(source, at_end, at_end), f"\n{found[1]} {{\n}}\n"),)
    if text == "remove the quotes" and len(written) > 2:
        return (Fix("Remove the quotes", columns.span(source, start, end), written[1:-1]),)
    return ()


def offsets(source: SourceFile, location: SourceLocation) -> tuple[int, int]:
    """Where a location begins and ends in the text of its source."""
    starts = source.line_starts()
    size = len(source.text)

    def offset(line: int, column: int) -> int:
        number = min(max(1, line), len(starts))
        return min(size, starts[number - 1] + max(0, column - 1))

    start = offset(location.line, location.column)
    return start, max(start, offset(location.end_line, location.end_column))


def _rename(
    source: SourceFile, start: int, written: str, message: str, better: str, columns: Columns
) -> tuple[Fix, ...]:
    """Put `better` where the text has the name that the message speaks of and that is most like it."""
    name = better.lstrip("$")
    bare = name.removesuffix("()")
    said = {word.rstrip(".:") for word in _WORD.findall(message)}
    candidates = [*_WORD.finditer(written), *_PLAIN_WORD.finditer(written)]
    words = [found for found in candidates if found[0].rstrip(".:") in said and found[0] != bare]
    if not words:
        return ()
    nearest = max(words, key=lambda found: difflib.SequenceMatcher(None, found[0].lower(), bare.lower()).ratio())
    span = columns.span(source, start + nearest.start(), start + nearest.end())
    return (Fix(f"Change to {better}", span, name),)


def _load(main: SourceFile, source: SourceFile, start: int, module: str, columns: Columns) -> tuple[Fix, ...]:
    """A loadmodule line: behind the last one that stands before the finding, else before what needs modules."""
    lines = [found.end() for found in _LOAD_LINE.finditer(main.text)]
    if main is source:
        before = [end for end in lines if end <= start]
        lines = before or lines
    title = f"Add loadmodule {module}"
    if lines:
        return (Fix(title, columns.span(main, lines[-1], lines[-1]), f'\nloadmodule "{module}"'),)
    first = _FIRST_TOP.search(main.text)
    place = first.start() if first is not None else len(main.text)
    return (Fix(title, columns.span(main, place, place), f'loadmodule "{module}"\n'),)
