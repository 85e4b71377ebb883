"""`$xavp(name[i]=>field[j])`: values that may have named fields.

The newest value is index 0; negative indexes count from the oldest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import XavpFields, XavpValue
from siprouter.core.pvars import ALL, InnerName
from siprouter.core.values import Value, to_int

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv

_PART = re.compile(r"\s*([^\s=\[\]]+)\s*(?:\[(.*)\])?\s*", re.DOTALL)


class Step:
    """`name` or `name[index]`; `index` is None (absent), an int, ALL, or the access of a variable."""

    __slots__ = ("index", "name")

    def __init__(self, text: str, inner: InnerName) -> None:
        match = _PART.fullmatch(text)
        if match is None:
            raise inner.error(f"bad name in $xavp({inner.text})", "$xavp(name), $xavp(name[0]=>field)")
        self.name: str = match.group(1)
        self.index: int | str | PvAccess | None = None
        written = match.group(2)
        if written is None:
            return
        written = written.strip()
        if written.startswith("$"):
            self.index = inner.env.parse_pvar(written, inner.location)
        elif written == ALL:
            self.index = ALL
        else:
            try:
                self.index = int(written)
            except ValueError:
                raise inner.error(f"the index in $xavp({inner.text}) must be a number, * or a variable") from None

    @property
    def every(self) -> bool:
        """Whether all values are meant."""
        return self.index == ALL

    def number(self, ctx: Context) -> int:
        """The index for this message; 0 where it is absent or all are meant."""
        if isinstance(self.index, PvAccess):
            return to_int(self.index.get(ctx))
        return self.index if isinstance(self.index, int) else 0


def bind_xavp(inst: Pv, inner: InnerName) -> PvAccess:
    """$xavp(name), $xavp(name[i]=>field[j])"""
    first, arrow, second = inner.text.partition("=>")
    root = Step(first, inner)
    if not arrow:
        return PvAccess(lambda ctx: _get_root(ctx, root), lambda ctx, value: _set_root(ctx, root, value))
    field = Step(second, inner)
    return PvAccess(lambda ctx: _get_field(ctx, root, field), lambda ctx, value: _set_field(ctx, root, field, value))


def _pick(values: list[XavpValue] | list[Value] | None, index: int) -> XavpValue:
    if values and -len(values) <= index < len(values):
        return values[index]
    return None


def _get_root(ctx: Context, root: Step) -> Value:
    found = _pick(ctx.avps.xavps.get(root.name), root.number(ctx))
    return f"<<xavp:{root.name}>>" if isinstance(found, dict) else found


def _get_field(ctx: Context, root: Step, field: Step) -> Value:
    found = _pick(ctx.avps.xavps.get(root.name), root.number(ctx))
    if not isinstance(found, dict):
        return None
    value = _pick(found.get(field.name), field.number(ctx))
    return None if isinstance(value, dict) else value


def _remove(values: list[XavpValue] | list[Value], step: Step, ctx: Context) -> None:
    if step.every:
        values.clear()
        return
    index = step.number(ctx)
    if -len(values) <= index < len(values):
        del values[index]


def _set_root(ctx: Context, root: Step, value: Value) -> None:
    """Null removes, an index replaces, else a new value is added."""
    xavps = ctx.avps.xavps
    values = xavps.get(root.name)
    if value is None:
        if values is not None:
            _remove(values, root, ctx)
            if not values:
                del xavps[root.name]
    elif root.index is None:
        xavps.setdefault(root.name, []).insert(0, value)
    elif values is not None and not root.every:
        index = root.number(ctx)
        if -len(values) <= index < len(values):
            values[index] = value


def _set_field(ctx: Context, root: Step, field: Step, value: Value) -> None:
    values = ctx.avps.xavps.get(root.name)
    if value is None:
        _remove_field(values or [], ctx, root, field)
    elif root.index is None:
        ctx.avps.xavps.setdefault(root.name, []).insert(0, {field.name: [value]})
    elif not root.every and not field.every:
        found = _pick(values, root.number(ctx))
        if isinstance(found, dict):
            _put_field(found, ctx, field, value)


def _put_field(fields: XavpFields, ctx: Context, field: Step, value: Value) -> None:
    """Add a value of a field, or replace the one with the given index."""
    if field.index is None:
        fields.setdefault(field.name, []).insert(0, value)
        return
    present = fields.get(field.name, [])
    index = field.number(ctx)
    if -len(present) <= index < len(present):
        present[index] = value


def _remove_field(values: list[XavpValue], ctx: Context, root: Step, field: Step) -> None:
    chosen = list(values) if root.every else [_pick(values, root.number(ctx))]
    for fields in chosen:
        if isinstance(fields, dict) and field.name in fields:
            _remove(fields[field.name], field, ctx)
            if not fields[field.name]:
                del fields[field.name]


def print_all(inst: Pv, ctx: Context) -> int:
    """pv_xavp_print(): all extended AVPs of this message to the log."""
    for name, values in ctx.avps.xavps.items():
        for index, value in enumerate(values):
            inst.log.info("xavp %s[%d] = %r", name, index, value, source="pv")
    return 1
