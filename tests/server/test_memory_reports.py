"""What the log is told about memory."""

from __future__ import annotations

import asyncio
import gc
import os

import pytest

from siprouter.core.core_cfg import declare_core_cfg
from siprouter.server.memory_reports import MemoryReports
from siprouter.server.startup import Assembly
from siprouter.util.log import L_DBG, Log, Record


class Bench:
    def __init__(self, **settings: int) -> None:
        self.records: list[Record] = []
        log = Log(self.records.append, L_DBG)
        self.worker = Assembly(asyncio.get_running_loop(), log).worker
        for name, value in {"debug": 3, **settings}.items():
            self.worker.settings.set(name, value)
        declare_core_cfg(self.worker)
        self.reports = MemoryReports(self.worker)
        self.reports.declare()

    def texts(self) -> list[tuple[int, str]]:
        found = [(one.level, one.text) for one in self.records if one.source == "memory"]
        self.records.clear()
        return found


async def test_reports_on_request() -> None:
    bench = Bench(memlog=1)
    bench.worker.cfg.set_now("core", "mem_dump_pkg", os.getpid())
    ((level, text),) = bench.texts()
    assert level == 1 and text.startswith(f"memory of process {os.getpid()}: ")
    bench.worker.cfg.set_now("core", "mem_dump_pkg", 1)
    bench.worker.cfg.set_now("core", "mem_dump_shm", 0)
    assert bench.texts() == []
    bench.worker.cfg.set_now("core", "mem_dump_shm", 1)
    ((_, text),) = bench.texts()
    assert "in all" in text


@pytest.mark.parametrize(("mask", "lines"), [(0, 0), (1, 1), (8, 1), (3, 2), (15, 2)])
async def test_reports_at_the_end(mask: int, lines: int) -> None:
    bench = Bench(mem_summary=mask)
    bench.reports.start()
    bench.reports.stop()
    assert len([text for _, text in bench.texts() if not text.startswith("collection")]) == lines
    assert bench.reports.collected not in gc.callbacks


@pytest.mark.parametrize(("level", "logged"), [(2, True), (4, False)])
async def test_collections_are_logged_at_their_level(level: int, logged: bool) -> None:
    bench = Bench(memdbg=level, mem_summary=0)
    bench.reports.start()
    gc.collect()
    bench.reports.stop()
    assert any(text.startswith("collection of generation 2: ") for _, text in bench.texts()) == logged


async def test_above_the_log_level_nothing_is_measured() -> None:
    bench = Bench(memlog=3, debug=1)
    bench.worker.cfg.set_now("core", "mem_dump_pkg", os.getpid())
    assert bench.texts() == []
