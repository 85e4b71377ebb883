"""The server's end of the process that reads and checks: starts it, asks it, and replaces it when it is stuck."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys

from siprouter.lsp.analyst import MAX_MESSAGE, frame
from siprouter.lsp.findings import Analysis, Finding, Span, Task, analysis_from

MAX_SECONDS = 30.0
MAX_TASKS = 200  # then a fresh process: what modules keep in memory does not add up


class Analyst:
    """One process, started when it is first asked. One task at a time."""

    def __init__(self, command: list[str] | None = None, seconds: float = MAX_SECONDS) -> None:
        self._command = command or [sys.executable, "-m", "siprouter.lsp.analyst"]
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._answered = 0
        self._lock = asyncio.Lock()

    async def ask(self, task: Task) -> Analysis:
        """Never raises for what the configuration does to the process: that is a finding then."""
        async with self._lock:
            try:
                plain = await asyncio.wait_for(self._exchange(task), self._seconds)
            except TimeoutError:
                await self.close()
                return _failed(task, f"the check took longer than {self._seconds:g} seconds")
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                await self.close()
                return _failed(task, f"the check ended early: {type(error).__name__}")
            except asyncio.CancelledError:
                await self.close()  # what it answers is not waited for
                raise
        if "failed" in plain:
            return _failed(task, f"the check failed: {plain['failed']}")
        return analysis_from(plain)

    async def _exchange(self, task: Task) -> dict[str, object]:
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(frame(dataclasses.asdict(task)))
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(4), "big")
        if size > MAX_MESSAGE:
            raise ValueError("an answer that is too large")
        self._answered += 1
        plain: dict[str, object] = json.loads(await process.stdout.readexactly(size))
        return plain

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and (self._process.returncode is not None or self._answered >= MAX_TASKS):
            await self.close()
        if self._process is None:
            self._answered = 0
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        return self._process

    async def close(self) -> None:
        """End the process; the next task starts another one."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()


def _failed(task: Task, why: str) -> Analysis:
    finding = Finding("error", "internal", why, "", Span(task.main, 0, 0, 0, 1))
    return Analysis(task.main, files=[task.main], findings=[finding])
