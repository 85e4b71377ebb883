"""An editor in memory: a configuration with a mark where the cursor is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from siprouter.lsp.analysis import analyse
from siprouter.lsp.complete import Item, complete
from siprouter.lsp.cursor import look
from siprouter.lsp.findings import Analysis, Task
from siprouter.lsp.hover import hover
from siprouter.lsp.vocabulary import vocabulary
from siprouter.util.log import Log

MARK = "¦"


class Desk:
    """A folder with files as the editor has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.main = str(folder / "k.cfg")

    def analyse(self, text: str, encoding: str = "utf-16", trusted: bool = False, **others: str) -> Analysis:
        """Findings of `text`; `others` are files beside it by name without `.cfg`."""
        buffers = {str(self.folder / f"{name}.cfg"): content for name, content in others.items()}
        buffers[self.main] = text
        return analyse(Task(self.main, {}, buffers, encoding, trusted), Log(lambda record: None, -5))

    def complete(self, marked: str) -> dict[str, Item]:
        """What may be typed at the mark."""
        text = marked.replace(MARK, "")
        analysis = self.analyse(text)
        cursor = look(text, marked.index(MARK))
        items = complete(cursor, analysis, vocabulary(tuple(analysis.modules), analysis.ser))
        return {item.label: item for item in items}

    def hover(self, marked: str) -> str:
        """What hovering over the mark shows."""
        text = marked.replace(MARK, "")
        analysis = self.analyse(text)
        before = marked[: marked.index(MARK)]
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        use = analysis.use_at(self.main, line, column)
        words = vocabulary(tuple(analysis.modules), analysis.ser)
        return hover(text.split("\n")[line], column, use, analysis, words)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def fixed(desk: Desk) -> Callable[[str], str]:
    """The text after the first fix of its first finding that has one."""

    def apply(text: str) -> str:
        analysis = desk.analyse(text)
        fix = next(fix for finding in analysis.findings for fix in finding.fixes)
        lines = text.split("\n")
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        start = starts[fix.span.line] + fix.span.column
        end = starts[fix.span.end_line] + fix.span.end_column
        return text[:start] + fix.text + text[end:]

    return apply
