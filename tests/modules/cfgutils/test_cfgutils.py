"""Chance, waiting, global flags, locks, hashes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, read


def make(**params: int | str) -> FakeWorker:
    worker = FakeWorker()
    worker.load("pv")
    worker.load("cfgutils", **params)
    assert worker.configure_modules() == []
    return worker


def command(worker: FakeWorker, name: str, *args: str) -> tuple[int, list[str | None]]:
    declared, inst = worker.registry.mis[name]
    reply = declared.call(inst, *args)
    return reply.code, [node.value for node in reply.children]


def test_chance() -> None:
    worker = make(initial_probability=50)
    ctx = context(worker)
    results = []
    for high in (0, 63, 64, 127, 128):
        worker.random_bytes = lambda count, high=high: bytes([high, 0, 0, 0])
        results.append(call(ctx, "rand_event"))
    assert results == [1, 1, -1, -1, 1]
    worker.random_bytes = lambda count: b"\x7f\xff\xff\xff"
    assert [call(ctx, "rand_set_prob", percent) or call(ctx, "rand_event") for percent in (100,)] == [1]
    assert call(ctx, "rand_event") == 1
    call(ctx, "rand_set_prob", "0")
    worker.random_bytes = bytes
    assert (call(ctx, "rand_event"), call(ctx, "rand_get_prob")) == (-1, 0)
    call(ctx, "rand_reset_prob")
    assert call(ctx, "rand_get_prob") == 50
    for wrong in ("101", "-1", "x"):
        with pytest.raises(OperatorError):
            call(ctx, "rand_set_prob", wrong)
    worker.modules["pv"].variable("p").value = 200
    assert call(ctx, "rand_set_prob", "$var(p)") == -1


def test_random_numbers() -> None:
    worker = make()
    worker.random_bytes = lambda count: b"\xff\xff\xff\xfe"
    assert read(context(worker), "$RANDOM") == 2**31 - 2


async def test_waiting() -> None:
    worker = make()
    ctx = context(worker)
    assert [await call(ctx, "sleep", "2"), await call(ctx, "usleep", 1500)] == [1, 1]
    assert await call(ctx, "sleep", 10**9) == 1
    assert worker.slept == [2, 0.0015, 3600]
    worker.modules["pv"].variable("n").value = -5
    assert await call(ctx, "sleep", "$var(n)") == 1
    assert worker.slept[-1] == 0
    with pytest.raises(OperatorError):
        call(ctx, "sleep", "-1")


def test_waiting_functions_say_so() -> None:
    worker = make()
    waiting = {name for name, found in worker.registry.functions.items() if found[0][0].waits}
    assert waiting == {"sleep", "usleep", "lock"}


def test_global_flags() -> None:
    worker = make(initial_gflags=5)
    ctx = context(worker)
    assert [call(ctx, "is_gflag", flag) for flag in (0, 1, "2", 31)] == [1, -1, 1, -1]
    call(ctx, "set_gflag", 31)
    call(ctx, "reset_gflag", "0")
    assert [call(ctx, "is_gflag", flag) for flag in (0, 31)] == [-1, 1]
    assert command(worker, "get_gflags") == (200, ["0x80000004", str(0x80000004)])
    assert command(worker, "set_gflag", "0x3")[0] == 200
    assert command(worker, "reset_gflag", "4")[0] == 200
    assert command(worker, "is_gflag", "3") == (200, ["TRUE"])
    assert command(worker, "is_gflag", "7") == (200, ["FALSE"])
    for name in ("set_gflag", "reset_gflag", "is_gflag"):
        assert [command(worker, name, *args)[0] for args in ((), ("0",), ("x",), ("4294967296",))] == [400] * 4
    for wrong in ("32", "-1", "x"):
        with pytest.raises(OperatorError):
            call(ctx, "set_gflag", wrong)


def test_probability_by_mi() -> None:
    worker = make()
    assert command(worker, "rand_set_prob", "33")[0] == 200
    assert command(worker, "rand_get_prob") == (200, ["actual probability: 33 percent"])
    assert command(worker, "rand_reset_prob")[0] == 200
    assert command(worker, "rand_get_prob") == (200, ["actual probability: 10 percent"])
    assert [command(worker, "rand_set_prob", *args)[0] for args in ((), ("101",), ("x",))] == [400] * 3


def test_hash_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.cfg"
    path.write_text("abc")
    worker = make(hash_file=str(path))
    assert command(worker, "get_config_hash") == (200, ["900150983cd24fb0d6963f7d28e17f72"])
    assert command(worker, "check_config_hash") == (
        200, ["The actual config file hash is identical to the stored one."],
    )  # fmt: skip
    path.write_text("abd")
    assert command(worker, "check_config_hash") == (
        400, ["The actual config file hash is not identical to the stored one."],
    )  # fmt: skip
    path.unlink()
    assert command(worker, "check_config_hash")[0] == 500
    worker = make()
    assert [command(worker, name)[0] for name in ("get_config_hash", "check_config_hash")] == [404, 404]


@pytest.mark.parametrize(
    "params",
    [{"initial_probability": 101}, {"lock_set_size": 11}, {"lock_set_size": -1}, {"hash_file": "/does/not/exist"}],
)
def test_bad_parameters(params: dict[str, int | str]) -> None:
    worker = FakeWorker()
    worker.load("cfgutils", **params)
    assert len(worker.configure_modules()) == 1


async def test_locks_keep_messages_apart() -> None:
    worker = make(lock_set_size=4)
    order: list[str] = []

    async def patient(seconds: float) -> None:
        await asyncio.sleep(0)

    worker.sleep = patient

    async def message(name: str) -> None:
        ctx = context(worker)
        assert await call(ctx, "lock", "$fU") == 1
        order.append(f"{name} in")
        await asyncio.sleep(0)
        order.append(f"{name} out")
        assert call(ctx, "unlock", "$fU") == 1

    await asyncio.gather(message("a"), message("b"), message("c"))
    assert order == ["a in", "a out", "b in", "b out", "c in", "c out"]


async def test_locks_end() -> None:
    worker = make(lock_set_size=1)
    first, second = context(worker), context(worker)
    assert await call(first, "lock", "x") == 1
    assert await call(first, "lock", "x") == 1
    assert call(second, "unlock", "x") == -1
    assert await call(second, "lock", "y") == 1
    assert await call(second, "lock", "x") == -1
    assert worker.texts()[-1] == "lock x not free after 30 seconds"
    (end,) = worker.hooks.script_end
    end(first)
    assert worker.texts()[-1] == "the script ended with the lock x"
    assert await call(second, "lock", "x") == 1
    end(context(worker))


async def test_a_lock_left_behind_is_free_after_a_while() -> None:
    worker = make(lock_set_size=1)
    first, second = context(worker), context(worker)
    assert await call(first, "lock", "Key") == 1
    worker.wall_time += 299
    assert call(second, "unlock", "key") == -1
    worker.wall_time += 2
    assert await call(second, "lock", "kEY") == 1
    assert call(first, "unlock", "key") == -1
    (end,) = worker.hooks.script_end
    end(first)
    assert await call(context(worker), "lock", "key") == -1, "the second still holds it"
    assert call(second, "unlock", "KEY") == 1


async def test_looks_at_a_lock_get_rarer() -> None:
    worker = make(lock_set_size=1)
    assert await call(context(worker), "lock", "x") == 1
    assert await call(context(worker), "lock", "x") == -1
    assert worker.slept[:7] == [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.05]
    assert 600 <= len(worker.slept) <= 610


async def test_without_a_lock_set_there_are_no_locks() -> None:
    worker = make()
    ctx = context(worker)
    assert (await call(ctx, "lock", "x"), call(ctx, "unlock", "x")) == (-1, -1)
    assert worker.hooks.script_end == []


def test_debugging_helpers() -> None:
    worker = make()
    ctx: Context = context(worker)
    ended: list[Any] = []
    worker.modules["cfgutils"].end_process = lambda: ended.append(True)
    assert [call(ctx, "pkg_status"), call(ctx, "shm_status")] == [1, 1]
    assert worker.texts()[-1].startswith("memory of this process: ")
    assert call(ctx, "abort") == 0
    assert ended == [True]
