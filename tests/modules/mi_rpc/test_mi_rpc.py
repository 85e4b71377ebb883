"""The mi_rpc module: the four forms of a reply, and arguments."""

from __future__ import annotations

import pytest

from siprouter.core.declare import mi
from siprouter.modules.mi_rpc.bridge import parse_arguments
from siprouter.rpc.call import call_rpc
from siprouter.rpc.mi import MiArgument, MiReply
from siprouter.rpc.values import RpcError, RpcValue
from tests.support.fakes import FakeWorker


def show(inst: object, *values: str) -> MiReply:
    reply = MiReply(200, "OK")
    for value in values:
        node = reply.add("arg", value).attribute("length", len(value))
        node.add(None, "below")
    return reply


@pytest.fixture
def worker() -> FakeWorker:
    made = FakeWorker()
    made.load("mi_rpc")
    made.registry.mis["show"] = (mi("show", show, help="Shows its arguments."), None)
    made.registry.mis["refuse"] = (mi("refuse", lambda inst: MiReply(404, "Not here"), help="Refuses."), None)
    made.registry.mis["queue"] = (mi("queue", lambda inst: MiReply(202, "Accepted"), help="Accepts."), None)
    return made


async def values(worker: FakeWorker, *params: RpcValue) -> list[RpcValue]:
    name, *rest = params
    return (await call_rpc(worker, str(name), rest)).values


async def test_forms(worker: FakeWorker) -> None:
    assert await values(worker, "mi", "show", "a", 1) == [
        "arg:: a length=1", "\t:: below", "arg:: 1 length=1", "\t:: below"
    ]  # fmt: skip
    assert await values(worker, "mi_dg", "show", "a") == ["200 OK\n", "arg:: a length=1\n", "\t:: below\n"]
    assert await values(worker, "mi_fifo", "show", "a") == ["200 OK\n", "arg:: a length=1\n", "\t:: below\n", "\n"]
    assert await values(worker, "mi_xmlrpc", "show", "a") == ["arg:: a length=1\n", ":: below\n"]
    assert await values(worker, "mi", "show") == []


@pytest.mark.parametrize("name", ["mi", "mi_xmlrpc"])
async def test_error_status_becomes_a_fault(worker: FakeWorker, name: str) -> None:
    with pytest.raises(RpcError) as caught:
        await values(worker, name, "refuse")
    assert (caught.value.code, caught.value.message) == (404, "Not here")
    assert await values(worker, name, "queue") == []


async def test_error_status_as_text(worker: FakeWorker) -> None:
    assert await values(worker, "mi_dg", "refuse") == ["404 Not here\n"]
    assert await values(worker, "mi_fifo", "refuse") == ["404 Not here\n", "\n"]
    assert await values(worker, "mi_dg", "refuse", "too many") == ["400 Too few or too many arguments\n"]


async def test_unknown_and_missing_command(worker: FakeWorker) -> None:
    with pytest.raises(RpcError) as caught:
        await values(worker, "mi", "no_such")
    assert (caught.value.code, caught.value.message) == (500, "command not available")
    with pytest.raises(RpcError):
        await values(worker, "mi")


def test_arguments() -> None:
    assert parse_arguments(["a", "--name", "b", "--", "--c", "d"]) == [
        MiArgument(None, "a"), MiArgument("name", "b"), MiArgument(None, "--c"), MiArgument(None, "d")
    ]  # fmt: skip
    with pytest.raises(RpcError) as caught:
        parse_arguments(["a", "--name"])
    assert (caught.value.code, caught.value.message) == (500, "cannot parse parameters")
