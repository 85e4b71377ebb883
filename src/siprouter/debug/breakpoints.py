"""Breakpoints: which statement a line means, conditions, counts of hits, and log points."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from siprouter.core.context import Context
from siprouter.core.observe import PAUSABLE, Place
from siprouter.core.routes import BRANCH, CORE_ONREPLY, ERROR, FAILURE, LOCAL, ONSEND, REQUEST, TM_ONREPLY
from siprouter.core.worker import Worker
from siprouter.script.expression import Expression, compile_text
from siprouter.script.runtime import EvalError, positive, text
from siprouter.util.errors import OperatorError, PeerError

MAX_BREAKPOINTS = 1000  # of one file

Spot = tuple[str, int, int, bool]
"""file, line, column, whether it is a statement"""

_HITS = re.compile(r"\s*(==|=|>=|>|<=|<|%)?\s*(\d{1,9})\s*")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": lambda hits, number: hits == number,
    ">=": lambda hits, number: hits >= number,
    ">": lambda hits, number: hits > number,
    "<=": lambda hits, number: hits <= number,
    "<": lambda hits, number: hits < number,
    "%": lambda hits, number: number > 0 and hits % number == 0,
}
_KINDS = {
    "route": REQUEST,
    "failure_route": FAILURE,
    "branch_route": BRANCH,
    "onsend_route": ONSEND,
    "error_route": ERROR,
    "local_route": LOCAL,
    "event_route": REQUEST,
}


def spot_of(place: Place) -> Spot:
    """What tells a place from others, in every version of the same text."""
    return place.file, place.line, place.column, place.statement


def kind_of_route(title: str) -> int:
    """The kind of a route block, from its title."""
    word, _, name = title.partition("[")
    if word == "onreply_route":
        return TM_ONREPLY if name else CORE_ONREPLY
    return _KINDS.get(word, REQUEST)


class Places:
    """All places of the running version of the script where messages can stop."""

    def __init__(self, worker: Worker) -> None:
        self.by_file: dict[str, list[Place]] = {}
        self.titles: set[str] = set()
        script = worker.script
        if script is None:
            return
        found = worker.observation.version(script, PAUSABLE).namespace.values()
        for place in found:
            if isinstance(place, Place):
                self.by_file.setdefault(os.path.realpath(place.file), []).append(place)
        for places in self.by_file.values():
            places.sort(key=lambda place: (place.line, place.column, not place.statement))
        self.titles = {place.route for places in self.by_file.values() for place in places}

    def find(self, path: str, line: int, column: int = 0) -> Place | None:
        """The first place on a line, from a column on; without column, on the next line that has one."""
        for place in self.by_file.get(os.path.realpath(path), ()):
            if column and place.line == line and place.column >= column:
                return place
            if not column and place.line >= line:
                return place
        return None

    def between(self, path: str, first: int, last: int) -> list[Place]:
        """The places on some lines."""
        return [place for place in self.by_file.get(os.path.realpath(path), ()) if first <= place.line <= last]


@dataclass(slots=True, eq=False)
class Breakpoint:
    """What an editor asked for, and what became of it. `place` None: it means no statement, `message` says why."""

    number: int
    path: str
    line: int
    column: int = 0
    condition: str = ""
    hit_condition: str = ""
    log: str = ""
    place: Place | None = None
    message: str = ""
    hits: int = 0
    test: Expression | None = None
    hit_test: Callable[[int], bool] | None = None
    log_parts: list[str | Expression] = field(default_factory=list)

    def resolve(self, places: Places, worker: Worker, defines: dict[str, str]) -> None:
        """Find the statement and compile the condition for the version of the script that runs."""
        self.message, self.test, self.log_parts = "", None, []
        self.place = places.find(self.path, self.line, self.column)
        if self.place is None:
            self.message = "no statement here that runs"
            return
        kind = kind_of_route(self.place.route)
        if kind in (ONSEND, ERROR) or self.place.route == "event_route[tm:local-request]":
            self.message = f"{self.place.route} cannot wait: messages do not stop in it"
            self.place = None
            return
        try:
            if self.condition:
                self.test = compile_plain(self.condition, worker, kind, defines)
            self.hit_test = parse_hits(self.hit_condition)
            if self.log:
                self.log_parts = parse_log(self.log, lambda part: compile_plain(part, worker, kind, defines))
        except OperatorError as error:
            self.message = f"{error.message} ({error.suggestion})" if error.suggestion else error.message
            self.place = None

    def is_hit(self, ctx: Context) -> bool:
        """Whether a message that comes here meets condition and count. Raises OperatorError: the condition fails."""
        if self.test is not None and not positive(evaluate(self.test, ctx)):
            return False
        self.hits += 1
        return self.hit_test is None or self.hit_test(self.hits)

    def log_text(self, ctx: Context) -> str:
        """What a log point says. Raises OperatorError."""
        return "".join(part if isinstance(part, str) else shown(part, ctx) for part in self.log_parts)


def compile_plain(source: str, worker: Worker, kind: int, defines: dict[str, str]) -> Expression:
    """An expression that does not wait. Raises OperatorError."""
    expression = compile_text(source, worker, kind, defines=defines, statements=False)
    if expression.waits:
        raise OperatorError("a function that waits cannot be used here")
    return expression


def evaluate(expression: Expression, ctx: Context) -> Any:
    """The value of an expression that does not wait. Raises OperatorError where it has none."""
    try:
        return expression.run(ctx)
    except (EvalError, PeerError, OperatorError) as error:
        raise OperatorError(f"{expression.text}: {error}") from None


def shown(expression: Expression, ctx: Context) -> str:
    """A value within a text, as in a string of the script; null is `<null>`."""
    value = evaluate(expression, ctx)
    return "<null>" if value is None else text(value)


def parse_hits(condition: str) -> Callable[[int], bool] | None:
    """`5`, `== 5`, `>= 5`, `% 10`: a test of the number of hits; None for no condition. Raises OperatorError."""
    if not condition.strip():
        return None
    found = _HITS.fullmatch(condition)
    if found is None:
        raise OperatorError(f"not a count of hits: {condition[:40]}", suggestion="write 5, >= 5 or % 5")
    sign = found[1] or "=="
    compare, number = _COMPARE["==" if sign == "=" else sign], int(found[2])
    return lambda hits: compare(hits, number)


def parse_log(message: str, compile_part: Callable[[str], Expression]) -> list[str | Expression]:
    """`text {expression} text`; braces inside an expression pair up. Raises OperatorError."""
    parts: list[str | Expression] = []
    start = 0
    while (opening := message.find("{", start)) >= 0:
        end = closing_brace(message, opening)
        if end < 0:
            raise OperatorError("a brace without its closing one in the log message")
        if opening > start:
            parts.append(message[start:opening])
        parts.append(compile_part(message[opening + 1 : end]))
        start = end + 1
    if start < len(message):
        parts.append(message[start:])
    return parts


def closing_brace(message: str, opening: int) -> int:
    """Where the brace at `opening` is closed; -1: nowhere."""
    depth = 0
    for position in range(opening, len(message)):
        depth += (message[position] == "{") - (message[position] == "}")
        if depth == 0:
            return position
    return -1


def by_spot(breakpoints: Iterable[Breakpoint]) -> dict[Spot, list[Breakpoint]]:
    """Those that mean a statement, by it."""
    found: dict[Spot, list[Breakpoint]] = {}
    for item in breakpoints:
        if item.place is not None:
            found.setdefault(spot_of(item.place), []).append(item)
    return found
