"""An event loop that lives by the fake clock and stops when nothing moves any more."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from math import inf

MAX_TURNS = 1_000_000


class _IdleSelector(selectors.DefaultSelector):
    """Never waits: where the loop would, it is told instead."""

    def __init__(self, idle: Callable[[float], None]) -> None:
        super().__init__()
        self.idle = idle
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; `idle` gets the seconds for which the loop would have waited (inf: for ever)."""
        found = super().select(0)
        self.turns += 1
        if self.turns > MAX_TURNS:
            self.idle(0)
        elif not found and (timeout is None or timeout > 0):
            self.idle(inf if timeout is None else timeout)
        return found


class TestLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with `clock` for its time: `asyncio.sleep` and time-outs pass as the test moves the clock."""

    __test__ = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.next_timer = inf
        self._idle_selector = _IdleSelector(self._became_idle)
        super().__init__(self._idle_selector)
        self._own = len(self._idle_selector.get_map())

    def time(self) -> float:
        """Seconds on the fake clock."""
        return self.clock()

    def run_until_idle(self) -> None:
        """Run what can run; `next_timer` is then when the loop's next own timer is due (inf: there is none).

        RuntimeError past MAX_TURNS: a task goes round and round without waiting for anything.
        """
        self.next_timer = inf
        self._idle_selector.turns = 0
        self.run_forever()
        if self._idle_selector.turns > MAX_TURNS:
            raise RuntimeError(f"the router is still busy after {MAX_TURNS} turns: does a task wait for nothing?")

    def open_files(self) -> int:
        """How many file descriptors (sockets, pipes) the loop still watches, its own apart."""
        return len(self._idle_selector.get_map()) - self._own

    def _became_idle(self, timeout: float) -> None:
        self.next_timer = self.clock() + timeout
        self.stop()
