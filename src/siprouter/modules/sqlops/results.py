"""Results of queries, and $dbr."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, str_to_int, to_int
from siprouter.db.script_sql import script_value

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.sqlops.state import SqlOps

HINT = "$dbr(result=>rows), =>cols, =>[row,column] or =>colname[column]"
_REFERENCE = re.compile(r"\s*([^=\s]+)\s*=>\s*(rows|cols|colname\s*\[(.+)\]|\[(.+)\])\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Result:
    """Names of columns, and rows of script values."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()


EMPTY = Result()


def make_result(columns: list[str], rows: list[tuple[Any, ...]]) -> Result:
    """The result of a query; one without rows is empty, and has no columns either."""
    if not rows:
        return EMPTY
    return Result(tuple(columns), tuple([tuple([script_value(value) for value in row]) for row in rows]))


def bind_result(inst: SqlOps, inner: InnerName) -> PvAccess:
    """$dbr(result=>key)"""
    match = _REFERENCE.fullmatch(inner.text)
    if match is None:
        raise inner.error(f"bad name in $dbr({inner.text})", HINT)
    name, key, of_name, of_value = match.groups()
    if key == "rows":
        return PvAccess(lambda ctx: len(inst.result(ctx, name).rows))
    if key == "cols":
        return PvAccess(lambda ctx: len(inst.result(ctx, name).columns))
    if of_name is not None:
        column = _index(of_name, inner)
        return PvAccess(lambda ctx: _at(inst.result(ctx, name).columns, column(ctx)))
    return PvAccess(_cell(inst, name, of_value, inner))


def _cell(inst: SqlOps, name: str, text: str, inner: InnerName) -> Callable[[Context], Value]:
    parts = _split(text)
    if len(parts) != 2:
        raise inner.error(f"expected [row,column] in $dbr({inner.text})", HINT)
    row, column = [_index(part, inner) for part in parts]

    def get(ctx: Context) -> Value:
        values = _at(inst.result(ctx, name).rows, row(ctx))
        value: Value = None if values is None else _at(values, column(ctx))
        return value

    return get


def _split(text: str) -> list[str]:
    """At commas outside parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _at(values: tuple[Any, ...], index: int) -> Any:
    return values[index] if 0 <= index < len(values) else None


def _index(text: str, inner: InnerName) -> Callable[[Context], int]:
    text = text.strip()
    if text.startswith("$"):
        access = inner.env.parse_pvar(text, inner.location)
        return lambda ctx: to_int(access.get(ctx))
    number = str_to_int(text)
    if number is None:
        raise inner.error(f"bad index '{text}' in $dbr({inner.text})", HINT)
    return lambda ctx: number
