"""The cfg_rpc module on settings made for the test."""

from __future__ import annotations

import pytest

from siprouter.core.declare import cfg_var
from siprouter.core.settings import CfgError, ConfigValue
from siprouter.rpc.call import call_rpc
from siprouter.rpc.values import RpcError, RpcValue
from tests.support.fakes import FakeWorker


@pytest.fixture
def worker() -> FakeWorker:
    made = FakeWorker()
    made.load("cfg_rpc")
    made.cfg.declare("t", cfg_var("timer", int, 30, "a timer", least=1, most=100))
    made.cfg.declare("t", cfg_var("fixed", int, 5, "fixed", readonly=True))
    made.cfg.declare("u", cfg_var("name", str, None, "a name"), refuse_bad)
    made.cfg.declare("t", cfg_var("free", int, 0, "without limits"))
    return made


def refuse_bad(value: ConfigValue) -> None:
    if value == "bad":
        raise CfgError("bad name")


async def values(worker: FakeWorker, name: str, *params: RpcValue) -> list[RpcValue]:
    return (await call_rpc(worker, name, params)).values


async def message_of_fault(worker: FakeWorker, name: str, *params: RpcValue) -> str:
    with pytest.raises(RpcError) as caught:
        await call_rpc(worker, name, params)
    assert caught.value.code == 400
    return caught.value.message


async def test_get_list_and_help(worker: FakeWorker) -> None:
    assert await values(worker, "cfg.get", "t", "timer") == [30]
    assert await values(worker, "cfg.get", "u", "name") == [""]
    listed = await values(worker, "cfg.list")
    assert listed[-4:] == ["t: timer", "t: fixed", "t: free", "u: name"]
    assert await values(worker, "cfg.help", "t", "timer") == ["a timer", "(parameter type is integer)"]
    assert await values(worker, "cfg.help", "u", "name") == ["a name", "(parameter type is string)"]
    assert "unknown setting t.zzz" in await message_of_fault(worker, "cfg.get", "t", "zzz")
    assert await message_of_fault(worker, "cfg.help", "t", "zzz") == "Failed to get the variable description"


async def test_set_now(worker: FakeWorker) -> None:
    assert await values(worker, "cfg.set_now_int", "t", "timer", 50) == []
    assert await values(worker, "cfg.set_now_string", "u", "name", "x") == []
    assert await values(worker, "cfg.get", "t", "timer") == [50]
    assert await values(worker, "cfg.get", "u", "name") == ["x"]
    await values(worker, "cfg.set_now_string", "t", "timer", "60")
    assert worker.cfg.group("t").timer == 60


@pytest.mark.parametrize("kind", ["now", "delayed"])
async def test_refused_changes(worker: FakeWorker, kind: str) -> None:
    assert "between 1 and 100" in await message_of_fault(worker, f"cfg.set_{kind}_int", "t", "timer", 101)
    assert "cannot be changed" in await message_of_fault(worker, f"cfg.set_{kind}_int", "t", "fixed", 6)
    assert "unknown" in await message_of_fault(worker, f"cfg.set_{kind}_int", "t", "zzz", 6)
    assert "integer" in await message_of_fault(worker, f"cfg.set_{kind}_string", "t", "timer", "x")
    await message_of_fault(worker, f"cfg.set_{kind}_int", "t", "timer", "5")
    assert await values(worker, "cfg.diff") == []
    assert await values(worker, "cfg.get", "t", "timer") == [30]


async def test_delayed_changes(worker: FakeWorker) -> None:
    await values(worker, "cfg.set_delayed_int", "t", "timer", 50)
    await values(worker, "cfg.set_delayed_string", "u", "name", "x")
    assert await values(worker, "cfg.get", "t", "timer") == [30]
    assert await values(worker, "cfg.diff") == [
        {"group name": "t", "variable name": "timer", "old value": 30, "new value": 50},
        {"group name": "u", "variable name": "name", "old value": None, "new value": "x"},
    ]
    await values(worker, "cfg.rollback")
    assert await values(worker, "cfg.diff") == []
    await values(worker, "cfg.set_delayed_int", "t", "timer", 70)
    await values(worker, "cfg.commit")
    assert await values(worker, "cfg.get", "t", "timer") == [70]
    assert await values(worker, "cfg.diff") == []


async def test_commit_that_a_module_refuses(worker: FakeWorker) -> None:
    await values(worker, "cfg.set_delayed_string", "u", "name", "bad")
    assert await message_of_fault(worker, "cfg.commit") == "Failed to commit the changes: bad name"
    assert "bad name" in await message_of_fault(worker, "cfg.set_now_string", "u", "name", "bad")
    assert await values(worker, "cfg.get", "u", "name") == [""]
