"""Core RPC commands about the commands themselves (system.*), echoes to test clients with, and core.kill."""

from __future__ import annotations

import os
import signal

from siprouter.core.declare import Rpc, rpc
from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcCall
from siprouter.rpc.values import RpcError, RpcValue

KILL_DELAY = 0.1
"""seconds that the reply gets to leave before the signal comes"""


def _list_methods(worker: Worker, call: RpcCall) -> RpcValue:
    return sorted(worker.registry.rpcs)


def _method_help(worker: Worker, call: RpcCall, name: str) -> str:
    return _find(worker, name).help or "undocumented"


def _method_signature(worker: Worker, call: RpcCall, name: str) -> str:
    return _find(worker, name).args


def _find(worker: Worker, name: str) -> Rpc:
    found = worker.registry.rpcs.get(name)
    if found is None:
        raise RpcError(400, "command not found")
    return found[0]


def _echo(worker: Worker, call: RpcCall, *values: RpcValue) -> RpcValue:
    return list(values)


def send_signal(worker: Worker, number: int) -> None:
    """Signal the server once the reply to the present command has left."""

    async def kill() -> None:
        await worker.sleep(KILL_DELAY)
        target = worker.services.get("main_pid", os.getpid())
        os.kill(target, number)

    worker.spawn(kill(), "kill")


def _kill(worker: Worker, call: RpcCall, number: int = signal.SIGTERM) -> None:
    if number not in signal.valid_signals():
        raise RpcError(400, f"no signal has the number {number}")
    send_signal(worker, number)


SYSTEM_RPCS: tuple[Rpc, ...] = (
    rpc("system.listMethods", _list_methods, help="Names of all RPC commands.", returns_array=True),
    rpc("system.methodSignature", _method_signature, "s", help="Arguments of a command, a letter each."),
    rpc("system.methodHelp", _method_help, "s", help="What a command does."),
    rpc("core.prints", _echo, "*s+", help="Gives back its arguments, which must be strings.", returns_array=True),
    rpc("core.printi", _echo, "*d+", help="Gives back its arguments, which must be integers.", returns_array=True),
    rpc("core.echo", _echo, "*.s+", help="Gives back its arguments as strings.", returns_array=True),
    rpc("core.kill", _kill, "*d", help="Sends the server a signal, by default TERM (15)."),
)
