"""RPC commands of ratelimit."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from siprouter.modules.pipelimit.feedback import Gains
from siprouter.modules.pipelimit.pipes import ALGORITHMS, NOP, Pipe
from siprouter.modules.ratelimit.state import MAX_PIPES, MAX_QUEUES
from siprouter.rpc.values import RpcError

if TYPE_CHECKING:
    from siprouter.modules.ratelimit.state import RateLimit


def stats(inst: RateLimit, _call: object) -> list[str]:
    """rl.stats: requests of the last interval, limit and load of each pipe."""
    lines = []
    for number in range(MAX_PIPES):
        pipe = inst.pipe(number)
        load = inst.pipes.load(str(number), pipe)
        lines.append(f"PIPE[{number}]: {inst.pipes.counted(str(number))[1]}/{pipe.limit} (drop rate: {load})")
    return lines


def get_pipes(inst: RateLimit, _call: object) -> list[str]:
    """rl.get_pipes: the pipes with an algorithm."""
    lines = []
    for number in range(MAX_PIPES):
        pipe = inst.pipe(number)
        if pipe.algorithm != NOP:
            current, last = inst.pipes.counted(str(number))
            load = inst.pipes.load(str(number), pipe)
            kind = f"{ALGORITHMS.index(pipe.algorithm)}:{pipe.algorithm}"
            lines.append(f"PIPE[{number}]: {kind} {last}/{pipe.limit} (drop rate: {load}) [{current}]")
    return lines


def set_pipe(inst: RateLimit, _call: object, number: int, algorithm: str, limit: int) -> None:
    """rl.set_pipe number algorithm limit"""
    if algorithm not in ALGORITHMS:
        raise RpcError(400, "Unknown algorithm")
    if not 0 <= number < MAX_PIPES:
        raise RpcError(400, "Unknown pipe")
    if limit < 0:
        raise RpcError(400, "Negative limit")
    try:
        inst.pipes.set(str(number), Pipe(algorithm, limit))
    except ValueError as error:
        raise RpcError(400, str(error)) from None


def get_queues(inst: RateLimit, _call: object) -> list[str]:
    """rl.get_queues: pipe and method of each queue."""
    queues = ((number, inst.queue(number)) for number in range(MAX_QUEUES))
    return [f"QUEUE[{number}]: {queue[0]}:{queue[1]}" for number, queue in queues if queue is not None]


def set_queue(inst: RateLimit, _call: object, number: int, method: str, pipe: int) -> None:
    """rl.set_queue queue method pipe: change a queue that there is."""
    if not 0 <= pipe < MAX_PIPES:
        raise RpcError(400, "Invalid pipe number")
    if not 0 <= number < MAX_QUEUES or inst.queue(number) is None:
        raise RpcError(400, "There is no such queue")
    inst.queues.put(str(number), (pipe, method))


def get_pid(inst: RateLimit, _call: object) -> str:
    """rl.get_pid: the gains of the controller of FEEDBACK."""
    gains = inst.pipes.feedback.gains
    return f"ki[{gains.ki:f}] kp[{gains.kp:f}] kd[{gains.kd:f}] "


def set_pid(inst: RateLimit, _call: object, ki: float, kp: float, kd: float) -> None:
    """rl.set_pid ki kp kd"""
    if not all(map(isfinite, (ki, kp, kd))):
        raise RpcError(400, "Value out of range")
    inst.pipes.feedback.gains = Gains(ki, kp, kd)


def push_load(inst: RateLimit, _call: object, load: float) -> None:
    """rl.push_load load: as if this load had been measured (0.0 to 1.0)."""
    if not 0.0 <= load <= 1.0:
        raise RpcError(400, "Value out of range")
    inst.pipes.feedback.update(load)


def set_dbg(inst: RateLimit, _call: object, on: int) -> None:
    """rl.set_dbg 0|1: whether each interval leaves a line with its counts in the log."""
    inst.debug.set(1 if on else 0)
