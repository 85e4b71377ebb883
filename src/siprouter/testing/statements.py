"""Which lines of a configuration can be executed, and which can follow which: what coverage is measured against.

A statement counts by its first line; the tests of an `else if` count too. Labels and the last `break` of a `case` do
not: their lines count as the line of the `switch`, or as the statement before. Lines are those at which script/
places the code that it generates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from siprouter.script.gen_switch import plan_switch
from siprouter.script.nodes import (
    Block,
    Break,
    Case,
    Config,
    Drop,
    Exit,
    If,
    Int,
    Node,
    Return,
    RouteBlock,
    Stmt,
    Switch,
    While,
)
from siprouter.script.source import SourceFile

NO_COVER = re.compile(r"(?:#|//)\s*pragma:?\s*no\s*cover")


@dataclass
class FileLines:
    """One file: `statements` are line numbers; `canonical` says for other lines as which they count.

    `arcs` are pairs of lines, the second after the first; -n stands for the end of the route that begins in line n.
    """

    statements: set[int] = field(default_factory=set)
    canonical: dict[int, int] = field(default_factory=dict)
    arcs: set[tuple[int, int]] = field(default_factory=set)
    excluded: set[int] = field(default_factory=set)

    def translate(self, line: int) -> int:
        """The statement that a line counts for; ends of routes stay as they are."""
        return self.canonical.get(line, line)


def collect_lines(config: Config) -> dict[str, FileLines]:
    """The lines of all files of a parsed configuration, by path."""
    files: dict[str, FileLines] = {path: FileLines() for path in config.files}
    for block in config.routes:
        _Flow(files, block.first.source, line_of(block)).route(block)
    for lines in files.values():
        lines.statements -= lines.excluded
        lines.arcs = {(start, end) for start, end in lines.arcs if start != end and start in lines.statements}
    return files


def line_of(node: Node) -> int:
    """The line of the first token."""
    return node.first.source.line_and_column(node.first.start)[0]


def last_line_of(node: Node) -> int:
    """The line of the last token, of the first where the last stands in another file."""
    token = node.last if node.last.source is node.first.source else node.first
    return token.source.line_and_column(token.start)[0]


class _Flow:
    """Walks backwards through the statements of one route that stand in one file."""

    def __init__(self, files: dict[str, FileLines], source: SourceFile, first_line: int) -> None:
        self.files = files
        self.source = source
        self.lines = files.setdefault(source.path, FileLines())
        self.end = -first_line
        self.breaks: list[int] = []
        self.excluding = False

    def route(self, block: RouteBlock) -> None:
        """A whole route block."""
        self.excluding = self._is_excluded(line_of(block))
        self.sequence(block.body, self.end, tail=True)

    def sequence(self, body: Sequence[Stmt], following: int, tail: bool) -> int:
        """Statements in a row before the line `following`; returns where they begin."""
        position = len(body)
        while position > 0:
            position -= 1
            statement = body[position]
            if statement.first.source is self.source:
                following = self.statement(statement, following, tail and position == len(body) - 1)
                continue
            stop = position + 1
            while position > 0 and body[position - 1].first.source is statement.first.source:
                position -= 1
            part = body[position:stop]
            inner = _Flow(self.files, statement.first.source, line_of(part[0]))
            inner.excluding = self.excluding
            inner.sequence(part, inner.end, tail=False)
            following = self._include(statement.first.source, following)
        return following

    def _include(self, included: SourceFile, following: int) -> int:
        """The directive that includes a part of the route counts as a statement, where it stands in this file."""
        place = included.included_at
        if place is None or place[0] is not self.source:
            return following
        line = self.source.line_and_column(place[1])[0]
        self._note(line, line)
        self._arc(line, following)
        return line

    def statement(self, statement: Stmt, following: int, tail: bool) -> int:
        """One statement; returns its line."""
        if isinstance(statement, Block):
            return self.sequence(statement.body, following, tail)
        line = line_of(statement)
        outer = self.excluding
        self.excluding = outer or self._is_excluded(line)
        if isinstance(statement, If):
            self._if(statement, line, following, tail)
        elif isinstance(statement, While):
            self._while(statement, line, following)
        elif isinstance(statement, Switch):
            self._switch(statement, line, following, tail)
        else:
            self._note(line, last_line_of(statement))
            if isinstance(statement, Return | Exit | Drop):
                following = self.end
            elif isinstance(statement, Break):
                following = self.breaks[-1] if self.breaks else self.end
            self._arc(line, following)
        self.excluding = outer
        return self.lines.translate(line)

    # --- kinds of statements

    def _if(self, statement: If, line: int, following: int, tail: bool) -> None:
        test_lines = [line, *(line_of(test) for test, _ in statement.branches[1:])]
        for start, (test, _) in zip(test_lines, statement.branches, strict=True):
            self._note(start, last_line_of(test))
        otherwise = self.sequence(statement.orelse, following, tail)
        for start, (_, body) in reversed(list(zip(test_lines, statement.branches, strict=True))):
            start = self.lines.translate(start)
            self._arc(start, self.sequence(body, following, tail))
            self._arc(start, otherwise)
            otherwise = start

    def _while(self, statement: While, line: int, following: int) -> None:
        self._note(line, last_line_of(statement.test))
        self.breaks.append(following)
        self._arc(line, self.sequence(statement.body, line, tail=False))
        self.breaks.pop()
        if not (isinstance(statement.test, Int) and statement.test.value):
            self._arc(line, following)

    def _switch(self, statement: Switch, line: int, following: int, tail: bool) -> None:
        """Tests of the labels one after the other, each leading to the body of its group."""
        plan = plan_switch(statement)
        self._note(line, last_line_of(statement.subject))
        for group in plan.groups:
            self._labels(group, line)
        label_lines = [self.lines.translate(line_of(group[-1])) for group in plan.groups]
        # a switch with cases that fall into the next ends at its closing brace
        brace = last_line_of(statement)
        ends = [*label_lines[1:], brace] if plan.needs_loop else [following] * len(plan.groups)
        self.breaks.append(brace if plan.needs_loop and tail else following)
        entries = [
            self._case(group[-1], label, end, tail and not plan.needs_loop)
            for group, label, end in zip(plan.groups, label_lines, ends, strict=True)
        ]
        self.breaks.pop()
        tested = line
        default = brace if plan.needs_loop else following
        for group, label, entry in zip(plan.groups, label_lines, entries, strict=True):
            if any(case.label is None for case in group):
                default = entry
                if not plan.needs_loop or all(case.label is None for case in group):
                    continue
            self._arc(tested, label)
            self._arc(label, entry)
            tested = label
        self._arc(tested, default)

    def _labels(self, group: Sequence[Case], switch_line: int) -> None:
        """Lines of labels count as that of the switch, unless the body begins there."""
        body_lines = {line_of(statement) for statement in group[-1].body}
        for case in group:
            label = line_of(case)
            if label not in body_lines:
                self.lines.canonical.setdefault(label, self.lines.translate(switch_line))

    def _case(self, case: Case, label: int, following: int, tail: bool) -> int:
        """The body of a case; returns where it begins. The last `break` counts as what stands before it."""
        body = case.body
        if not body or not isinstance(body[-1], Break):
            return self.sequence(body, following, tail)
        entry = self.sequence(body[:-1], self.breaks[-1], tail=False)
        line = line_of(body[-1])
        if line not in self.lines.statements:
            before = self.lines.translate(line_of(body[-2])) if len(body) > 1 else label
            self.lines.canonical.setdefault(line, before)
        return entry

    # --- notes

    def _note(self, first: int, last: int) -> None:
        """A statement from line `first` to `last`."""
        if first in self.lines.canonical:
            return  # goes on with a statement that began further up
        self.lines.statements.add(first)
        if self.excluding:
            self.lines.excluded.add(first)
        for line in range(first + 1, last + 1):
            self.lines.canonical.setdefault(line, first)

    def _arc(self, start: int, end: int) -> None:
        self.lines.arcs.add((self.lines.translate(start), end if end < 0 else self.lines.translate(end)))

    def _is_excluded(self, line: int) -> bool:
        return NO_COVER.search(self.source.line_text(line)) is not None
