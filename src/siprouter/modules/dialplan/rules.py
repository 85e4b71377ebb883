"""Rules of dial plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import is_name_char, parse_pvar_at
from siprouter.core.values import to_text as value_text
from siprouter.db.values import Row, to_text
from siprouter.modules.regex.patterns import Options, Pattern
from siprouter.util.errors import NOWHERE, OperatorError
from siprouter.util.regex import GroupRef, RegexError, UriRef, parse_replacement

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

EQUAL, REGEX = 0, 1
MAX_OUTPUT = 127
MAX_GROUPS = 10


class TranslationError(ValueError):
    """A rule matches, but cannot be carried out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `replacement`: parts as of `parse_replacement`; a text is taken as it is, None: nothing is written."""

    match: str | Pattern
    length: int
    groups: Pattern | None
    replacement: str | list[object] | None
    attributes: str

    def matches(self, text: str) -> bool:
        """Whether this rule counts for a text."""
        return self.match.matches(text) if isinstance(self.match, Pattern) else self.match == text

    def translate(self, ctx: Context | None, text: str) -> str:
        """The translation, "" where the rule has none. Raises TranslationError."""
        if self.replacement is None:
            return ""
        found = None if self.groups is None else self.groups.find(text)
        if self.groups is not None and found is None:
            raise TranslationError("the text matches, but not the substitution expression")
        if isinstance(self.replacement, str):
            output = self.replacement
        else:
            output = "".join([_expand(ctx, part, found or []) for part in self.replacement])
        if len(output) > MAX_OUTPUT:
            raise TranslationError(f"a translation of more than {MAX_OUTPUT} characters")
        return output


def _expand(ctx: Context | None, part: object, groups: list[str | None]) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, GroupRef):
        return groups[part.number] or ""
    if ctx is None:
        return ""
    if isinstance(part, UriRef):
        return ctx.uri if ctx.msg.is_request else ""
    assert isinstance(part, PvAccess)
    return value_text(part.get(ctx))


class Plans:
    """All dial plans: rules by number and length, in the order of their priorities."""

    def __init__(self) -> None:
        self._rules: dict[int, dict[int, list[Rule]]] = {}
        self.count = 0

    def __contains__(self, plan: int) -> bool:
        return plan in self._rules

    def add(self, plan: int, rule: Rule) -> None:
        """A rule behind those that there are."""
        self._rules.setdefault(plan, {}).setdefault(rule.length, []).append(rule)
        self.count += 1

    def find(self, plan: int, text: str) -> Rule | None:
        """The first rule that matches: those for this length first, then those for any. Lengths count octets."""
        by_length = self._rules.get(plan, {})
        length = len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
        for rules in (by_length.get(length, ()), by_length.get(0, ())):
            for rule in rules:
                if rule.matches(text):
                    return rule
        return None


def add_row(env: LoadEnv, plans: Plans, row: Row) -> None:
    """Add the rule of a row. Raises OperatorError that names it."""
    try:
        if any(column is None for column in row):
            raise ValueError("a column is null")
        plans.add(int(row[0]), _build(env, row))
    except (ValueError, OperatorError) as error:
        message = error.message if isinstance(error, OperatorError) else str(error)
        raise OperatorError(f"rule {row[0]}, priority {row[1]}, {to_text(row[3])!r}: {message}") from None


def _build(env: LoadEnv, row: Row) -> Rule:
    operator, length = int(row[2]), int(row[4])
    expression, pattern, replacement = to_text(row[3]), to_text(row[5]), to_text(row[6])
    if operator not in (EQUAL, REGEX):
        raise ValueError(f"unknown operator {operator}: 0 equal, 1 regular expression")
    match = Pattern(expression, Options(), True) if operator == REGEX else expression
    groups = Pattern(pattern, Options(), True) if pattern else None
    if groups is not None and groups.group_count > MAX_GROUPS:
        raise ValueError(f"more than {MAX_GROUPS} groups in the substitution expression")
    return Rule(match, length, groups, _replacement(env, replacement, groups), to_text(row[7]))


def _replacement(env: LoadEnv, text: str, groups: Pattern | None) -> str | list[object] | None:
    """Without a substitution expression it is taken as it is."""
    if not text:
        return None

    def parse_variable(source: str, pos: int) -> tuple[object, int]:
        following = source[pos + 1 : pos + 2]
        if not following or not (following in "($" or is_name_char(following)):
            return "$", pos + 1
        return parse_pvar_at(source, pos, env, NOWHERE)

    parse: Callable[[str, int], tuple[object, int]] = parse_variable
    try:
        parts, _ = parse_replacement(text, 0, "", parse)
    except RegexError as error:
        raise ValueError(f"bad replacement {text!r}: {error}") from None
    wanted = max([part.number for part in parts if isinstance(part, GroupRef)], default=0)
    known = 0 if groups is None else groups.group_count
    if groups is not None and wanted > known:
        raise ValueError(f"the replacement wants group {wanted}, the substitution expression has {known}")
    return text if groups is None else parts
