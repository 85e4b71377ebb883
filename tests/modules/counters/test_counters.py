"""The counters module: definitions, script functions, RPC commands."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_rpc
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context


def load(*definitions: str, **params: str) -> FakeWorker:
    worker = FakeWorker()
    worker.load("counters", **params, script_counter=list(definitions))
    assert worker.configure_modules() == []
    return worker


async def values(worker: FakeWorker, name: str, *params: RpcValue) -> list[RpcValue]:
    return (await call_rpc(worker, name, params)).values


@pytest.mark.parametrize(
    ("definition", "group", "name", "description"),
    [
        ("foo", "script", "foo", "custom script counter"),
        ("test.bar", "test", "bar", "custom script counter"),
        ("baz example counter", "script", "baz", "example counter"),
        ("test.x:another example", "test", "x", "another example"),
        ("x: \ttext. with dots", "script", "x", "text. with dots"),
        ("x ", "script", "x", "custom script counter"),
    ],
)
def test_definitions(definition: str, group: str, name: str, description: str) -> None:
    counter = load(definition).counters.find(group, name)
    assert counter is not None and counter.help == description


def test_group_of_counters_without_one() -> None:
    worker = load("a", "b.c", script_cnt_grp_name="mine")
    assert worker.counters.find("mine", "a") is not None
    ctx = context(worker)
    assert call(ctx, "cnt_inc", "a") == call(ctx, "cnt_inc", "b.c") == 1
    assert [counter.value for counter in worker.counters if counter.group in ("mine", "b")] == [1, 1]


@pytest.mark.parametrize("definition", ["", "a.b.c", ".x", "a.", " x", ":x"])
def test_bad_definitions(definition: str) -> None:
    with pytest.raises(OperatorError):
        load(definition)


def test_second_definition_is_logged_and_not_taken() -> None:
    worker = load("a first", "a second")
    counter = worker.counters.find("script", "a")
    assert counter is not None and counter.help == "first"
    assert worker.texts() == ["counter script.a is defined already"]


def test_functions() -> None:
    worker = load("a")
    ctx = context(worker)
    counter = worker.counters.find("script", "a")
    assert counter is not None
    assert call(ctx, "cnt_inc", "a") == 1
    assert call(ctx, "cnt_add", "a", 10) == 1
    assert call(ctx, "cnt_add", "script.a", "-3") == 1
    assert counter.value == 8
    assert call(ctx, "cnt_reset", "a") == 1
    assert counter.value == 0


def test_unknown_counter_is_an_error_when_loading() -> None:
    ctx = context(load("reqs"))
    with pytest.raises(OperatorError, match=r"no counter script\.req; did you mean script\.reqs\?"):
        call(ctx, "cnt_inc", "req")
    with pytest.raises(OperatorError, match=r'modparam\("counters", "script_counter", "q\.zzz"\)'):
        call(ctx, "cnt_inc", "q.zzz")


async def test_rpc_commands() -> None:
    worker = load("a the first", "b", "other.c")
    computed = worker.counters.declare("other", "d", getter=lambda: 42)
    computed.value = 7
    call(context(worker), "cnt_add", "a", 5)
    assert await values(worker, "cnt.get", "script", "a") == [5]
    assert await values(worker, "cnt.get", "script") == [{"a": 5, "b": 0}]
    assert await values(worker, "cnt.grp_get_all", "other") == [{"c": 0, "d": 42}]
    assert await values(worker, "cnt.grp_get_all", "none") == [{}]
    assert await values(worker, "cnt.get_raw", "other", "d") == [7]
    assert (await values(worker, "cnt.grps_list"))[-2:] == ["script", "other"]
    assert await values(worker, "cnt.var_list", "script") == ["a", "b"]
    assert await values(worker, "cnt.var_list", "none") == []
    assert await values(worker, "cnt.help", "script", "a") == ["the first"]
    assert await values(worker, "cnt.reset", "script", "a") == []
    assert await values(worker, "cnt.get", "script", "a") == [0]


@pytest.mark.parametrize("command", ["cnt.get", "cnt.get_raw", "cnt.reset", "cnt.help"])
async def test_rpc_faults(command: str) -> None:
    worker = load("a")
    with pytest.raises(RpcError) as caught:
        await values(worker, command, "script", "zzz")
    assert (caught.value.code, caught.value.message) == (400, "non-existent counter script.zzz")


async def test_counter_without_a_description() -> None:
    worker = load("a")
    worker.counters.declare("g", "n")
    with pytest.raises(RpcError, match="no description"):
        await values(worker, "cnt.help", "g", "n")
