"""The load generator, as plain Python, against a real router: every request comes to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import KINDS, Server
from tests.support.process import need
from tests.support.routers import Siprouter

pytestmark = pytest.mark.scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_load_is_served(scenario: Scenario, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    router = pytestconfig.getoption("router")
    if router == "kamailio":
        need("kamailio")
    else:
        Siprouter.installed()
    kind = next(kind for kind in KINDS if kind.name == router)
    with Server(kind, scenario.config, tmp_path) as server:
        load = scenario.make(server.address, 1000)
        try:
            load.run(30, 0, 4, 40)
        finally:
            load.close()
        assert (load.started, load.finished, load.lost, load.bad) == (40, 40, 0, 0), load.example
        assert len(load.latencies) == 40
        assert server.cpu_seconds() > 0
        assert server.memory() > 1_000_000
