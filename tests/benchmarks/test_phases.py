"""The search for the highest rate without loss, framing of streams, and the configurations that are made."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from benchmarks import configs, micro, micro_trees
from benchmarks.phases import latency, rate_without_loss
from benchmarks.stream import cut
from siprouter.testing import Node


class FakeLoad:
    """Loses everything past `most` requests a second."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.rates: list[float] = []
        self.patience = 1.0
        self.lost = self.finished = 0
        self.latencies: list[float] = []

    def run(self, seconds: float, rate: float, window: int) -> float:
        self.rates.append(rate)
        count = int(rate * seconds)
        self.finished = min(count, int(self.most * seconds))
        self.lost = count - self.finished
        self.latencies = [0.001] * 99 + [0.1]
        return seconds


@pytest.mark.parametrize("most", [400.0, 650.0, 1000.0])
def test_search_comes_near(most: float) -> None:
    load = FakeLoad(most)
    found = rate_without_loss(load, 1000.0, 1.0, 8)  # type: ignore[arg-type]
    assert found <= most
    assert found > most - 20
    assert max(load.rates) <= 1100


def test_search_without_result() -> None:
    load = FakeLoad(1.0)
    assert rate_without_loss(load, 1000.0, 1.0) == 0  # type: ignore[arg-type]
    assert len([rate for rate in load.rates if rate]) == 4


def test_latency_in_microseconds() -> None:
    found = latency(FakeLoad(1e6), 100, 1, 1.0)  # type: ignore[arg-type]
    assert found["p50_us"] == pytest.approx(1000)
    assert found["p99_us"] > 1000


def test_streams_are_cut_into_messages() -> None:
    one = b"SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    two = b"OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n"
    messages: list[bytes] = []
    assert cut(one + two + one[:-1], messages) == one[:-1]
    assert messages == [one, two]
    messages.clear()
    assert cut(two[:-1], messages) == two[:-1]
    assert messages == []


@pytest.mark.parametrize("lines", [50, 400])
def test_large_configurations_are_sound(lines: int) -> None:
    text = configs.large(lines)
    assert lines <= len(text.splitlines()) < lines + 50
    with Node(text.replace("@PORT@", "5060")) as node:
        assert node.diagnostics.errors == []


def test_configurations_over_streams() -> None:
    text = configs.named("forward.cfg", "tcp")
    assert "listen=tcp:127.0.0.1:@PORT@" in text
    assert "disable_tcp" not in text
    assert "tcp" not in configs.named("forward.cfg").replace("disable_tcp", "")


@pytest.mark.parametrize("group", micro.GROUPS)
def test_each_timed_function_works(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro_trees, "PREFIXES", 2000)
    with ExitStack() as stack:
        for case in micro.cases(group, stack).values():
            if isinstance(case, float):
                continue
            case()
            case()
    assert micro.best_of(int, 1) > 0
