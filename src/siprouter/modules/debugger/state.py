"""The instance of debugger: what is switched on in this worker, the trace, and where messages stop."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.observe import PAUSABLE, PLAIN, WATCHED, Frame, Place
from siprouter.core.values import Value, to_text
from siprouter.debug.stops import RUN, STEP_ACTION, Flow, Stopper
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.log import DEFAULT_FACILITY, FACILITIES, facility_number

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

SOURCE = "debugger"
ANCHOR = "dbg_breakpoint"

CFGTRACE = 1
EVERYWHERE = 2
ANCHORS = 4

INIT = 0
WAIT = 1
NEXT = 2


class Anchor:
    """A call of dbg_breakpoint() in the script."""

    __slots__ = ("__weakref__", "enabled", "file", "line")

    def __init__(self, file: str, line: int, enabled: bool) -> None:
        self.file = file
        self.line = line
        self.enabled = enabled


class AnchorMode(ArgType):
    """Whether a breakpoint of the script is enabled: "0" or anything else."""

    kind = '"0" or "1"'

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        anchor = Anchor(location.file, location.line, not to_text(value).startswith("0"))
        env.worker.module("debugger").add_anchor(anchor)
        return Constant(anchor)

    def convert(self, ctx: Context, value: Value) -> Anchor:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class Debugger(Stopper):
    """One instance per worker. `switches`: CFGTRACE, EVERYWHERE (messages stop at each action), ANCHORS."""

    cfgtrace: int
    breakpoint: int
    log_level: int
    log_facility: str | None
    log_prefix: str
    step_usleep: int
    step_loops: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.anchors: weakref.WeakSet[Anchor] = weakref.WeakSet()
        self.switches = ANCHORS
        self._started = False
        self._facility = DEFAULT_FACILITY

    def configure(self) -> None:
        """Raises OperatorError."""
        if self.log_facility:
            number = facility_number(self.log_facility)
            if number is None:
                hint = f"one of {', '.join(FACILITIES)}"
                raise OperatorError(f"debugger: unknown log_facility '{self.log_facility}'", suggestion=hint)
            self._facility = number
        if self.step_usleep < 0 or self.step_loops < 0:
            raise OperatorError("debugger: step_usleep and step_loops cannot be negative")
        if self.cfgtrace:
            self.switches |= CFGTRACE
        if self.breakpoint:
            self.switches |= EVERYWHERE

    def start(self) -> None:
        """Messages come now."""
        self._started = True
        self.observe()

    def observe(self) -> None:
        """Watch as long as there is something to see."""
        observation = self.worker.observation
        wanted = self._started and bool(self.level() or self._flows)
        if wanted == (self in observation.observers):
            return
        if wanted:
            observation.add(self)
        else:
            observation.remove(self)

    def add_anchor(self, anchor: Anchor) -> None:
        """A call of dbg_breakpoint() in a script that is being loaded."""
        self.anchors.add(anchor)
        self.observe()

    def level(self) -> int:
        """What new messages have to run."""
        if self.switches & EVERYWHERE or (self.switches & ANCHORS and any(item.enabled for item in self.anchors)):
            return PAUSABLE
        return WATCHED if self.switches & CFGTRACE else PLAIN

    def switch(self, on: int = 0, off: int = 0) -> None:
        """Change the switches."""
        self.switches = self.switches & ~off | on
        self.observe()

    def stop(self) -> None:
        """The server stops: nothing waits any more."""
        self.switches = 0
        self._started = False
        self.release()
        self.observe()

    def anchor(self, ctx: Context, anchor: Anchor) -> int:
        """dbg_breakpoint(): has no effect itself, the message stops before it."""
        return 1

    def write(self, text: str) -> None:
        """A line of ours in the log."""
        self.worker.log.write(self.log_level, "%s %s", self.log_prefix, text, source="", facility=self._facility)

    # --- what observed routes tell

    def wants(self, ctx: Context) -> int:
        """See Observer."""
        return self.level()

    def step(self, frame: Frame, place: Place) -> None:
        """See Observer."""
        if self.switches & CFGTRACE:
            self.write(action(place))

    def reason(self, frame: Frame, place: Place) -> str:
        """See Stopper."""
        if self.switches & EVERYWHERE:
            return "breakpoint"
        if place.name == ANCHOR and self.switches & ANCHORS and self._is_enabled(place):
            return "breakpoint"
        return ""

    def _is_enabled(self, place: Place) -> bool:
        return any(
            item.enabled and place.line <= item.line <= place.end_line and item.file == place.file
            for item in self.anchors
        )

    def has_stopped(self, flow: Flow) -> None:
        """See Stopper."""
        if flow.mode == RUN:
            self.write(f"breakpoint hit: p=[{os.getpid()}] {action(flow.place)}")

    def ended(self, flow: Flow) -> None:
        """See Stopper."""
        self.observe()

    # --- for the commands

    @property
    def state(self) -> int:
        """INIT, WAIT where a message has stopped, NEXT while it is led from action to action."""
        flow = next(self.stopped(), None)
        if flow is None:
            return INIT
        return WAIT if flow.mode == RUN else NEXT

    async def at_breakpoint(self) -> Flow | None:
        """The message that has stopped first, waiting for one as long as step_usleep and step_loops say."""
        return await self.first_stopped(self.step_usleep * self.step_loops / 1_000_000)

    def next(self, flow: Flow) -> None:
        """Let a message run one action."""
        self.go(flow, STEP_ACTION)

    def move(self, flow: Flow | None) -> None:
        """Let a message run on, and stop none from now."""
        self.switches &= ~(EVERYWHERE | ANCHORS)
        if flow is not None:
            self.go(flow, RUN)
        self.observe()


def action(place: Place) -> str:
    """An action as the trace shows it."""
    return f"c=[{place.file}] l={place.line} a={place.action} n={place.name}"
