"""The management commands about the server itself."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.core.settings import CfgError
from siprouter.core.values import str_to_int
from siprouter.rpc.core_info import clock_text, processes
from siprouter.rpc.core_system import send_signal
from siprouter.rpc.mi import BAD_ARGUMENT, MiReply
from siprouter.rpc.version import build_date, build_flags, compiler, full_version, version_number

if TYPE_CHECKING:
    from siprouter.modules.kex.state import Kex


def arg(inst: Kex) -> MiReply:
    """MI arg: a nameless node for each word of the command line."""
    reply = MiReply()
    for word in sys.argv:
        reply.add(None, word)
    return reply


def debug(inst: Kex, level: str | None = None) -> MiReply:
    """MI debug: the log level, after setting it where one is given."""
    cfg = inst.worker.cfg
    try:
        if level is None:
            number = cfg.get("core", "debug")
        else:
            number = str_to_int(level)
            if number is None:
                return MiReply(400, BAD_ARGUMENT)
            cfg.set_now("core", "debug", number)
    except CfgError as error:
        return MiReply(500, str(error))
    reply = MiReply()
    reply.add("DEBUG", number)
    return reply


def kill(inst: Kex) -> None:
    """MI kill."""
    send_signal(inst.worker, signal.SIGTERM)


def ps(inst: Kex) -> MiReply:
    """MI ps: a node for each process with its number, id and description."""
    reply = MiReply()
    for index, (pid, description) in enumerate(processes(inst.worker)):
        reply.add("Process").attribute("ID", index).attribute("PID", pid).attribute("Type", description)
    return reply


def pwd(inst: Kex) -> MiReply:
    """MI pwd."""
    reply = MiReply()
    reply.add("WD", str(Path.cwd()))
    return reply


def uptime(inst: Kex) -> MiReply:
    """MI uptime."""
    now = inst.worker.wall_clock()
    started = inst.worker.started_at
    reply = MiReply()
    reply.add("Now", clock_text(now))
    reply.add("Up since", clock_text(started))
    reply.add("Up time", f"{int(now - started)} [sec]")
    return reply


def version(inst: Kex) -> MiReply:
    """MI version."""
    reply = MiReply()
    reply.add("Server", full_version())
    reply.add("Build", f"{compiler()}, {build_date()}")
    reply.add("Flags", build_flags())
    reply.add("GIT", version_number())
    return reply


def which(inst: Kex) -> MiReply:
    """MI which: a nameless node for each command."""
    reply = MiReply()
    for name in inst.worker.registry.mis:
        reply.add(None, name)
    return reply
