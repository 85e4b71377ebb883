"""SIPp with the scenarios of ``tests/scenarios/sipp``."""

from __future__ import annotations

from pathlib import Path

from tests.support.ports import Ports
from tests.support.process import Process, need
from tests.support.routers import Router

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios" / "sipp"
TRANSPORTS = {"udp": "u1", "tcp": "t1"}


class Sipp(Process):
    """One SIPp; ``wait`` returns 0 when all ``calls`` went as the scenario says."""

    def __init__(
        self,
        scenario: str,
        router: Router,
        folder: Path,
        ports: Ports,
        calls: int = 20,
        rate: int = 20,
        user: str = "callee",
        transport: str = "udp",
    ) -> None:
        need("sipp")
        self.port = ports.take()
        command = ["sipp", f"127.0.0.1:{router.port}", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", user]
        command += ["-i", "127.0.0.1", "-p", str(self.port), "-mp", str(ports.take()), "-t", TRANSPORTS[transport]]
        command += ["-m", str(calls), "-r", str(rate), "-timeout", "60", "-timeout_error", "-nostdin"]
        command += ["-trace_err", "-error_file", str(folder / f"{scenario}-errors.log")]
        super().__init__(command, folder, f"sipp-{scenario}")
