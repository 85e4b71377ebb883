"""What drives time in a running worker."""

import asyncio

from siprouter.server.clockwork import Clockwork, log_timer_error
from siprouter.server.startup import Assembly
from siprouter.util.log import Log, Record


async def test_timers_fire_and_hooks_run() -> None:
    records: list[Record] = []
    loop = asyncio.get_running_loop()
    log = Log(records.append)
    worker = Assembly(loop, log).worker
    ticks: list[float] = []
    ended = asyncio.Event()

    def broken(now: float) -> None:
        raise RuntimeError("tick trouble")

    def second_tick(now: float) -> None:
        ticks.append(now)
        ended.set()

    def broken_timer() -> None:
        raise RuntimeError("timer trouble")

    worker.hooks.tick += [broken, second_tick]
    fired: list[float] = []
    begun = worker.now()
    clockwork = Clockwork(loop, worker, broken)
    clockwork.start()
    worker.wheel.call(begun + 0.1, broken_timer)
    worker.wheel.call(begun + 0.1, lambda: fired.append(worker.now()))
    await asyncio.wait_for(ended.wait(), 10)
    clockwork.stop()
    assert fired and fired[0] - begun >= 0.1
    assert ticks and ticks[0] - begun >= 1
    texts = [record.text for record in records]
    assert sum("timer trouble" in text for text in texts) == 1
    assert sum("tick trouble" in text for text in texts) >= 2


async def test_stopped_clocks_stand() -> None:
    loop = asyncio.get_running_loop()
    worker = Assembly(loop, Log(lambda record: None)).worker
    clockwork = Clockwork(loop, worker, lambda now: None)
    clockwork.start()
    clockwork.stop()
    fired: list[int] = []
    worker.wheel.call(worker.now(), fired.append, 1)
    await asyncio.sleep(0.05)
    assert fired == []
    clockwork.stop()


def test_timer_errors_are_logged() -> None:
    records: list[Record] = []
    report = log_timer_error(Log(records.append).exception)
    from siprouter.util.wheel import Timer

    try:
        raise ValueError("x")
    except ValueError as error:
        report(Timer(), error)
    assert "timer Timer: ValueError: x" in records[0].text
