"""Management commands of pipelimit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.values import str_to_int
from siprouter.modules.pipelimit.feedback import Gains
from siprouter.modules.pipelimit.pipes import NOP, Pipe
from siprouter.rpc.mi import BAD_ARGUMENT, MiReply
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.modules.pipelimit.state import PipeLimit


def pl_stats(inst: PipeLimit) -> MiReply:
    """pl_stats: load and requests of the last interval, by pipe."""
    reply = MiReply()
    for name, pipe in inst.pipes.items():
        if pipe.algorithm != NOP:
            node = reply.add("PIPE").attribute("id", name).attribute("load", inst.pipes.load(name, pipe))
            node.attribute("counter", inst.pipes.counted(name)[1])
    return reply


def pl_get_pipes(inst: PipeLimit) -> MiReply:
    """pl_get_pipes: what the pipes are, and the requests of this interval."""
    reply = MiReply()
    for name, pipe in inst.pipes.items():
        if pipe.algorithm != NOP:
            node = reply.add("PIPE").attribute("id", name).attribute("algorithm", pipe.algorithm)
            node.attribute("limit", pipe.limit).attribute("counter", inst.pipes.counted(name)[0])
    return reply


def pl_set_pipe(inst: PipeLimit, name: str, algorithm: str, limit: str) -> MiReply:
    """pl_set_pipe name algorithm limit: change a pipe, or make one."""
    number = str_to_int(limit)
    if not name or number is None or number < 0:
        return MiReply(400, BAD_ARGUMENT)
    try:
        inst.pipes.set(name, Pipe(algorithm, number))
    except ValueError as error:
        inst.worker.log.error("pl_set_pipe: %s", error, source="pipelimit")
        return MiReply(400, BAD_ARGUMENT)
    except PeerError as error:
        return MiReply(500, str(error))
    return MiReply()


def pl_get_pid(inst: PipeLimit) -> MiReply:
    """pl_get_pid: the gains of the controller of FEEDBACK."""
    reply = MiReply()
    gains = inst.pipes.feedback.gains
    node = reply.add("PID").attribute("ki", f"{gains.ki:.3f}").attribute("kp", f"{gains.kp:.3f}")
    node.attribute("kd", f"{gains.kd:.3f}")
    return reply


def pl_set_pid(inst: PipeLimit, ki: str, kp: str, kd: str) -> MiReply:
    """pl_set_pid ki kp kd: set the gains."""
    try:
        inst.pipes.feedback.gains = Gains(finite(ki), finite(kp), finite(kd))
    except ValueError:
        return MiReply(400, BAD_ARGUMENT)
    return MiReply()


def pl_push_load(inst: PipeLimit, load: str) -> MiReply:
    """pl_push_load load: as if this load had been measured (0.0 to 1.0)."""
    try:
        value = finite(load)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        return MiReply(400, BAD_ARGUMENT)
    inst.pipes.feedback.update(value)
    return MiReply()


def finite(text: str) -> float:
    """A number. Raises ValueError, for infinity, too."""
    number = float(text)
    if number - number != 0:
        raise ValueError(text)
    return number
