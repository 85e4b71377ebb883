"""Files of rules: `"^sip:a@" , ALL EXCEPT "x" : "^sip:b@"`, one a line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from siprouter.core.args import compile_regex
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.regex import Regex

MAX_RULES = 100_000
ALL = "ALL"
_EXCEPT = re.compile(r"\s+EXCEPT\s+")
_WORD = re.compile(r'\s*(?:"([^"]*)"|([^",\s]+(?:\s+[^",\s]+)*))\s*')


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a rule: expressions (None: all match), and exceptions."""

    expressions: tuple[Regex, ...] | None
    exceptions: tuple[Regex, ...]

    def matches(self, text: str) -> bool:
        """Whether one of the expressions matches, and no exception."""
        if self.expressions is not None and not any(item.search(text) for item in self.expressions):
            return False
        return not any(item.search(text) for item in self.exceptions)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who, and whom."""

    left: Side
    right: Side


Rules = tuple[Rule, ...]


def search(rules: Rules, left: str, right: str) -> bool:
    """Whether a rule matches both."""
    return any(rule.left.matches(left) and rule.right.matches(right) for rule in rules)


def read_rules(path: Path) -> Rules:
    """The rules of a file; a file that is not there has none. Raises OperatorError, which names the line."""
    try:
        text = path.read_text("utf-8", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        return ()
    except OSError as error:
        raise OperatorError(f"permissions: {path} cannot be read: {error.strerror}") from None
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            rule = parse_rule(line)
        except ValueError as error:
            raise OperatorError(f"permissions: {error}", SourceLocation(str(path), number, 1)) from None
        if rule is not None:
            rules.append(rule)
    if len(rules) > MAX_RULES:
        raise OperatorError(f"permissions: {path} has {len(rules)} rules, at most {MAX_RULES} are possible")
    return tuple(rules)


def parse_rule(line: str) -> Rule | None:
    """One line; None for one that is empty or a comment. Raises ValueError."""
    quoted, colon, end = False, -1, len(line)
    for pos, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            if colon >= 0:
                raise ValueError("a second colon: expressions that have one must be in quotes")
            colon = pos
        elif char == "#" and not quoted:
            end = pos
            break
    if quoted:
        raise ValueError("a quote is not closed")
    if not line[:end].strip():
        return None
    if colon < 0:
        raise ValueError("there is no colon between both sides")
    return Rule(_parse_side(line[:colon]), _parse_side(line[colon + 1 : end]))


def _parse_side(text: str) -> Side:
    found = next((match for match in _EXCEPT.finditer(text) if text[: match.start()].count('"') % 2 == 0), None)
    wanted, exceptions = (text, "") if found is None else (text[: found.start()], text[found.end() :])
    if wanted.strip() == ALL:
        return Side(None, _parse_list(exceptions) if found else ())
    return Side(_parse_list(wanted), _parse_list(exceptions) if found else ())


def _parse_list(text: str) -> tuple[Regex, ...]:
    expressions = []
    pos = 0
    while True:
        match = _WORD.match(text, pos)
        if match is None:
            raise ValueError(f"expected an expression, found '{text[pos:].strip()}'")
        expressions.append(compile_regex(match.group(1) if match.group(1) is not None else match.group(2), icase=True))
        pos = match.end()
        if pos == len(text):
            return tuple(expressions)
        if text[pos] != ",":
            raise ValueError(f"expected a comma, found '{text[pos:]}'")
        pos += 1
