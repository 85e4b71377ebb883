"""Reads and checks one configuration as `siprouter check` does, with the texts that the editor holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from siprouter.lsp.columns import Columns
from siprouter.lsp.findings import MAX_FINDINGS, Analysis, Finding, Include, Span, Task
from siprouter.lsp.fixes import fixes_for
from siprouter.lsp.index import Index, loaded_modules
from siprouter.lsp.vocabulary import vocabulary
from siprouter.script.diagnostics import Diagnostic, Diagnostics, TooManyErrorsError
from siprouter.script.lexer import MODE_SER
from siprouter.script.preprocess import Preprocessor
from siprouter.script.source import SourceFile, read_source
from siprouter.server.options import RunOptions
from siprouter.server.startup import check
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

LANGUAGES = "app_"  # modules that run routes in other languages begin like this
MAX_TEXT = 4 * 1024 * 1024


def analyse(task: Task, log: Log) -> Analysis:
    """All that can be said. Never raises for what a configuration holds: what goes wrong is a finding."""
    columns = Columns(task.encoding)
    analysis = Analysis(task.main, files=[task.main])
    read = _reader(task.buffers)
    sources: dict[str, SourceFile] = {}
    try:
        sources = _index(task, analysis, columns, read)
        options = RunOptions(Path(task.main), dict(task.defines), check_only=True)
        found = asyncio.run(check(options, log, read, task.trusted))
    except OperatorError as error:
        found = Diagnostics()
        found.from_error("file", error)
    except Exception as error:
        found = Diagnostics()
        found.error("internal", f"the check failed: {type(error).__name__}: {error}")
    unknown = not task.trusted and any(name.startswith(LANGUAGES) for name in analysis.modules)
    for item in found.in_order()[:MAX_FINDINGS]:
        if unknown and item.message.startswith("undefined ") and "route[" in item.message:
            continue  # the other language may have it
        analysis.findings.append(_finding(item, found.sources or sources, task.main, columns))
    return analysis


class _Reader:
    """`read_source`, where open files are as the editor has them."""

    def __init__(self, buffers: dict[str, str]) -> None:
        self._buffers = buffers

    def __call__(self, path: Path) -> SourceFile:
        name = str(path.absolute())
        text = self._buffers.get(name)
        if text is None:
            text = self._buffers.get(str(path.resolve()))
        source = read_source(path) if text is None else SourceFile(name, text)
        if len(source.text) > MAX_TEXT:
            raise ValueError(f"larger than {MAX_TEXT} characters, too large to be checked while it is edited")
        return source


def _reader(buffers: dict[str, str]) -> _Reader:
    return _Reader(buffers)


def _index(task: Task, analysis: Analysis, columns: Columns, read: _Reader) -> dict[str, SourceFile]:
    """Names and outline; the sources by path."""
    findings = Diagnostics()
    preprocessor = Preprocessor(findings, dict(task.defines), read=read)
    try:
        source = read(Path(task.main))
    except (OSError, ValueError):
        return {}  # the check says why
    try:
        preprocessed = preprocessor.run(source)
    except TooManyErrorsError:
        return findings.sources
    analysis.files = list(dict.fromkeys(preprocessed.files))
    analysis.ser = preprocessed.mode == MODE_SER
    analysis.modules = list(dict.fromkeys(loaded_modules(preprocessed.tokens)))
    for path in analysis.files:
        included = findings.sources[path]
        if included.included_at is not None:
            by, start, end = included.included_at
            analysis.includes.append(Include(columns.span(by, start, end), path))
    words = vocabulary(tuple(analysis.modules), analysis.ser)
    Index(preprocessed, findings.sources, words, columns).fill(analysis)
    return findings.sources


def _finding(item: Diagnostic, sources: dict[str, SourceFile], main: str, columns: Columns) -> Finding:
    source = sources.get(item.location.file)
    span = Span(main, 0, 0, 0, 1) if source is None else columns.of(source, item.location)
    expected = f", expected {item.expected}" if item.expected else ""
    fixes = fixes_for(item, sources, main, columns)
    return Finding(item.severity, item.code, item.message + expected, item.suggestion, span, fixes)
