"""pv_isset() and pv_unset()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv


def is_set(inst: Pv, ctx: Context, variable: PvAccess) -> int:
    """pv_isset(variable): whether it is not null"""
    return -1 if variable.get(ctx) is None else 1


def unset(inst: Pv, ctx: Context, variable: PvAccess) -> int:
    """pv_unset(variable): assigns null; nothing happens to a read-only one"""
    if variable.set is not None:
        variable.set(ctx, None)
    return 1
