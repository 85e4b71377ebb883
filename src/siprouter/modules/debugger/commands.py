"""dbg.ls, dbg.trace and dbg.bp: each runs in all workers, and what they answer is put together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from siprouter.core.observe import Place
from siprouter.modules.debugger.state import ANCHORS, CFGTRACE, EVERYWHERE, Debugger
from siprouter.rpc.everywhere import team_of
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.values import Value
    from siprouter.debug.stops import Flow
    from siprouter.rpc.call import RpcCall

DONE = "200 ok"
NOT_ASKED: list[RpcValue] = []
"""of a worker that the command is not about"""
ABOUT_ONE = ("keep", "next", "move", "show", "eval", "log")
MAX_NAME = 255


def is_meant(debugger: Debugger, pid: int) -> bool:
    """Whether a command for a process (0: all) is for this one. Raises RpcError where there is no such process."""
    team = team_of(debugger.worker)
    if team is not None and pid and debugger.worker.index == 0:
        known = {item["pid"] for item in team.roster()}
    else:
        known = {os.getpid()} if team is None else {pid}
    if pid and pid not in known:
        raise RpcError(500, "No such pid")
    return pid in (0, os.getpid())


def done(debugger: Debugger) -> RpcValue:
    """The answer where nothing else is said, once for all workers."""
    return [DONE] if debugger.worker.index == 0 else NOT_ASKED


def listing(debugger: Debugger, call: RpcCall, pid: int = 0) -> RpcValue:
    """dbg.ls [pid]"""
    if not is_meant(debugger, pid):
        return NOT_ASKED
    return [
        {
            "entry": debugger.worker.index,
            "pid": os.getpid(),
            "set": debugger.switches,
            "state": debugger.state,
            "in.pid": 0,
            "in.cmd": 0,
            "stopped": len(list(debugger.stopped())),
        }
    ]


def trace(debugger: Debugger, call: RpcCall, command: str, pid: int = 0) -> RpcValue:
    """dbg.trace on|off [pid]"""
    if command not in ("on", "off"):
        raise RpcError(500, "Unknown trace command")
    if is_meant(debugger, pid):
        debugger.switch(**{command: CFGTRACE})
    return done(debugger)


async def breakpoints(debugger: Debugger, call: RpcCall, command: str, pid: int = 0, name: str = "") -> RpcValue:
    """dbg.bp command [pid [variable]]"""
    if command in ABOUT_ONE and not pid:
        raise RpcError(500, "Missing pid parameter")
    if command in ("eval", "log") and not 1 < len(name) <= MAX_NAME:
        raise RpcError(500, "invalid pv param" if name else "pv param missing")
    meant = is_meant(debugger, pid)
    if command == "keep":
        if not meant:
            debugger.move(None)
            debugger.release()
        return done(debugger)
    if command in ("on", "off", "release"):
        if meant:
            _switch(debugger, command)
        return done(debugger)
    if command not in ABOUT_ONE:
        raise RpcError(500, "Unknown inner command")
    return [await _at_breakpoint(debugger, command, name)] if meant else NOT_ASKED


def _switch(debugger: Debugger, command: str) -> None:
    """on, off, release."""
    if command == "on":
        for anchor in debugger.anchors:
            anchor.enabled = True
        debugger.switch(on=EVERYWHERE | ANCHORS)
    elif command == "off" or next(debugger.stopped(), None) is None:
        debugger.switch(off=EVERYWHERE | ANCHORS)


async def _at_breakpoint(debugger: Debugger, command: str, name: str) -> RpcValue:
    """The commands for a message that has stopped."""
    if command == "move":
        debugger.move(next(debugger.stopped(), None))
        return DONE
    flow = await debugger.at_breakpoint()
    if flow is None:
        return DONE
    if command == "show":
        return f"at bkp {describe(flow.place)}"
    if command == "next":
        place = flow.place
        debugger.next(flow)
        return f"exec {describe(place)}"
    found = f"{name} : {read(debugger, flow, name)}"
    if command == "eval":
        return found
    debugger.write(f"breakpoint eval: {found}")
    return DONE


def describe(place: Place) -> str:
    """`[file:line] a=17 n=if`"""
    return f"[{place.file}:{place.line}] a={place.action} n={place.name}"


def read(debugger: Debugger, flow: Flow, name: str) -> str:
    """A variable of a message that has stopped, with its type. Raises RpcError."""
    try:
        value: Value = debugger.worker.env.parse_pvar(name).get(flow.ctx)
    except OperatorError as error:
        raise RpcError(500, f"unable to parse pv [{name}]: {error.message}") from None
    if value is None:
        return "t=null"
    return f"t=int v={value}" if isinstance(value, int) else f"t=str v={value}"
