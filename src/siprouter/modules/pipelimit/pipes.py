"""Pipes: names with a limit and an algorithm, and how many requests went through them in this interval and the last.

Everything lies in the shared state: pipes in one table, counts in another, by number of the interval and name, so that
counting is one addition and a new interval begins without anybody doing anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from siprouter.modules.pipelimit.feedback import Feedback
from siprouter.modules.pipelimit.load import PROC, cpu_times, waiting_octets
from siprouter.state.interface import FOREVER

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

NOP = "NOP"
RED = "RED"
TAILDROP = "TAILDROP"
FEEDBACK = "FEEDBACK"
NETWORK = "NETWORK"
ALGORITHMS = (NOP, RED, TAILDROP, FEEDBACK, NETWORK)
# a pipe that the script made is forgotten after so many intervals without requests
IDLE_INTERVALS = 100
# prime to 100: a hundred counts in a row give each residue once, and neighbours lie far apart
SPREAD = 37


class Pipe(NamedTuple):
    """A pipe; `lasting`: it stays even if nothing goes through."""

    algorithm: str
    limit: int
    lasting: bool = True


class Pipes:
    """The pipes of one module, called `name`, in all workers."""

    def __init__(self, worker: Worker, name: str) -> None:
        self.worker = worker
        self.name = name
        self.interval = 10
        self.proc = PROC
        self.table = worker.state.table(name)
        self.counts = worker.state.table(f"{name}.counts")
        self.feedback = Feedback(worker.state, f"{name}.feedback")
        self._times: tuple[int, int] | None = None
        self._measured = -1
        self._network = (-1, 0)

    def start(self) -> None:
        """Watch the processors, in one worker."""
        self._measured = self.window
        if self.worker.index == 0:
            self.worker.hooks.tick.append(self.tick)

    @property
    def window(self) -> int:
        """The number of the present interval."""
        return int(self.worker.wall_clock()) // self.interval

    def get(self, name: str) -> Pipe | None:
        """A pipe."""
        row = self.table.get(name)
        return None if row is None else Pipe(*row)

    def items(self) -> list[tuple[str, Pipe]]:
        """All pipes, by name."""
        return sorted((name, Pipe(*row)) for name, row in self.table.items())

    def set(self, name: str, pipe: Pipe, overwrite: bool = True) -> None:
        """Make or change a pipe. Raises ValueError for what cannot be, PeerError where there is no room."""
        if pipe.algorithm not in ALGORITHMS:
            raise ValueError(f"unknown algorithm '{pipe.algorithm}': one of {', '.join(ALGORITHMS)}")
        with self.worker.state.atomic():
            if not overwrite and self.table.get(name) is not None:
                return
            if pipe.algorithm == FEEDBACK:
                self._check_setpoint(name, pipe.limit)
                self.feedback.setpoint = pipe.limit
            ttl = FOREVER if pipe.lasting else float(self.interval * IDLE_INTERVALS)
            self.table.put(name, tuple(pipe), ttl)

    def _check_setpoint(self, name: str, limit: int) -> None:
        """There is one load to aim at."""
        if not 0 <= limit <= 100:
            raise ValueError(f"the limit of a FEEDBACK pipe is a load from 0 to 100, found {limit}")
        for other, pipe in self.items():
            if pipe.algorithm == FEEDBACK and other != name and pipe.limit != limit:
                raise ValueError(f"all FEEDBACK pipes need the same limit: pipe '{other}' has {pipe.limit}")

    def counted(self, name: str) -> tuple[int, int]:
        """Requests of this interval, and of the last."""
        window = self.window
        return self.counts.get(f"{window}:{name}") or 0, self.counts.get(f"{window - 1}:{name}") or 0

    def load(self, name: str, pipe: Pipe) -> int:
        """What RED goes by: by how much the last interval was above the limit; NETWORK: 1 above it, else -1."""
        if pipe.algorithm == NETWORK:
            return 1 if self.network_load() > pipe.limit else -1
        most = pipe.limit * self.interval
        return self.counted(name)[1] // most if most > 0 else 0

    def push(self, name: str, pipe: Pipe) -> bool:
        """Count a request; whether it may pass. Raises PeerError where it cannot be counted."""
        window = self.window
        count: int = self.counts.add(f"{window}:{name}", 1, 2.0 * self.interval)
        if count == 1 and not pipe.lasting:
            self.table.touch(name, float(self.interval * IDLE_INTERVALS))
        if pipe.algorithm == TAILDROP:
            return count <= pipe.limit * self.interval
        if pipe.algorithm == FEEDBACK:
            return count * SPREAD % 100 >= self.feedback.loop.rate
        if pipe.algorithm == NETWORK:
            return self.load(name, pipe) < 0
        if pipe.algorithm == RED:
            load = self.load(name, pipe)
            return load == 0 or count % load == 0
        self.worker.log.error("pipe %s has no algorithm", name, source=self.name)
        return True

    def network_load(self) -> int:
        """Octets that wait in our sockets, measured once in each interval."""
        window = self.window
        if self._network[0] != window:
            self._network = (window, waiting_octets(self.worker.listeners, self.proc))
        return self._network[1]

    def tick(self, _now: float) -> None:
        """Measure the load of the processors, once in each interval and only where a pipe goes by it."""
        window = self.window
        if window == self._measured or self.feedback.setpoint is None:
            return
        self._measured = window
        before, self._times = self._times, cpu_times(self.proc)
        if before is None or self._times is None:
            return
        spent, idle = self._times[0] - before[0], self._times[1] - before[1]
        if spent > 0:
            self.feedback.update(min(max(1 - idle / spent, 0.0), 1.0))
