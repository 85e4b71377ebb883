"""The load generator, as plain Python, against a real router: every request comes to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import configs, load, scenarios
from benchmarks.phases import Plan
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import KINDS, Kind, Server
from tests.support.process import need
from tests.support.routers import Siprouter

pytestmark = pytest.mark.scenario

SMALL = Plan(seconds=0.05, contacts=60, contact_seconds=20, transactions=60, lines=300)
FLOWS = [scenario for scenario in SCENARIOS if scenario.measure in (scenarios.flow, scenarios.filled_flow)]
LARGE = [scenario for scenario in SCENARIOS if scenario not in FLOWS]


@pytest.fixture
def kind(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """The server under test, with a load that waits longer for it."""
    monkeypatch.setattr(load, "PATIENCE", 15.0)
    router = pytestconfig.getoption("router")
    if router == "kamailio":
        need("kamailio")
    else:
        Siprouter.installed()
    return next(kind for kind in KINDS if kind.name == router)


@pytest.mark.parametrize("scenario", FLOWS, ids=lambda scenario: scenario.name)
def test_load_is_served(scenario: Scenario, kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "USERS", 200)
    monkeypatch.setattr(scenarios, "CALLED_USERS", 20)
    text = scenario.config(SMALL)
    if not text:
        pytest.skip("stock: SIPROUTER_SR31 names no source tree of SIP Router 3.1; TLS: openssl is not installed")
    with Server(kind, scenario.name, text, tmp_path) as server:
        made = scenario.make(server, 1000)
        try:
            made.run(30, 0, 4, 40)
        finally:
            made.close()
        assert (made.started, made.finished, made.lost, made.bad) == (40, 40, 0, 0), made.example
        assert len(made.latencies) == 40
        assert server.cpu_seconds() > 0
        assert server.memory() > 1_000_000
        assert server.started_in > 0


@pytest.mark.parametrize("scenario", LARGE, ids=lambda scenario: scenario.name)
def test_what_fills_the_server(scenario: Scenario, kind: Kind, tmp_path: Path) -> None:
    with Server(kind, scenario.name, scenario.config(SMALL), tmp_path) as server:
        found = scenario.measure(scenario, server, SMALL)
    expected = {
        "contacts": {"contacts": 60.0},
        "transactions": {"transactions": 60.0, "lost": 0.0},
        "start": {},
    }[scenario.name]
    assert expected.items() <= found.items()
    assert all(value >= 0 for name, value in found.items() if not name.startswith("bytes"))


def test_a_whole_round(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PATIENCE", 1.0)  # the search loses some, and waits for them
    scenario = next(scenario for scenario in FLOWS if scenario.name == "forward")
    with Server(kind, scenario.name, scenario.config(SMALL), tmp_path) as server:
        found = scenario.measure(scenario, server, Plan(seconds=0.2))
    assert {"cpu_us", "max_rate", "lossless_rate", "p50_us", "p99_us", "memory_mb"} <= set(found)
    assert found["max_rate"] > 0
    assert 0 < found["p50_us"] <= found["p99_us"]


def test_a_server_that_does_something_else_is_unfit(kind: Kind, tmp_path: Path) -> None:
    call = next(scenario for scenario in FLOWS if scenario.name == "call")
    with (
        Server(kind, "register", configs.named("register.cfg"), tmp_path) as server,
        pytest.raises(scenarios.Unfit, match="405 Method Not Allowed"),
    ):
        call.measure(call, server, SMALL)
