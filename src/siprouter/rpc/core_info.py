"""Core RPC commands that tell what the server is and how it fares: core.version, core.uptime, core.ps and their kin."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path

from siprouter.core.declare import Rpc, rpc
from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcCall
from siprouter.rpc.memory import read_memory
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.rpc.version import NAME, build_date, build_flags, compiler, full_version, version_number

_UNITS = {"b": 0, "k": 10, "kb": 10, "m": 20, "mb": 20, "g": 30, "gb": 30, "bb": 0}


def processes(worker: Worker) -> list[tuple[int, str]]:
    """(pid, description) of each process of the server, which leaves a function for that when there are several."""
    several = worker.services.get("processes")
    found: list[tuple[int, str]] = several() if several is not None else [(os.getpid(), "main process")]
    return found


def clock_text(seconds: float) -> str:
    """Local time as C's ctime() writes it, without the line end."""
    return time.ctime(seconds)


def _version(worker: Worker, call: RpcCall) -> str:
    return full_version()


def _flags(worker: Worker, call: RpcCall) -> str:
    return build_flags()


def _info(worker: Worker, call: RpcCall) -> RpcValue:
    return {
        "version": f"{NAME} {version_number()}",
        "id": version_number(),
        "compiler": compiler(),
        "compiled": build_date(),
        "flags": build_flags(),
    }


def _uptime(worker: Worker, call: RpcCall) -> RpcValue:
    now = worker.wall_clock()
    return {
        "now": clock_text(now),
        "up_since": clock_text(worker.started_at),
        "uptime": int(now) - int(worker.started_at),
    }


def _ps(worker: Worker, call: RpcCall) -> RpcValue:
    return [field for process in processes(worker) for field in process]


def _pwd(worker: Worker, call: RpcCall) -> str:
    try:
        return str(Path.cwd())
    except OSError:
        raise RpcError(500, "getcwd Failed") from None


def _arg(worker: Worker, call: RpcCall) -> RpcValue:
    return list(sys.argv)


def _shmmem(worker: Worker, call: RpcCall, unit: str = "b") -> RpcValue:
    shift = _UNITS.get(unit.lower())
    if shift is None:
        raise RpcError(500, "bad param, (use b|k|m|g)")
    info = read_memory()
    return {
        "total": info.total >> shift,
        "free": info.free >> shift,
        "used": info.used >> shift,
        "real_used": info.real_used >> shift,
        "max_used": info.max_used >> shift,
        "fragments": info.fragments,
    }


def _udp4_raw_info(worker: Worker, call: RpcCall) -> RpcValue:
    outlet = worker.outlet
    if not hasattr(outlet, "raw_options"):
        raise RpcError(500, "udp4_raw mode needs sockets")
    ttl = outlet.raw_options.ttl if outlet.sends_raw else outlet.udp_options.raw_ttl
    return {"udp4_raw": int(outlet.sends_raw), "udp4_raw_mtu": outlet.udp_options.raw_mtu, "udp4_raw_ttl": ttl}


def _python_memory(worker: Worker, call: RpcCall) -> RpcValue:
    pools: list[RpcValue] = []
    for number, (waiting, totals) in enumerate(zip(gc.get_count(), gc.get_stats(), strict=True)):
        pools.append(
            {
                "pool": number,
                "waiting": waiting,
                "collections": totals["collections"],
                "collected": totals["collected"],
                "uncollectable": totals["uncollectable"],
            }
        )
    return [*pools, {"blocks": sys.getallocatedblocks(), "permanent": gc.get_freeze_count()}]


INFO_RPCS: tuple[Rpc, ...] = (
    rpc("core.version", _version, help="Version of the server."),
    rpc("core.flags", _flags, help="How the server was built."),
    rpc("core.info", _info, help="Version, build flags, compiler and build date."),
    rpc("core.uptime", _uptime, help="Time now, time of the start, and the seconds between."),
    rpc("core.ps", _ps, help="Process id and description of each process.", returns_array=True),
    rpc("core.pwd", _pwd, help="Working directory.", returns_array=True),
    rpc("core.arg", _arg, help="Command line of the server.", returns_array=True),
    rpc("core.udp4_raw_info", _udp4_raw_info, help="Whether UDP leaves through a raw socket, its MTU and TTL."),
    rpc("core.sfmalloc", _python_memory, help="Blocks of Python's allocator, and what its collector did."),
    rpc("core.shmmem", _shmmem, "*s", help="Memory of the process in bytes, or in the unit given: b, k, m or g."),
)
