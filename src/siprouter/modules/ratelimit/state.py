"""The instance of ratelimit: numbered pipes, and queues that say which method goes through which."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.values import str_to_int
from siprouter.modules.pipelimit.pipes import ALGORITHMS, FEEDBACK, NOP, Pipe, Pipes
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

MAX_PIPES = 16
MAX_QUEUES = 10
MAX_LIMIT = 2**31 - 1
OTHER = "*"
_PIPE = re.compile(r"([0-9]{1,9}):([^: ]+):([0-9]{1,12})")
_QUEUE = re.compile(r"([0-9]{1,9}):([^: ]+)")


class RateLimit:
    """One instance per worker; pipes and queues are those of all workers."""

    timer_interval: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.pipes = Pipes(worker, "ratelimit")
        self.queues = worker.state.table("ratelimit.queues")
        self.debug = worker.state.counter("ratelimit.debug")
        self.first_pipes: dict[int, Pipe] = {}
        self.first_queues: list[tuple[int, str]] = []
        self._told = -1

    def add_pipe(self, text: str) -> None:
        """Parameter pipe: number:algorithm:limit. Raises OperatorError."""
        match = _PIPE.fullmatch(text)
        if match is None:
            raise OperatorError(f"ratelimit: expected number:algorithm:limit, found '{text}'")
        number, algorithm, limit = int(match[1]), match[2], int(match[3])
        if number >= MAX_PIPES:
            raise OperatorError(f"ratelimit: pipes have numbers from 0 to {MAX_PIPES - 1}, found {number}")
        if algorithm not in ALGORITHMS:
            raise OperatorError(f"ratelimit: unknown algorithm '{algorithm}': one of {', '.join(ALGORITHMS)}")
        if limit > MAX_LIMIT:
            raise OperatorError(f"ratelimit: pipe {number}: limit {limit} is too large")
        self.first_pipes[number] = Pipe(algorithm, limit)

    def add_queue(self, text: str) -> None:
        """Parameter queue: pipe:method. Raises OperatorError."""
        match = _QUEUE.fullmatch(text)
        if match is None:
            raise OperatorError(f"ratelimit: expected pipe:method, found '{text}'")
        if int(match[1]) >= MAX_PIPES:
            raise OperatorError(f"ratelimit: pipes have numbers from 0 to {MAX_PIPES - 1}, found {match[1]}")
        if len(self.first_queues) >= MAX_QUEUES:
            raise OperatorError(f"ratelimit: more than {MAX_QUEUES} queues")
        self.first_queues.append((int(match[1]), match[2]))

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.timer_interval < 1:
            raise OperatorError(f"ratelimit: timer_interval must be at least 1, found {self.timer_interval}")
        self.pipes.interval = self.timer_interval
        loads = {pipe.limit for pipe in self.first_pipes.values() if pipe.algorithm == FEEDBACK}
        if len(loads) > 1 or any(load > 100 for load in loads):
            raise OperatorError("ratelimit: the limit of FEEDBACK is a load from 0 to 100, the same for all pipes")

    def start(self) -> None:
        """Make pipes and queues, unless another worker was first."""
        for number, pipe in self.first_pipes.items():
            self.pipes.set(str(number), pipe, overwrite=False)
        for number, queue in enumerate(self.first_queues):
            self.queues.replace(str(number), None, queue)
        self.pipes.start()
        if self.worker.index == 0:
            self._told = self.pipes.window
            self.worker.hooks.tick.append(self.tell)

    def pipe(self, number: int) -> Pipe:
        """A pipe; one that nobody made has no algorithm."""
        return self.pipes.get(str(number)) or Pipe(NOP, 0)

    def queue(self, number: int) -> tuple[int, str] | None:
        """Pipe and method of a queue."""
        found: tuple[int, str] | None = self.queues.get(str(number))
        return found

    def pipe_for(self, method: str) -> int | None:
        """The number of the pipe of the first queue with a method, or of the last one for all others."""
        found = None
        for number in range(len(self.first_queues)):
            queue = self.queue(number)
            if queue is not None and queue[1].lower() == method.lower():
                return queue[0]
            if queue is not None and queue[1] == OTHER:
                found = queue[0]
        return found

    # --- the script

    def check(self, ctx: Context) -> int:
        """rl_check(): the pipe of the request's method; -1 where there is none, or the request is too much."""
        number = self.pipe_for(ctx.msg.method)
        if number is None:
            self.worker.log.info("no queue for %s", ctx.msg.method, source="ratelimit")
            return -1
        return self._push(number)

    def check_variable(self, ctx: Context, variable: PvAccess) -> int:
        """rl_check(variable): the pipe whose number it holds; where it holds none, that of the method."""
        value = variable.get(ctx)
        number = str_to_int(value) if isinstance(value, str) else value
        if number is None or number < 0:
            self.worker.log.error("rl_check(): %s holds no number of a pipe", variable.text, source="ratelimit")
            return self.check(ctx)
        return self.check_pipe(ctx, number)

    def check_pipe(self, ctx: Context, number: int) -> int:
        """rl_check_pipe(number)"""
        if not 0 <= number < MAX_PIPES or self.pipe(number).algorithm == NOP:
            self.worker.log.error("there is no pipe %s", number, source="ratelimit")
            return -1
        return self._push(number)

    def _push(self, number: int) -> int:
        try:
            return 1 if self.pipes.push(str(number), self.pipe(number)) else -1
        except PeerError as error:
            self.worker.log.error("cannot count in pipe %s: %s", number, error, source="ratelimit")
            return 1

    def tell(self, _now: float) -> None:
        """Where rl.set_dbg asked for it, the requests of the interval that has ended, by pipe, in the log."""
        window = self.pipes.window
        if window != self._told and self.debug.get():
            counts = " ".join(str(self.pipes.counted(str(number))[1]) for number in range(MAX_PIPES))
            self.worker.log.warning("requests by pipe: %s", counts, source="ratelimit")
        self._told = window
