"""The servers under test: start on one core, answer, be measured, stop."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

SERVER_CORE = 0
WORKERS = 2  # of the kind with several: on the load's core too, where there are only two
START_SECONDS = 60.0
PROBE_SECONDS = 0.02
STOP_SECONDS = 5.0
PORTS = (12_000, 30_000)
PAGE = os.sysconf("SC_PAGE_SIZE")

OPTIONS = """\
OPTIONS sip:ping@127.0.0.1:{port} SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKping{count};rport\r
Max-Forwards: 0\r
From: <sip:ping@127.0.0.1>;tag=ping{count}\r
To: <sip:ping@127.0.0.1:{port}>\r
Call-ID: ping{count}@127.0.0.1\r
CSeq: 1 OPTIONS\r
Content-Length: 0\r
\r
"""


@dataclass(frozen=True)
class Kind:
    """One way to run a server: its name in the tables, and its command line for a configuration file."""

    name: str
    command: Callable[[Path], list[str]]
    available: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)
    cores: int = 1


def kamailio(*options: str) -> Callable[[Path], list[str]]:
    # Transactions live for five seconds: a fast run needs more shared memory than the default 64 MB. A long
    # configuration needs more private memory than 8 MB.
    base = ["kamailio", "-DD", "-E", "-m", "4096", "-M", "128", *options]
    return lambda config: [*base, "-Y", str(config.parent), "-f", str(config)]


def siprouter(config: Path) -> list[str]:
    return [sys.executable, "-m", "siprouter.cli.main", "run", "-E", "-f", str(config)]


def siprouter_workers(config: Path) -> list[str]:
    return [*siprouter(config), "--workers", str(WORKERS)]


def have_kamailio() -> bool:
    return shutil.which("kamailio") is not None


KINDS = (
    Kind("kamailio", kamailio(), have_kamailio),
    Kind("kamailio-tlsf", kamailio("-x", "tlsf", "-X", "tlsf"), have_kamailio),
    Kind("siprouter", siprouter, lambda: True),
    Kind("siprouter-pure", siprouter, lambda: True, {"SIPROUTER_PURE": "1"}),
    Kind(f"siprouter-{WORKERS}-workers", siprouter_workers, lambda: True, cores=WORKERS),
)


def free_port() -> int:
    """A port that neither UDP nor TCP uses, below those that the system gives to whoever asks for any."""
    while True:
        port = random.randrange(*PORTS)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port


class Server:
    """A running server; ``with Server(kind, name, text, folder) as server``."""

    def __init__(self, kind: Kind, name: str, text: str, folder: Path, core: int = SERVER_CORE) -> None:
        """``text`` is the configuration, ``name`` that of its file."""
        self.kind = kind
        self.port = free_port()
        self.core = core
        self.config = folder / f"{kind.name}-{name}.cfg"
        self.config.write_text(text.replace("@PORT@", str(self.port)).replace("@DIR@", str(folder)))
        self.log = self.config.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        self.started_in = 0.0
        """seconds from its start to its first answer"""

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def __enter__(self) -> Self:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, set(range(self.core, self.core + self.kind.cores)))
        try:
            with self.log.open("wb") as log:
                environment = {**os.environ, **self.kind.environment}
                command = self.kind.command(self.config)
                begin = time.monotonic()
                self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        finally:
            os.sched_setaffinity(0, before)
        try:
            self.wait_until_it_answers()
            self.started_in = time.monotonic() - begin
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:  # its transactions are still there
            for pid in reversed(self.pids()):
                os.kill(pid, 9)
            self.process.wait(10)

    def wait_until_it_answers(self) -> None:
        """Any reply to an OPTIONS without hops left will do."""
        assert self.process is not None
        end = time.monotonic() + START_SECONDS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(self.address)
            probe.settimeout(PROBE_SECONDS)
            own = probe.getsockname()[1]
            count = 0
            while time.monotonic() < end:
                if self.process.poll() is not None:
                    break
                count += 1
                try:
                    probe.send(OPTIONS.format(port=self.port, own=own, count=count).encode())
                    probe.recv(65536)
                    return
                except ConnectionRefusedError:
                    time.sleep(PROBE_SECONDS)
                except TimeoutError:
                    continue
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        raise RuntimeError(f"{self.kind.name} did not start with {self.config}:\n{tail}")

    def pids(self) -> list[int]:
        """The server's process and all that descend from it."""
        assert self.process is not None
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*"):
                try:
                    found += [int(child) for child in (task / "children").read_text().split()]
                except OSError:
                    continue
        return found

    def cpu_seconds(self) -> float:
        """User and system time of all processes so far (nanosecond counters of the scheduler, or clock ticks)."""
        return sum(cpu_of(pid) for pid in self.pids())

    def memory(self) -> int:
        """Bytes resident, shared pages counted once."""
        total = 0
        for pid in self.pids():
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
        return total


def cpu_of(pid: int) -> float:
    """CPU seconds of a process, 0 for one that has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        threads = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
        exact = sum(int(path.read_text().split()[0]) for path in threads) / 1e9
    except OSError:
        return 0.0
    return exact or ticks
