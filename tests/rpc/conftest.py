"""A worker without sockets, with the core's RPC commands and a few commands made for the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from siprouter.core.declare import Module, mi, rpc
from siprouter.core.settings import Settings
from siprouter.core.worker import Surroundings, Worker
from siprouter.rpc.call import RpcCall
from siprouter.rpc.core import register_core_rpcs
from siprouter.rpc.mi import MiReply
from siprouter.rpc.values import Pairs, RpcError, RpcValue
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.log import Log, Record


class Sample:
    """Commands that do what their names say."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def add(self, call: RpcCall, first: int, second: int = 10) -> int:
        return first + second

    def who(self, call: RpcCall) -> RpcValue:
        return {"name": call.name, "transport": call.transport, "same": call.worker is self.worker}

    async def wait(self, call: RpcCall, text: str) -> RpcValue:
        await asyncio.sleep(0)
        if text == "fail":
            raise RpcError(404, "not there")
        if text == "crash":
            raise ZeroDivisionError
        return [text, text]

    def fail(self, call: RpcCall, kind: str) -> None:
        errors = {
            "rpc": RpcError(410, "gone"),
            "peer": PeerError(487, "Terminated"),
            "operator": OperatorError("no such table"),
            "crash": KeyError("x"),
        }
        raise errors[kind]

    def several(self, call: RpcCall) -> RpcValue:
        return [Pairs([("a", 1), ("a", 2)]), 3]

    def mi_join(self, first: str, second: str = "-") -> RpcValue:
        return {"joined": first + second}

    async def mi_wait(self, *texts: str) -> MiReply:
        await asyncio.sleep(0)
        reply = MiReply()
        for text in texts:
            reply.add("text", text)
        return reply

    def mi_fail(self, kind: str) -> None:
        self.fail(RpcCall(self.worker, "", ""), kind)


SAMPLE = Module(
    "sample",
    help="for tests",
    state=Sample,
    rpcs=[
        rpc("sample.add", Sample.add, "d*d", help="Adds."),
        rpc("sample.who", Sample.who, help=""),
        rpc("sample.wait", Sample.wait, "s", help="Waits."),
        rpc("sample.fail", Sample.fail, "s", help="Fails."),
        rpc("sample.several", Sample.several, help="Several values."),
    ],
    mis=[
        mi("join", Sample.mi_join, help="Joins."),
        mi("mi_wait", Sample.mi_wait, help="Waits."),
        mi("mi_fail", Sample.mi_fail, help="Fails."),
    ],
)


@pytest.fixture
def records() -> list[Record]:
    """What the worker logged."""
    return []


@pytest.fixture
def tasks() -> list[tuple[Coroutine[Any, Any, Any], str]]:
    """What the worker was asked to run beside the present message; close or await each."""
    return []


@pytest.fixture
def worker(records: list[Record], tasks: list[tuple[Coroutine[Any, Any, Any], str]]) -> Worker:
    """A worker with the sample module and the core's commands."""
    surroundings = Surroundings(
        outlet=None,
        resolver=None,
        wheel=None,
        clock=lambda: 0.0,
        wall_clock=lambda: 1_700_000_000.0,
        spawn=lambda coroutine, name: tasks.append((coroutine, name)),
        sleep=lambda seconds: asyncio.sleep(0),
        random_bytes=bytes,
        log=Log(records.append),
    )
    made = Worker(surroundings, Settings(), None, None)
    made.add_module(SAMPLE)
    register_core_rpcs(made)
    return made
