"""Core RPC commands about the workers of a server: which there are, and asking a single one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from siprouter.core.declare import Rpc, rpc
from siprouter.rpc.everywhere import ASK_RPC, team_of
from siprouter.rpc.values import RpcError, RpcValue

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall


def workers(worker: Worker, call: RpcCall) -> RpcValue:
    """core.workers: a structure for each."""
    team = team_of(worker)
    if team is None:
        return [{"worker": 0, "pid": os.getpid(), "restarts": 0}]
    return list[RpcValue](team.roster())


async def in_worker(worker: Worker, call: RpcCall, index: int, name: str, *params: RpcValue) -> RpcValue:
    """core.worker: what one worker answers."""
    from siprouter.rpc.call import run_here

    team = team_of(worker)
    count = 1 if team is None else team.count
    if not 0 <= index < count:
        raise RpcError(400, f"no worker {index}: there are {count}, from 0")
    if team is None or index == team.index:
        return await run_here(worker, name, params, call.transport, True)
    values: RpcValue = await team.ask(index, ASK_RPC, name, list(params), call.transport, True)
    return values


WORKER_RPCS: tuple[Rpc, ...] = (
    rpc("core.workers", workers, help="Number, process id and restarts of each worker.", returns_array=True),
    rpc(
        "core.worker",
        in_worker,
        "ds*.+",
        help="Runs a command in one worker only: its number, the command, its arguments.",
        returns_array=True,
    ),
)
