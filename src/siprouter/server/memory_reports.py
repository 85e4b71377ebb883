"""What the log is told about memory: on request, at the end, and whenever Python's collector has run."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from siprouter.core.declare import CfgVar, cfg_var
from siprouter.rpc.memory import read_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from siprouter.core.settings import ConfigValue
    from siprouter.core.worker import Worker

SUMMARY_PROCESS = 1 | 4  # bits of mem_summary: what is ours alone
SUMMARY_MACHINE = 2 | 8  # what the system has given and has left

MEMORY_CFG_VARS: tuple[CfgVar, ...] = (
    cfg_var("memdbg", int, 3, "log level of what Python's collector did", atomic=True),
    cfg_var("memlog", int, 3, "log level of memory reports", atomic=True),
    cfg_var("mem_summary", int, 3, "memory reports at the end: 1 and 4 the process, 2 and 8 the machine", most=15),
    cfg_var("mem_dump_pkg", int, 0, "write a report about the process with this pid to the log"),
    cfg_var("mem_dump_shm", int, 0, "any number but 0 writes a report about the machine's memory to the log"),
)


class MemoryReports:
    """The settings memdbg, memlog, mem_summary, mem_dump_pkg and mem_dump_shm at work."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._started = 0.0

    def declare(self) -> None:
        """Declare the run-time settings with the values of the core parameters."""
        dumps: dict[str, Callable[[ConfigValue], None]] = {
            "mem_dump_pkg": lambda value: self.process() if value == os.getpid() else None,
            "mem_dump_shm": lambda value: self.machine() if value else None,
        }
        for var in MEMORY_CFG_VARS:
            self.worker.cfg.declare("core", var, dumps.get(var.name))
            if self.worker.settings.find(var.name) is not None:
                self.worker.cfg.set_initial("core", var.name, int(getattr(self.worker.settings, var.name)))

    def start(self) -> None:
        """From now on collections are logged."""
        gc.callbacks.append(self.collected)

    def stop(self) -> None:
        """The server ends: no more collections, and the summary that mem_summary asks for."""
        if self.collected in gc.callbacks:
            gc.callbacks.remove(self.collected)
        wanted = self.worker.cfg.group("core").mem_summary
        if wanted & SUMMARY_PROCESS:
            self.process()
        if wanted & SUMMARY_MACHINE:
            self.machine()

    def process(self) -> None:
        """A line about this process."""
        if self._is_wanted("memlog"):
            info = read_memory()
            text = "memory of process %d: %d octets of its own, %d resident, %d at most, %d blocks of Python"
            values = (os.getpid(), info.used, info.real_used, info.max_used, sys.getallocatedblocks())
            self._write("memlog", text, *values)

    def machine(self) -> None:
        """A line about the machine."""
        if self._is_wanted("memlog"):
            info = read_memory()
            self._write("memlog", "memory: %d octets in all, %d left to this process", info.total, info.free)

    def collected(self, phase: str, info: dict[str, Any]) -> None:
        """Python's collector is about to run, or has run."""
        if not self._is_wanted("memdbg"):
            return
        if phase == "start":
            self._started = time.monotonic()
            return
        took = (time.monotonic() - self._started) * 1000
        text = "collection of generation %d: %d objects freed in %.1f ms"
        self._write("memdbg", text, info["generation"], info["collected"], took)

    def _is_wanted(self, name: str) -> bool:
        return bool(getattr(self.worker.cfg.group("core"), name) <= self.worker.log.level)

    def _write(self, name: str, text: str, *values: object) -> None:
        level = getattr(self.worker.cfg.group("core"), name)
        self.worker.log.write(level, text, *values, source="memory")
