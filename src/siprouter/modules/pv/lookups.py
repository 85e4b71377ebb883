"""`$sel(…)` and `$stat(…)`: values that others declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import InnerName
from siprouter.core.selects import find_select, split_select_path
from siprouter.core.values import Value

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv


def bind_sel(inst: Pv, inner: InnerName) -> PvAccess:
    """$sel(path): the select `@path`"""
    try:
        get = find_select(inst.worker.registry, split_select_path(inner.text.removeprefix("@")))
    except ValueError as error:
        raise inner.error(str(error)) from None
    if get is None:
        raise inner.error(f"unknown select @{inner.text}")
    return PvAccess(get)


def bind_stat(inst: Pv, inner: InnerName) -> PvAccess:
    """$stat(name): null, with a warning, where there is no such statistic"""
    name = inner.text
    counters = inst.worker.counters

    def get(ctx: Context) -> Value:
        group, colon, rest = name.partition(":")
        counter = counters.find(group, rest) if colon else counters.find_by_name(name)
        if counter is None:
            inst.log.warning("no statistic %s", name, source="pv")
            return None
        return counter.get()

    return PvAccess(get)
