"""Work that is done again when its input changes: not at each change, and never twice at once for the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Latest:
    """Calls `work(key)` when nobody has asked again for a while."""

    def __init__(self, work: Callable[[str], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def ask(self, key: str, delay: float) -> None:
        """Do the work in `delay` seconds; what was asked for before and has not begun is not done."""
        self._drop(key)
        self._waiting[key] = asyncio.get_running_loop().create_task(self._wait(key, delay))

    def forget(self, key: str) -> None:
        """Do not begin what was asked for."""
        self._drop(key)

    async def settled(self, key: str, seconds: float) -> bool:
        """Wait until all that was asked for is done; False where it takes longer."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while task := self._waiting.get(key) or self._running.get(key):
            remaining = deadline - loop.time()
            if remaining <= 0:
                return False
            await asyncio.wait({task}, timeout=remaining)
        return True

    async def close(self) -> None:
        """Stop everything."""
        tasks = {*self._waiting.values(), *self._running.values()}
        self._waiting.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _drop(self, key: str) -> None:
        task = self._waiting.pop(key, None)
        if task is not None:
            task.cancel()

    async def _wait(self, key: str, delay: float) -> None:
        await asyncio.sleep(delay)
        while key in self._running:
            await asyncio.wait({self._running[key]})
        self._running[key] = asyncio.get_running_loop().create_task(self._run(key))
        self._waiting.pop(key, None)

    async def _run(self, key: str) -> None:
        try:
            await self._work(key)
        finally:
            self._running.pop(key, None)
