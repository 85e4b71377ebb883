"""Messages that stop before a statement of the script, and go on when told to; all others go on meanwhile.

A flow is one run of a route block that nothing else of the same message called (the request route, a failure route …)
with all that it calls. One that has stopped waits as a coroutine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING

from siprouter.core.observe import Frame, Observer, Place

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

MAX_STOPPED = 200

RUN = 0
"""until something else stops it"""
STEP_ACTION = 1
"""to the next action, calls in expressions included"""
STEP_IN = 2
"""to the next statement"""
STEP_OVER = 3
"""to the next statement of the same route block, or of one that called it"""
STEP_OUT = 4
"""to the next statement of a route block that called this one"""


class Flow:
    """A flow that has stopped, or is to stop. `place`, `frame`: what runs next there."""

    __slots__ = ("announced", "depth", "frame", "mode", "number", "place", "reason", "root", "waiting")

    def __init__(self, number: int, frame: Frame, place: Place) -> None:
        self.number = number
        self.root = root_of(frame)
        self.frame = frame
        self.place = place
        self.mode = RUN
        self.depth = 0
        self.reason = ""
        self.announced = False
        """whether somebody was told of it"""
        self.waiting: asyncio.Future[None] | None = None

    @property
    def ctx(self) -> Context:
        """The context of the message."""
        return self.frame.ctx

    @property
    def stopped(self) -> bool:
        """Whether it waits."""
        return self.waiting is not None

    def reaches(self, frame: Frame, place: Place) -> bool:
        """Whether its step ends before `place`."""
        if self.mode == RUN:
            return False
        if self.mode == STEP_ACTION:
            return True
        if not place.statement:
            return False
        if self.mode == STEP_OVER:
            return frame.depth <= self.depth
        return self.mode == STEP_IN or frame.depth < self.depth


def root_of(frame: Frame) -> Frame:
    """The frame that nothing else of the message called."""
    while frame.parent is not None:
        frame = frame.parent
    return frame


class Stopper(Observer):
    """The engine: subclasses say where messages stop (`reason`), and hear of it (`has_stopped`, `goes_on`, `ended`)."""

    def __init__(self, worker: Worker, limit: int = MAX_STOPPED) -> None:
        self.worker = worker
        self.limit = limit
        self._flows: dict[Frame, Flow] = {}
        self._last = 0
        self._refused = False
        self._news = asyncio.Event()

    # --- for subclasses

    def reason(self, frame: Frame, place: Place) -> str:
        """Why a message stops here, "" where it does not."""
        return ""

    def has_stopped(self, flow: Flow) -> None:
        """A message waits."""

    def goes_on(self, flow: Flow) -> None:
        """It runs again."""

    def ended(self, flow: Flow) -> None:
        """Its flow is at its end."""

    # --- what waits

    def flows(self) -> list[Flow]:
        """All that have stopped or were told to, oldest first."""
        return list(self._flows.values())

    def stopped(self) -> Iterator[Flow]:
        """Those that wait, oldest first."""
        return (flow for flow in self._flows.values() if flow.stopped)

    def flow(self, number: int) -> Flow | None:
        """The flow with this number."""
        return next((flow for flow in self._flows.values() if flow.number == number), None)

    async def first_stopped(self, seconds: float) -> Flow | None:
        """The one that has stopped first, waiting that long for one; None: there was none."""
        try:
            async with asyncio.timeout(seconds):
                while (found := next(self.stopped(), None)) is None:
                    await self._news.wait()
        except TimeoutError:
            return None
        return found

    def go(self, flow: Flow, mode: int = RUN) -> None:
        """Let one go on to where `mode` says."""
        flow.mode, flow.depth = mode, flow.frame.depth
        waiting, flow.waiting = flow.waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
            self.goes_on(flow)

    def release(self) -> None:
        """Let all go on for good."""
        for flow in self.flows():
            self.go(flow)

    # --- what observed routes tell

    def pause(self, frame: Frame, place: Place) -> Awaitable[None] | None:
        """See Observer."""
        flow = self._flows.get(root_of(frame))
        if flow is not None:
            flow.frame, flow.place = frame, place
        reason = "step" if flow is not None and flow.reaches(frame, place) else self.reason(frame, place)
        if not reason:
            return None
        if flow is None:
            if len(self._flows) >= self.limit:
                self._refuse()
                return None
            self._last += 1
            flow = Flow(self._last, frame, place)
            self._flows[flow.root] = flow
        return self._hold(flow, reason)

    def _refuse(self) -> None:
        if not self._refused:
            self._refused = True
            self.worker.log.warning("%d messages are stopped already: further ones are not", self.limit)

    async def _hold(self, flow: Flow, reason: str) -> None:
        flow.reason = reason
        flow.waiting = waiting = asyncio.get_running_loop().create_future()
        self.has_stopped(flow)
        self._news.set()
        self._news = asyncio.Event()
        try:
            await waiting
        finally:
            flow.waiting = None

    def leave(self, frame: Frame, code: int | None) -> None:
        """See Observer."""
        flow = self._flows.pop(frame, None) if self._flows else None
        if flow is not None:
            self._refused = False
            self.ended(flow)
