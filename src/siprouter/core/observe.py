"""Watching the script run: who wants to see which message, and what they are told at each statement.

A script has a plain version, that knows nothing of this, and observed versions of it that are compiled when the first
message needs one. Which version a message runs is decided once, when it enters (`hooks.entry`); everything that the
message leads to (reply, failure and branch routes) runs the same version, as it is found through `ctx.script`.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.routes import CompiledRoute, Script
    from siprouter.core.values import Value
    from siprouter.core.worker import Worker

Told = Callable[..., Any]

PLAIN = 0
WATCHED = 1
"""observers are told everything; the script waits where the plain one waits, and nowhere else"""
PAUSABLE = 2
"""as WATCHED, and the script may wait before each statement (`Observer.pause`): all its routes are coroutines"""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A statement, a call within an expression, or a route block of the configuration."""

    file: str
    line: int
    column: int
    """from 1, in characters"""
    end_line: int
    end_column: int
    action: int
    """number of the kind of action, as SIP Router counts them; 0 for a route block"""
    name: str
    """of the action: that of a function, "if", "while", "assign" …; of a route block its title, "route[AUTH]" """
    route: str
    """title of the route block that it stands in"""
    text: str
    """how it is written, its first line"""
    statement: bool = True
    """False for a call inside an expression"""
    target: str = ""
    """of an assignment: the variable as written"""


class Frame:
    """One run of a route block. `place` is what runs in it now; `parent` the run of the same message that called it."""

    __slots__ = ("ctx", "depth", "ended", "parent", "place", "route")

    def __init__(self, ctx: Context, route: Place, parent: Frame | None) -> None:
        self.ctx = ctx
        self.route = route
        self.place = route
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.ended = False

    def stack(self) -> Iterator[Frame]:
        """This frame and those that called it, innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent


class Observer:
    """What may be told; each does nothing by default. What one raises is logged and costs the message nothing.

    Every observer hears of every message that runs an observed version, whoever asked for it: look at `frame.ctx`.
    """

    def wants(self, ctx: Context) -> int:
        """When a message enters: PLAIN, WATCHED or PAUSABLE; the most that anyone wants counts."""
        return PLAIN

    def enter(self, frame: Frame) -> None:
        """A route block begins."""

    def leave(self, frame: Frame, code: int | None) -> None:
        """It has ended with this return code (0: the script stops), None: something was raised."""

    def step(self, frame: Frame, place: Place) -> None:
        """`place` runs next."""

    def pause(self, frame: Frame, place: Place) -> Awaitable[None] | None:
        """After `step`, in PAUSABLE versions only: what to wait for before `place` runs."""

    def returned(self, frame: Frame, place: Place, code: int) -> None:
        """The function or route called at `place` gave this return code."""

    def assigned(self, frame: Frame, place: Place, value: Value) -> None:
        """The variable `place.target` was set; `value` None: it was taken away, or is a list of SER."""


class Observation:
    """The observers of one worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.observers: list[Observer] = []
        self._enter: list[Told] = []
        self._leave: list[Told] = []
        self._step: list[Told] = []
        self._pause: list[Told] = []
        self._returned: list[Told] = []
        self._assigned: list[Told] = []
        self._versions: weakref.WeakKeyDictionary[Script, dict[int, Script]] = weakref.WeakKeyDictionary()
        self._frame: ContextVar[Frame | None] = ContextVar("frame", default=None)

    def add(self, observer: Observer) -> None:
        """From now on `observer` is asked and told."""
        if not self.observers:
            self.worker.hooks.entry.append(self._choose)
        self.observers = [*self.observers, observer]
        self._listen()

    def remove(self, observer: Observer) -> None:
        """It is asked and told no more; with the last one nothing is left of observation."""
        self.observers = [one for one in self.observers if one is not observer]
        self._listen()
        if not self.observers and self._choose in self.worker.hooks.entry:
            self.worker.hooks.entry.remove(self._choose)
            self._versions.clear()

    def _listen(self) -> None:
        """Find out who wants to be told what: a method that does nothing need not be called."""
        self._enter = self._told("enter")
        self._leave = self._told("leave")
        self._step = self._told("step")
        self._pause = self._told("pause")
        self._returned = self._told("returned")
        self._assigned = self._told("assigned")

    def _told(self, name: str) -> list[Told]:
        nothing = getattr(Observer, name)
        return [getattr(one, name) for one in self.observers if getattr(type(one), name) is not nothing]

    def _choose(self, ctx: Context) -> None:
        level = PLAIN
        for observer in self.observers:
            try:
                level = max(level, observer.wants(ctx))
            except Exception:
                self.worker.log.exception("an observer failed")
        if level != PLAIN and ctx.script is not None:
            ctx.script = self.version(ctx.script, level)

    def version(self, script: Script, level: int) -> Script:
        """The observed version of a plain script; the script itself where it cannot be compiled again."""
        if script.observed is None:
            return script
        versions = self._versions.setdefault(script, {})
        if level not in versions:
            made = versions[level] = script.observed(script, level)
            # functions and their globals refer to one another: without the script nothing can run them any more
            weakref.finalize(made, made.namespace.clear).atexit = False
        return versions[level]

    def frame_of(self, ctx: Context) -> Frame | None:
        """The route block that runs now for this message; None where none does."""
        frame = self._frame.get()
        while frame is not None and (frame.ended or frame.ctx is not ctx):
            frame = frame.parent
        return frame

    def last_frame(self) -> Frame | None:
        """The route block that this task runs, or began in: a look-up that a route left behind still belongs to it."""
        return self._frame.get()

    def _tell(self, listeners: list[Told], *args: Any) -> None:
        for tell in listeners:
            try:
                tell(*args)
            except Exception:
                self.worker.log.exception("an observer failed")

    # --- what observed routes call

    def enter(self, ctx: Context, route: Place) -> Frame:
        """A route begins."""
        frame = Frame(ctx, route, self.frame_of(ctx))
        self._frame.set(frame)
        self._tell(self._enter, frame)
        return frame

    def leave(self, frame: Frame, code: int | None) -> None:
        """A route has ended."""
        frame.ended = True
        self._frame.set(frame.parent)
        self._tell(self._leave, frame, code)

    def step(self, ctx: Context, place: Place) -> None:
        """A statement, or a call in an expression, runs next. None, so that it may stand before an `or`."""
        frame = self.frame_of(ctx)
        if frame is not None:
            frame.place = place
            self._tell(self._step, frame, place)

    async def pause(self, ctx: Context, place: Place) -> None:
        """The same where the message may wait."""
        frame = self.frame_of(ctx)
        if frame is None:
            return
        frame.place = place
        self._tell(self._step, frame, place)
        for pause in self._pause:
            try:
                waiting = pause(frame, place)
                if waiting is not None:
                    await waiting
            except Exception:
                self.worker.log.exception("an observer failed")

    def returned(self, ctx: Context, place: Place, code: int) -> int:
        """What a call gave; gives it on."""
        frame = self.frame_of(ctx)
        if frame is not None:
            frame.place = place
            if self._returned:
                self._tell(self._returned, frame, place, code)
        return code

    def assigned(self, ctx: Context, place: Place, value: Any) -> None:
        """A variable was set."""
        frame = self.frame_of(ctx) if self._assigned else None
        if frame is not None:
            self._tell(self._assigned, frame, place, value)

    # --- making observed versions

    def watched(self, run: Callable[[Context], Any], route: Place) -> Callable[[Context], int]:
        """A plain route function that tells when it begins and ends."""

        def watched_route(ctx: Context) -> int:
            frame = self.enter(ctx, route)
            code: int | None = None
            try:
                code = run(ctx)
                return code
            finally:
                self.leave(frame, code)

        return watched_route

    def watched_waiting(self, run: Callable[[Context], Any], route: Place) -> Callable[[Context], Awaitable[int]]:
        """The same for a coroutine function."""

        async def watched_route(ctx: Context) -> int:
            frame = self.enter(ctx, route)
            code: int | None = None
            try:
                code = await run(ctx)
                return code
            finally:
                self.leave(frame, code)

        return watched_route


def route_for(ctx: Context, route: CompiledRoute) -> CompiledRoute:
    """`route` in the version of the script that this message runs, decided now: it enters the script here."""
    for choose in ctx.worker.hooks.entry:
        choose(ctx)
    script: Script | None = ctx.script
    return route if script is None else script.counterparts.get(route, route)
