"""The controller of FEEDBACK: how many of a hundred requests to drop so that the processors stay at a load.

A PID controller: the error is the load wanted less the one measured; its sum over time, itself, and its change count
with ki, kp and kd. All workers share what it says; one of them measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from siprouter.state.interface import State

MAX_RATE = 100


class Gains(NamedTuple):
    """How much sum, error and change of the error count."""

    ki: float = -25.0
    kp: float = 0.0
    kd: float = 0.0


class Loop(NamedTuple):
    """Where the controller is: load measured last (0.0 to 1.0), sum of errors, last error, requests to drop of 100."""

    load: float = 0.0
    total: float = 0.0
    last: float = 0.0
    rate: int = 0


class Feedback:
    """The controller of one module, in the shared state."""

    def __init__(self, state: State, name: str) -> None:
        self.state = state
        self.table = state.table(name)

    @property
    def gains(self) -> Gains:
        return Gains(*(self.table.get("gains") or ()))

    @gains.setter
    def gains(self, gains: Gains) -> None:
        self.table.put("gains", tuple(gains))

    @property
    def setpoint(self) -> int | None:
        """The load wanted, in per cent; None where nobody has said."""
        wanted: int | None = self.table.get("setpoint")
        return wanted

    @setpoint.setter
    def setpoint(self, percent: int) -> None:
        self.table.put("setpoint", percent)

    @property
    def loop(self) -> Loop:
        return Loop(*(self.table.get("loop") or ()))

    def update(self, load: float) -> None:
        """A load was measured (0.0 to 1.0)."""
        with self.state.atomic():
            before, gains = self.loop, self.gains
            error = 0.01 * (self.setpoint or 0) - load
            total = before.total
            # idle hours must not be saved up against the next rush, nor a rush against the time after it
            if (total < 0 or error < 0) and (before.rate < MAX_RATE or error > 0):
                total += error
            output = gains.kp * error + gains.ki * total + gains.kd * (error - before.last)
            self.table.put("loop", (load, total, error, min(max(int(output), 0), MAX_RATE)))
