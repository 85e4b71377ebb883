"""A clock that stands still until the test moves it."""

from __future__ import annotations

EPOCH = 1_700_000_000.0


class FakeClock:
    """Monotonic seconds from 1000.0, and wall-clock seconds that keep pace with them."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time

    def wall(self) -> float:
        """Seconds since the epoch."""
        return EPOCH + self.time

    def move(self, seconds: float) -> None:
        """Let `seconds` pass; timers run only when someone asks for them. Raises ValueError for less than 0."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: {seconds}")
        self.time += seconds
