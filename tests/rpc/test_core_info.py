"""rpc/core_info.py, rpc/memory.py and rpc/version.py."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from siprouter.core.worker import Worker
from siprouter.rpc.call import RpcReply, start_rpc
from siprouter.rpc.memory import read_memory
from siprouter.rpc.values import RpcError


def values(worker: Worker, name: str, *params: Any) -> list[Any]:
    reply = start_rpc(worker, name, params)
    assert isinstance(reply, RpcReply)
    return list(reply.values)


def test_version_and_flags(worker: Worker) -> None:
    (version,) = values(worker, "core.version")
    assert version.startswith("siprouter ") and version.endswith("/linux)")
    (flags,) = values(worker, "core.flags")
    assert flags.split(",")[0] in ("PURE", "COMPILED")
    (info,) = values(worker, "core.info")
    assert list(info) == ["version", "id", "compiler", "compiled", "flags"]
    assert version.startswith(info["version"])
    assert all(info.values())


def test_uptime(worker: Worker) -> None:
    worker.started_at = 1_600_000_000.5
    (uptime,) = values(worker, "core.uptime")
    assert uptime == {
        "now": time.ctime(1_700_000_000),
        "up_since": time.ctime(1_600_000_000),
        "uptime": 100_000_000,
    }


def test_processes(worker: Worker) -> None:
    assert values(worker, "core.ps") == [os.getpid(), "main process"]
    worker.services["processes"] = lambda: [(1, "main process"), (2, "worker 0")]
    assert values(worker, "core.ps") == [1, "main process", 2, "worker 0"]


def test_directory_and_arguments(worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["siprouter", "run", "-f", "x.cfg"])
    assert values(worker, "core.pwd") == [str(tmp_path)]
    assert values(worker, "core.arg") == ["siprouter", "run", "-f", "x.cfg"]


def test_directory_that_was_removed(worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    lost.mkdir()
    monkeypatch.chdir(lost)
    lost.rmdir()
    with pytest.raises(RpcError) as caught:
        values(worker, "core.pwd")
    assert caught.value.code == 500


def test_memory_is_consistent() -> None:
    info = read_memory()
    assert 0 < info.used <= info.real_used <= info.max_used <= info.total
    assert info.free == info.total - info.real_used
    assert info.fragments == 0


@pytest.mark.parametrize(("unit", "shift"), [("b", 0), ("K", 10), ("kb", 10), ("m", 20), ("MB", 20), ("g", 30)])
def test_memory_in_units(worker: Worker, unit: str, shift: int) -> None:
    (info,) = values(worker, "core.shmmem", unit)
    assert list(info) == ["total", "free", "used", "real_used", "max_used", "fragments"]
    assert info["total"] == read_memory().total >> shift


@pytest.mark.parametrize("unit", ["", "x", "kx", "kbb"])
def test_memory_in_unknown_units(worker: Worker, unit: str) -> None:
    with pytest.raises(RpcError) as caught:
        values(worker, "core.shmmem", unit)
    assert caught.value.code == 500


def test_memory_of_python(worker: Worker) -> None:
    *pools, total = values(worker, "core.sfmalloc")
    assert [pool["pool"] for pool in pools] == [0, 1, 2]
    assert total["blocks"] > 10_000
