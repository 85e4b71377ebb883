"""`$sht`, `$shtex`, `$shtcn`, `$shtcv`, and the functions that delete by a pattern."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, str_to_int
from siprouter.util.errors import SourceLocation
from siprouter.util.regex import RegexError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.modules.htable.state import HashTable, HashTables

_REFERENCE = re.compile(r"\s*([^=\s]+)\s*=>(.+)", re.DOTALL)
_OPERATORS = ("~~", "~%", "%~", "==", "eq", "**")

Matches = Callable[[str, str | int], bool]
"""whether an entry counts: its name, its value"""


class Reference:
    """`table=>key`: the name of a table, and a text with variables."""

    __slots__ = ("format", "table")

    def __init__(self, table: str, format: Any) -> None:
        self.table = table
        self.format = format

    def find(self, inst: HashTables) -> HashTable | None:
        """The table; None where there is none of this name."""
        return inst.tables.get(self.table)

    def text(self, ctx: Context) -> str:
        """The key, or what stands in its place."""
        text: str = self.format.text(ctx)
        return text


def parse_reference(text: str, env: LoadEnv, location: SourceLocation) -> Reference:
    """What `text` refers to. Raises ValueError, or OperatorError for what is wrong within it."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected table=>key, found {text!r}")
    tables = env.worker.module("htable").tables
    if match[1] not in tables:
        known = ", ".join(sorted(tables)) or "none"
        env.worker.log.warning(
            "%s: there is no table %s (but: %s); it reads as null", location, match[1], known, source="htable"
        )
    return Reference(match[1], env.parse_format(match[2], location))


def _reference(inner: InnerName) -> Reference:
    try:
        return parse_reference(inner.text, inner.env, inner.location)
    except ValueError as error:
        raise inner.error(str(error), "$sht(table=>key)") from None


def bind_value(inst: HashTables, inner: InnerName) -> PvAccess:
    """$sht(table=>key)"""
    reference = _reference(inner)

    def get(ctx: Context) -> Value:
        table = reference.find(inst)
        return None if table is None else table.entries.get(reference.text(ctx))

    def put(ctx: Context, value: Value) -> None:
        table = reference.find(inst)
        if table is None:
            inst.log.error("there is no table %s to write to", reference.table, source="htable")
        else:
            inst.set(table, reference.text(ctx), value)

    return PvAccess(get, put)


def bind_expiry(inst: HashTables, inner: InnerName) -> PvAccess:
    """$shtex(table=>key): 0 for an entry that stays, for one that is not there, and in a table without autoexpire."""
    reference = _reference(inner)

    def get(ctx: Context) -> Value:
        table = reference.find(inst)
        if table is None:
            return None
        left = table.entries.remaining(reference.text(ctx)) if table.autoexpire else None
        return math.ceil(left) if left else 0

    def put(ctx: Context, value: Value) -> None:
        table = reference.find(inst)
        if table is None:
            inst.log.error("there is no table %s to write to", reference.table, source="htable")
        elif table.autoexpire:
            seconds = value if isinstance(value, int) else 0
            table.entries.touch(reference.text(ctx), float(max(seconds, 0)))

    return PvAccess(get, put)


def bind_name_count(inst: HashTables, inner: InnerName) -> PvAccess:
    """$shtcn(table=>condition)"""
    return _bind_count(inst, inner, by_value=False)


def bind_value_count(inst: HashTables, inner: InnerName) -> PvAccess:
    """$shtcv(table=>condition)"""
    return _bind_count(inst, inner, by_value=True)


def _bind_count(inst: HashTables, inner: InnerName, by_value: bool) -> PvAccess:
    reference = _reference(inner)

    def get(ctx: Context) -> Value:
        table = reference.find(inst)
        if table is None:
            return None
        try:
            matches = condition(inst, reference.text(ctx), by_value)
        except RegexError as error:
            inst.log.error("bad pattern %r: %s", reference.text(ctx), error, source="htable")
            return 0
        return 0 if matches is None else sum(matches(key, value) for key, value in table.entries.items())

    return PvAccess(get)


def condition(inst: HashTables, text: str, by_value: bool) -> Matches | None:
    """What `~~pattern`, `~%end`, `%~start`, `==text`, `eqnumber`, `**` or a pattern alone asks of names or texts.

    None: nothing can match. Raises RegexError.
    """
    operator, wanted = (text[:2], text[2:]) if text[:2] in _OPERATORS else ("~~", text)
    if operator == "**":
        return lambda key, value: True
    if not wanted:
        return None
    if operator == "eq":
        number = str_to_int(wanted) or 0
        return (lambda key, value: value == number) if by_value else None
    test = _text_test(inst, operator, wanted)
    if not by_value:
        return lambda key, value: test(key)
    return lambda key, value: isinstance(value, str) and test(value)


def _text_test(inst: HashTables, operator: str, wanted: str) -> Callable[[str], bool]:
    if operator == "~%":
        return lambda text: text.endswith(wanted)
    if operator == "%~":
        return lambda text: text.startswith(wanted)
    if operator == "==":
        return lambda text: text == wanted
    return inst.pattern(wanted).matches


def remove_by_name(inst: HashTables, ctx: Context, reference: Reference) -> int:
    """sht_rm_name_re("table=>pattern")"""
    return _remove(inst, ctx, reference, False)


def remove_by_value(inst: HashTables, ctx: Context, reference: Reference) -> int:
    """sht_rm_value_re("table=>pattern")"""
    return _remove(inst, ctx, reference, True)


def _remove(inst: HashTables, ctx: Context, reference: Reference, by_value: bool) -> int:
    table = reference.find(inst)
    if table is None:
        return 1
    text = reference.text(ctx)
    try:
        pattern = inst.pattern(text) if text else None
    except RegexError as error:
        inst.log.error("bad pattern %r: %s", text, error, source="htable")
        return -1
    if pattern is None:
        return -1
    for key, value in table.entries.items():
        tested = value if by_value else key
        if isinstance(tested, str) and pattern.matches(tested):
            table.entries.delete(key)
    return 1
