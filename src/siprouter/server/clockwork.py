"""What drives time in a running worker: the timer wheel, and the tick of each second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.util.wheel import Timer

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

FINEST = 0.01  # seconds between two looks at the wheel while timers are due soon
COARSEST = 0.05  # the same while none is: a timer added meanwhile may be that late
SECOND = 1.0


class Clockwork:
    """Advances the wheel of a worker and calls its `tick` hooks, from `start` until `stop`.

    `every_second(now)` runs with the hooks. What raises is logged and does not stop the clock.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, worker: Worker, every_second: Callable[[float], None]) -> None:
        self._loop = loop
        self._worker = worker
        self._every_second = every_second
        self._handle: asyncio.TimerHandle | None = None
        self._next_second = 0.0

    def start(self) -> None:
        """Begins."""
        self._next_second = self._worker.now() + SECOND
        self._handle = self._loop.call_later(FINEST, self._turn)

    def stop(self) -> None:
        """Ends; timers that wait stay in the wheel."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _turn(self) -> None:
        worker = self._worker
        now = worker.now()
        worker.wheel.advance(now)
        if now >= self._next_second:
            # after a pause of the machine the missed seconds are not made up for
            self._next_second = max(self._next_second + SECOND, now)
            self._second(now)
        delay = min(max(worker.wheel.next_due() - now, FINEST), COARSEST)
        if self._handle is not None:
            self._handle = self._loop.call_later(delay, self._turn)

    def _second(self, now: float) -> None:
        worker = self._worker
        for callback in (self._every_second, *worker.hooks.tick):
            try:
                callback(now)
            except Exception:
                worker.log.exception("in the work of each second")


def log_timer_error(worker_log: Callable[..., None]) -> Callable[[Timer, Exception], None]:
    """What the wheel calls for a timer that raised; `worker_log` is called while the exception is handled."""
    return lambda timer, error: worker_log("timer %s", type(timer).__name__)
