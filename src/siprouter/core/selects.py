"""Selects (`@from.uri.user`): finding the declared one that a path of names and indexes means.

A declared path is written as in the inventory: `%s` stands for any name, `[%i]` for an index, `(…)` for what may be
left out, `.*` and `.{subtree}` for all that follows. The getter gets what these stand for, in order: a str for `%s`, an
int for `[%i]` (None where it was left out, as for an optional `%s`), a tuple of parts for `.*` and `.{subtree}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from siprouter.core.access import Getter
from siprouter.core.values import Value

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.declare import Select
    from siprouter.core.registry import Registry

Part = str | int
_TOKEN = re.compile(r"\(|\)|\[%i\]|\.?\*|\.?\{\w+\}|\.?%s|\.?[\w-]+")
_PART = re.compile(r"([A-Za-z_][\w-]*)((?:\[\s*(?:-?\d+|\"[^\"]*\"|'[^']*')\s*\])*)")
_INDEX = re.compile(r"\[\s*(?:(-?\d+)|\"([^\"]*)\"|'([^']*)')\s*\]")
MAX_PARTS = 32


def split_select_path(text: str) -> list[Part]:
    """`from.uri["x"].params[2]` → names and indexes; a quoted index is a name. Raises ValueError."""
    parts: list[Part] = []
    pos = 0
    while True:
        match = _PART.match(text, pos)
        if match is None:
            raise ValueError(f"bad select name '{text}'")
        parts.append(match.group(1))
        for index in _INDEX.finditer(match.group(2)):
            number, first, second = index.groups()
            parts.append(int(number) if number is not None else (first if first is not None else second))
        pos = match.end()
        if pos == len(text):
            break
        if text[pos] != "." or len(parts) > MAX_PARTS:
            raise ValueError(f"bad select name '{text}'")
        pos += 1
    return parts


def find_select(registry: Registry, parts: Sequence[Part]) -> Getter | None:
    """The getter for a path; of several declarations that match the one with the most fixed names counts.

    None where none matches. Raises ValueError where the one that does refuses the names.
    """
    best: tuple[int, Select, object, list[object]] | None = None
    for declared, inst in registry.selects:
        tokens = _TOKEN.findall(declared.path)
        found = _match(tokens, 0, list(parts), 0)
        if found is not None:
            fixed = sum(1 for token in tokens if token.lstrip(".").replace("-", "_").isidentifier())
            if best is None or fixed > best[0]:
                best = (fixed, declared, inst, found)
    if best is None:
        return None
    _, declared, inst, args = best
    get = declared.get
    problem = "" if declared.check is None else declared.check(inst, *args)
    if problem:
        raise ValueError(problem)

    def read(ctx: Context) -> Value:
        value: Value = get(inst, ctx, *args)
        return value

    return read


def _match(tokens: list[str], at: int, parts: list[Part], pos: int) -> list[object] | None:
    """The arguments where `tokens[at:]` matches `parts[pos:]` from end to end, else None."""
    if at == len(tokens):
        return [] if pos == len(parts) else None
    token = tokens[at].lstrip(".")
    if token == "(":
        return _match_optional(tokens, at, parts, pos)
    if token == ")":
        return _match(tokens, at + 1, parts, pos)
    if token == "*" or token.startswith("{"):
        return [tuple(parts[pos:])] if pos < len(parts) else None
    if pos == len(parts):
        return None
    part = parts[pos]
    if token == "[%i]":
        return _with(part, _match(tokens, at + 1, parts, pos + 1)) if isinstance(part, int) else None
    if token == "%s":
        return _with(part, _match(tokens, at + 1, parts, pos + 1)) if isinstance(part, str) else None
    return _match(tokens, at + 1, parts, pos + 1) if part == token else None


def _with(part: Part | None, rest: list[object] | None) -> list[object] | None:
    return None if rest is None else [part, *rest]


def _match_optional(tokens: list[str], at: int, parts: list[Part], pos: int) -> list[object] | None:
    """With the group in parentheses at `at`, or without it; what it would have given is then None."""
    found = _match(tokens, at + 1, parts, pos)
    if found is not None:
        return found
    end = tokens.index(")", at)
    rest = _match(tokens, end + 1, parts, pos)
    for token in reversed(tokens[at + 1 : end]):
        if token.lstrip(".") in ("[%i]", "%s"):
            rest = _with(None, rest)
    return rest
