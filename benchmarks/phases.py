"""What is measured of a server, one function a phase."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.load import Load
    from benchmarks.servers import Server

OPEN_WINDOW = 1 << 15
"""most requests unanswered where the clock alone paces them"""
SEARCH_STEPS = 4
DRAIN_SECONDS = 0.4
SEARCH_PATIENCE = 0.3


class Unfit(Exception):
    """The server does not do what the scenario asks for: there is nothing to measure."""


@dataclass(frozen=True)
class Plan:
    """How much of everything: ``seconds`` for a phase, and the sizes of the scenarios that fill the server."""

    seconds: float = 1.0
    contacts: int = 1_000_000
    contact_seconds: float = 100.0
    transactions: int = 100_000
    lines: int = 10_000


QUICK = Plan(0.4, 20_000, 15.0, 5_000, 10_000)


def check(load: Load, title: str, server: Server) -> None:
    """Raises Unfit where a phase got other answers than it should, or none."""
    if load.bad or not load.finished:
        answer = load.example.split(b"\r\n\r\n")[0].decode(errors="replace")
        text = f"{server.kind.name}, {title}: {load.finished} of {load.started} done, {load.bad} unexpected"
        raise Unfit(f"{text} messages {answer!r}")


def cpu_at_fixed_rate(
    load: Load, title: str, server: Server, rate: int, window: int, seconds: float
) -> dict[str, float]:
    """CPU for one request at a rate that every server can do."""
    before = server.cpu_seconds()
    load.run(seconds, rate, window)
    used = server.cpu_seconds() - before
    check(load, title, server)
    return {"cpu_us": used / load.finished * 1e6, "lost": load.lost}


def as_fast_as_it_can(load: Load, title: str, server: Server, window: int, seconds: float) -> dict[str, float]:
    """Requests a second where each answer brings about the next request."""
    before = server.cpu_seconds()
    took = load.run(seconds, 0, window)
    used = server.cpu_seconds() - before
    check(load, title, server)
    return {"max_rate": load.finished / took, "max_lost": load.lost, "max_cpu_us": used / load.finished * 1e6}


def rate_without_loss(load: Load, guess: float, seconds: float, steps: int = SEARCH_STEPS) -> float:
    """The highest rate at which nothing is lost though the load does not wait for answers, by bisection.

    Looked for between 0.3 and 1.1 of ``guess``; 0 where even the lowest loses something.
    """
    low, high = 0.3 * guess, 1.1 * guess
    best = 0.0
    rate = 0.9 * guess
    patience, load.patience = load.patience, SEARCH_PATIENCE
    for _ in range(steps):
        load.run(seconds, rate, OPEN_WINDOW)
        if load.lost or load.finished < 0.97 * rate * seconds:
            high = rate
            drain(load)
        else:
            low = best = rate
        rate = (low + high) / 2
    load.patience = patience
    return best


def drain(load: Load) -> None:
    """Lets what is late arrive, so that it does not count as something else."""
    load.run(DRAIN_SECONDS, 0, 0)


def latency(load: Load, rate: float, window: int, seconds: float) -> dict[str, float]:
    """Microseconds, at ``rate``."""
    load.run(seconds, rate, window)
    if len(load.latencies) < 2:
        return {}
    points = statistics.quantiles(load.latencies, n=100)
    return {"p50_us": points[49] * 1e6, "p99_us": points[98] * 1e6}
