"""ksr/watchdog.py: routes that hold their worker are found."""

from __future__ import annotations

import threading
from types import FrameType
from typing import Any

from siprouter.ksr.runner import Runner
from siprouter.ksr.watchdog import Watchdog
from siprouter.util.log import Log

LONG = 20.0


def test_a_route_that_blocks_is_reported_once() -> None:
    runner = Runner(Log(lambda record: None))
    found: list[str] = []
    reported, let_go = threading.Event(), threading.Event()

    def report(frame: FrameType) -> None:
        names = []
        inner: FrameType | None = frame
        while inner is not None:
            names.append(inner.f_code.co_name)
            inner = inner.f_back
        found.append(" ".join(names))
        reported.set()
        threading.Timer(0.2, let_go.set).start()

    def blocking_route() -> int:
        let_go.wait(LONG)
        return 1

    ctx: Any = object()
    watchdog = Watchdog(runner, 0.02, report)
    watchdog.start()
    try:
        assert runner.run(ctx, blocking_route) == 1
    finally:
        watchdog.stop()
    assert reported.is_set()
    assert len(found) == 1
    assert "blocking_route" in found[0]


def test_what_comes_back_in_time_is_not() -> None:
    runner = Runner(Log(lambda record: None))
    found: list[FrameType] = []
    ctx: Any = object()
    watchdog = Watchdog(runner, LONG, found.append)
    watchdog.start()
    try:
        for _ in range(100):
            runner.run(ctx, lambda: 1)
    finally:
        watchdog.stop()
    assert found == []
