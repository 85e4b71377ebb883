"""The instance of benchmark: named timers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.values import Value, str_to_int, to_text, wrap_int
from siprouter.rpc.mi import BAD_ARGUMENT, MiReply
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.log import L_ALERT, L_DBG

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

STARTED = "benchmark.started"
MAX_NAME = 63
MICROSECONDS = 1_000_000


@dataclass(slots=True)
class Span:
    """Durations in microseconds."""

    calls: int = 0
    total: int = 0
    least: int = 0
    most: int = 0

    def add(self, duration: int) -> None:
        """One more."""
        self.least = duration if not self.calls else min(self.least, duration)
        self.most = max(self.most, duration)
        self.calls += 1
        self.total += duration

    def __str__(self) -> str:
        average = self.total / self.calls if self.calls else 0.0
        return f"{self.calls}/{self.total}/{self.least}/{self.most}/{average:f}"


@dataclass(slots=True)
class Timer:
    """A timer: durations since the last line in the log, and all of them."""

    name: str
    id: int
    enabled: bool = False
    started: float | None = None
    last: Span = field(default_factory=Span)
    all: Span = field(default_factory=Span)


class TimerArg(ArgType):
    """The name of a timer, which is made with the script."""

    kind = f"a name of 1 to {MAX_NAME} characters"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = to_text(value)
        if not 0 < len(name) <= MAX_NAME:
            raise self.bad(value, location)
        return Constant(env.worker.module("benchmark").timer(name))

    def convert(self, ctx: Context, value: Value) -> Timer:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class Benchmark:
    """One instance per worker, with measurements of its own."""

    enable: int
    granularity: int
    loglevel: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.timers: dict[str, Timer] = {}
        self.last_difference = 0

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        for name, least, most in (("enable", -1, 1), ("granularity", 1, 2**31), ("loglevel", L_ALERT, L_DBG)):
            if not least <= getattr(self, name) <= most:
                raise OperatorError(f"benchmark: {name} must be from {least} to {most}, found {getattr(self, name)}")

    def timer(self, name: str) -> Timer:
        """The timer of a name, made if new."""
        return self.timers.setdefault(name, Timer(name, len(self.timers)))

    def active(self, timer: Timer) -> bool:
        """Whether a timer measures."""
        return self.enable > 0 or (self.enable == 0 and timer.enabled)

    # --- the script

    def start_timer(self, ctx: Context, timer: Timer) -> int:
        """bm_start_timer(name)"""
        if self.active(timer):
            timer.started = self.worker.now()
            ctx.vars.setdefault(STARTED, {})[timer.name] = timer.started
        return 1

    def log_timer(self, ctx: Context, timer: Timer) -> int:
        """bm_log_timer(name): 1; -1 where the timer was not started. The start in this message counts, if any."""
        if not self.active(timer):
            return 1
        started = ctx.vars.get(STARTED, {}).get(timer.name, timer.started)
        if started is None:
            self.worker.log.error("timer %s was not started", timer.name, source="benchmark")
            return -1
        duration = max(round((self.worker.now() - started) * MICROSECONDS), 0)
        self.last_difference = wrap_int(duration)
        timer.last.add(duration)
        timer.all.add(duration)
        if timer.all.calls % self.granularity == 0:
            self.worker.log.write(
                self.loglevel,
                "benchmark (timer %s [%d]): %d [ msgs/total/min/max/avg - LR: %s | GB: %s]",
                timer.name,
                timer.id,
                duration,
                timer.last,
                timer.all,
                source="benchmark",
            )
            timer.last = Span()
        return 1

    def time_diff(self, _ctx: Context) -> int:
        """$BM_time_diff"""
        return self.last_difference

    # --- management

    def _set(self, name: str, text: str, least: int, most: int) -> MiReply:
        number = str_to_int(text)
        if number is None or not least <= number <= most:
            return MiReply(400, BAD_ARGUMENT)
        setattr(self, name, number)
        return MiReply()

    def enable_global(self, value: str) -> MiReply:
        """MI bm_enable_global -1|0|1"""
        return self._set("enable", value, -1, 1)

    def set_granularity(self, value: str) -> MiReply:
        """MI bm_granularity number"""
        return self._set("granularity", value, 1, 2**31 - 1)

    def set_loglevel(self, value: str) -> MiReply:
        """MI bm_loglevel level"""
        return self._set("loglevel", value, L_ALERT, L_DBG)

    def enable_timer(self, name: str, value: str) -> MiReply:
        """MI bm_enable_timer name 0|1"""
        timer = self.timers.get(name)
        if timer is None or value not in ("0", "1"):
            return MiReply(400, BAD_ARGUMENT)
        timer.enabled = value == "1"
        return MiReply()
