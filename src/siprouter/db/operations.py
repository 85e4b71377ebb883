"""What can be asked of a table: data, which drivers turn into SQL or carry out on files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from siprouter.db.errors import DbRefusedError
from siprouter.db.values import Value

OPERATORS = ("=", "<", ">", "<=", ">=", "<>", "!=", "like")
MAX_IDENTIFIER = 64
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,63}\Z", re.ASCII)

Key = tuple[str, Value] | tuple[str, str, Value]
"""(column, value): equal to, null where value is None; (column, operator, value): see OPERATORS"""


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row."""

    table: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Update:
    """New values for the rows that match all keys; no keys: all rows."""

    table: str
    keys: Sequence[Key]
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the rows that match all keys; no keys: all rows."""

    table: str
    keys: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Replace:
    """Update the row whose `unique` columns have these values, or insert it."""

    table: str
    values: Mapping[str, Value]
    unique: Sequence[str] = field(default_factory=tuple)


Operation = Insert | Update | Delete | Replace


def check_identifier(name: str) -> str:
    """The name of a table or column; anything that is not a plain one raises DbRefusedError."""
    if not _IDENTIFIER.match(name):
        raise DbRefusedError(f"no name of a table or column: {name[:MAX_IDENTIFIER]!r}")
    return name


def is_identifier(name: str) -> bool:
    """Whether a configured table or column can be one; a table may have its schema before a dot."""
    return all(_IDENTIFIER.match(part) for part in name.split(".", 1))


def parse_order(order: str) -> list[tuple[str, bool]]:
    """`a, b desc` as columns and whether they fall. Raises DbRefusedError."""
    found = []
    for part in order.split(","):
        words = part.split()
        if not words:
            continue
        direction = words[1].lower() if len(words) == 2 else "asc"
        if len(words) > 2 or direction not in ("asc", "desc"):
            raise DbRefusedError(f"no order of rows: {order[:MAX_IDENTIFIER]!r}")
        found.append((check_identifier(words[0]), direction == "desc"))
    return found


def key_parts(key: Key) -> tuple[str, str, Value]:
    """(column, operator, value) of a key. Raises DbRefusedError."""
    if len(key) == 2:
        return key[0], "=", key[1]
    column, operator, value = key
    operator = operator.strip().lower()
    if operator not in OPERATORS:
        raise DbRefusedError(f"no comparison: {operator[:8]!r}")
    return column, "<>" if operator == "!=" else operator, value
