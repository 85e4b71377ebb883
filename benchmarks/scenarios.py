"""What is measured of each server, one function a phase."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.servers import Server

if TYPE_CHECKING:
    from benchmarks.load import Load

LOAD_CORE = 1
USERS = 20_000


@dataclass(frozen=True)
class Scenario:
    """``rate``: requests a second at which CPU is measured; ``window``: most requests unanswered at a time."""

    name: str
    title: str
    config: str
    unit: str
    rate: int
    window: int
    make: Callable[[tuple[str, int], int], Any]


def forward(server: tuple[str, int], first: int) -> Load:
    from benchmarks.load import Forward

    return Forward(server, first)


def calls(server: tuple[str, int], first: int) -> Load:
    from benchmarks.load import Calls

    return Calls(server, first)


def registers(server: tuple[str, int], first: int) -> Load:
    from benchmarks.load import Registers

    return Registers(server, first, USERS)


SCENARIOS = (
    Scenario("forward", "stateless forward", "forward.cfg", "message", 8_000, 96, forward),
    Scenario("call", "record-routed call", "call.cfg", "call", 800, 48, calls),
    Scenario("register", "REGISTER in memory", "register.cfg", "REGISTER", 3_000, 96, registers),
)


class Unfit(Exception):
    """The server does not do what the scenario asks for: there is nothing to measure."""


def pin_load() -> None:
    """The load has a core to itself where there are two."""
    if (os.cpu_count() or 1) > LOAD_CORE:
        os.sched_setaffinity(0, {LOAD_CORE})


def measure(scenario: Scenario, server: Server, seconds: float) -> dict[str, float]:
    """One round: warm up, CPU at a fixed rate, as fast as it can, latency at half of that."""
    empty = server.memory()
    load = scenario.make(server.address, int.from_bytes(os.urandom(2), "big") << 12)
    found: dict[str, float] = {}
    try:
        if scenario.name == "register":
            load.run(60, 0, scenario.window, USERS)
            check(load, scenario, server)
            found["bytes_per_contact"] = (server.memory() - empty) / USERS
        load.run(min(1.0, seconds), scenario.rate, scenario.window)
        check(load, scenario, server)
        found |= cpu_at_fixed_rate(load, scenario, server, seconds)
        found |= as_fast_as_it_can(load, scenario, server, seconds)
        found |= latency(load, found["max_rate"] / 2, scenario.window, seconds)
        found["memory_mb"] = server.memory() / 1e6
    finally:
        load.close()
    return found


def check(load: Load, scenario: Scenario, server: Server) -> None:
    if load.bad or not load.finished:
        answer = load.example.split(b"\r\n\r\n")[0].decode(errors="replace")
        text = f"{server.kind.name}, {scenario.title}: {load.finished} of {load.started} done, {load.bad} unexpected"
        raise Unfit(f"{text} messages {answer!r}")


def cpu_at_fixed_rate(load: Load, scenario: Scenario, server: Server, seconds: float) -> dict[str, float]:
    before = server.cpu_seconds()
    load.run(seconds, scenario.rate, scenario.window)
    used = server.cpu_seconds() - before
    check(load, scenario, server)
    return {"cpu_us": used / load.finished * 1e6, "lost": load.lost}


def as_fast_as_it_can(load: Load, scenario: Scenario, server: Server, seconds: float) -> dict[str, float]:
    before = server.cpu_seconds()
    took = load.run(seconds, 0, scenario.window)
    used = server.cpu_seconds() - before
    check(load, scenario, server)
    return {"max_rate": load.finished / took, "max_lost": load.lost, "max_cpu_us": used / load.finished * 1e6}


def latency(load: Load, rate: float, window: int, seconds: float) -> dict[str, float]:
    """Microseconds, at ``rate``."""
    load.run(seconds, rate, window)
    points = statistics.quantiles(load.latencies, n=100)
    return {"p50_us": points[49] * 1e6, "p99_us": points[98] * 1e6}
