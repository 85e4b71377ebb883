"""Pseudo-variables of the time: of the message (when it was first asked for), and now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value
from siprouter.modules.pv.message import unknown_name

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv

MESSAGE_TIME = "pv.time"
MESSAGE_TIMEVAL = "pv.timeval"
LOCAL_TIME = "pv.local_time"
TIME_NAMES = ("sec", "min", "hour", "mday", "mon", "year", "wday", "yday", "isdst")
TIMEVAL_NAMES = ("s", "u", "sn", "un", "Sn")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _message_time(inst: Pv, ctx: Context) -> int:
    seconds = ctx.vars.get(MESSAGE_TIME)
    if seconds is None:
        seconds = ctx.vars[MESSAGE_TIME] = int(inst.worker.wall_clock())
    return int(seconds)


def formatted(seconds: int) -> str:
    """The time as C's ctime() writes it, in local time and without a line end."""
    local = time.localtime(seconds)
    clock = f"{local.tm_hour:02d}:{local.tm_min:02d}:{local.tm_sec:02d}"
    return f"{_DAYS[local.tm_wday]} {_MONTHS[local.tm_mon - 1]} {local.tm_mday:2d} {clock} {local.tm_year}"


def get_seconds(inst: Pv, ctx: Context) -> Value:
    """$Ts"""
    return _message_time(inst, ctx)


def get_formatted(inst: Pv, ctx: Context) -> Value:
    """$Tf"""
    return formatted(_message_time(inst, ctx))


def get_seconds_now(inst: Pv, ctx: Context) -> Value:
    """$TS"""
    return int(inst.worker.wall_clock())


def get_formatted_now(inst: Pv, ctx: Context) -> Value:
    """$TF"""
    return formatted(int(inst.worker.wall_clock()))


def _local_time(inst: Pv, ctx: Context) -> time.struct_time:
    local = ctx.vars.get(LOCAL_TIME)
    if local is None:
        local = ctx.vars[LOCAL_TIME] = time.localtime(_message_time(inst, ctx))
    found: time.struct_time = local
    return found


def _attribute(local: time.struct_time, name: str) -> int:
    """Days of the week count from Sunday = 1, months and days of the year from 1."""
    if name == "wday":
        return (local.tm_wday + 1) % 7 + 1
    value: int = getattr(local, f"tm_{name}")
    return value


def bind_time(inst: Pv, inner: InnerName) -> PvAccess:
    """$time(name)"""
    name = inner.text
    if name not in TIME_NAMES:
        raise unknown_name(inner, "time", TIME_NAMES)
    return PvAccess(lambda ctx: _attribute(_local_time(inst, ctx), name))


def _split(clock: float) -> tuple[int, int]:
    micros = int(clock * 1_000_000)
    return divmod(micros, 1_000_000)


def _message_timeval(inst: Pv, ctx: Context) -> tuple[int, int]:
    found = ctx.vars.get(MESSAGE_TIMEVAL)
    if found is None:
        found = ctx.vars[MESSAGE_TIMEVAL] = _split(inst.worker.wall_clock())
    pair: tuple[int, int] = found
    return pair


def bind_timeval(inst: Pv, inner: InnerName) -> PvAccess:
    """$TV(name): s and u of the message, sn and un now, Sn now as text with six decimals"""
    name = inner.text
    if name not in TIMEVAL_NAMES:
        raise unknown_name(inner, "TV", TIMEVAL_NAMES)
    now = inst.worker.wall_clock
    if name == "s":
        return PvAccess(lambda ctx: _message_timeval(inst, ctx)[0])
    if name == "u":
        return PvAccess(lambda ctx: _message_timeval(inst, ctx)[1])
    if name == "sn":
        return PvAccess(lambda ctx: _split(now())[0])
    if name == "un":
        return PvAccess(lambda ctx: _split(now())[1])
    return PvAccess(lambda ctx: "{}.{:06d}".format(*_split(now())))
