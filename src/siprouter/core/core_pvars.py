"""The pseudo-variables that exist without any module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.declare import PVar, pvar

if TYPE_CHECKING:
    from siprouter.core.context import Context


def get_null(inst: Any, ctx: Context) -> None:
    """$null"""
    return


def get_rc(inst: Any, ctx: Context) -> int:
    """$rc, $retcode, $?"""
    return ctx.rc


CORE_PVARS: tuple[PVar, ...] = (
    pvar("null", get=get_null, help="the null value"),
    pvar("rc", get=get_rc, help="return code of the last function or route"),
    pvar("retcode", get=get_rc, help="same as $rc"),
    pvar("?", get=get_rc, help="same as $rc"),
)
