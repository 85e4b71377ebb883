"""rpc/core_system.py and rpc/core.py."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any

import pytest

from siprouter.core.declare import rpc
from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcReply, start_rpc
from siprouter.rpc.core import CORE_RPCS, register_core_rpcs
from siprouter.rpc.values import RpcError

Tasks = list[tuple[Coroutine[Any, Any, Any], str]]


def values(worker: Worker, name: str, *params: Any) -> list[Any]:
    reply = start_rpc(worker, name, params)
    assert isinstance(reply, RpcReply)
    return list(reply.values)


def test_methods_are_listed_with_their_help(worker: Worker) -> None:
    names = values(worker, "system.listMethods")
    assert names == sorted(names)
    assert {"core.uptime", "sample.add", "system.listMethods"} <= set(names)
    assert values(worker, "system.methodHelp", "sample.add") == ["Adds."]
    assert values(worker, "system.methodHelp", "sample.who") == ["undocumented"]
    assert values(worker, "system.methodSignature", "sample.add") == ["d*d"]
    for name in ("system.methodHelp", "system.methodSignature"):
        with pytest.raises(RpcError) as caught:
            values(worker, name, "no.such")
        assert (caught.value.code, caught.value.message) == (400, "command not found")


def test_every_core_command_has_help() -> None:
    assert all(command.help for command in CORE_RPCS)
    assert len({command.name for command in CORE_RPCS}) == len(CORE_RPCS)


def test_echoes(worker: Worker) -> None:
    assert values(worker, "core.echo", 1, "a", 2.5) == ["1", "a", "2.5"]
    assert values(worker, "core.prints", "a", "b") == ["a", "b"]
    assert values(worker, "core.printi", 1, 2) == [1, 2]
    assert values(worker, "core.prints") == []
    with pytest.raises(RpcError):
        values(worker, "core.prints", 1)
    with pytest.raises(RpcError):
        values(worker, "core.printi", "1")


async def test_kill_signals_the_server_after_the_reply(
    worker: Worker, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    assert values(worker, "core.kill") == []
    worker.services["main_pid"] = 4711
    values(worker, "core.kill", int(signal.SIGUSR1))
    assert sent == []
    await asyncio.gather(*(coroutine for coroutine, _ in tasks))
    assert sent == [(4711, signal.SIGTERM), (4711, signal.SIGUSR1)]


def test_kill_knows_signals(worker: Worker, tasks: Tasks) -> None:
    for number in (0, -1, 65, 1000):
        with pytest.raises(RpcError):
            values(worker, "core.kill", number)
    assert tasks == []


def test_command_of_a_module_is_not_replaced(worker: Worker) -> None:
    own = rpc("core.version", lambda inst, call: "mine", help="own")
    worker.registry.rpcs["core.version"] = (own, None)
    register_core_rpcs(worker)
    assert values(worker, "core.version") == ["mine"]
