"""Finds routes that hold their worker: while they run, no other message is handled."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.ksr.runner import Runner

LOOKS = 4
"""looks at a route before it is reported"""


class Watchdog:
    """A thread that looks at what the thread it was made in runs.

    `report(frame)` is called in the watching thread, once for each step of a route that takes longer than `limit`
    seconds; `frame` is the innermost one of the route.
    """

    def __init__(self, runner: Runner, limit: float, report: Callable[[FrameType], None]) -> None:
        self._runner = runner
        self._period = limit / LOOKS
        self._report = report
        self._watched = threading.get_ident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        runner = self._runner
        step, looks = -1, 0
        while not self._stop.wait(self._period):
            if runner.current is None or runner.steps != step:
                step, looks = runner.steps, 0
                continue
            looks += 1
            if looks == LOOKS:
                self._look()

    def _look(self) -> None:
        frame = sys._current_frames().get(self._watched)
        if frame is not None:
            self._report(frame)
