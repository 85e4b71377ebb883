"""The instance of rtimer: timers, the routes that they run, and which worker runs them.

A timer runs in one worker of the server: with mode 0 in the first, with any other mode in one of the others, which
stand for the processes of their own that such timers have in SIP Router. A run that is still going on when the next
one is due makes that one be left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.observe import route_for
from siprouter.core.routes import REQUEST, CompiledRoute
from siprouter.sip.message import Message, parse_message
from siprouter.transport.endpoint import PROTO_UDP, Endpoint
from siprouter.util.errors import NOWHERE, OperatorError, PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.util.wheel import CallTimer

USUAL_INTERVAL = 120
LONGEST_INTERVAL = 31 * 24 * 3600
MAX_TRIES = 10_000
"""Call-IDs to look at until one belongs to this worker, of at most 64"""
TIMER_EXAMPLE = "name=cleanup;interval=60;mode=0"
ROUTE_EXAMPLE = "timer=cleanup;route=CLEANUP"
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class RouteTimer:
    """A timer; `interval` in seconds, `due` by the clock of the worker. `routes` in the order in which they run."""

    name: str
    interval: int
    alone: bool
    routes: list[str] = field(default_factory=list)
    due: float = 0.0
    waiting: CallTimer | None = None
    task: Any = None


class RouteTimers:
    """One instance per worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.timers: dict[str, RouteTimer] = {}
        self._running = False
        self._missing: set[tuple[int, str]] = set()

    def add_timer(self, text: str) -> None:
        """Parameter timer: name=…;mode=…;interval=…. Raises OperatorError."""
        fields = parse_fields(text, ("name", "mode", "interval"), TIMER_EXAMPLE)
        name = fields.get("name", "")
        if not name:
            raise OperatorError(f"rtimer: a timer without a name: '{text}'", suggestion=TIMER_EXAMPLE)
        if name.lower() in self.timers:
            raise OperatorError(f"rtimer: timer '{name}' is defined twice")
        mode = parse_number(fields, "mode")
        interval = parse_number(fields, "interval") or USUAL_INTERVAL
        if interval > LONGEST_INTERVAL:
            raise OperatorError(f"rtimer: the longest interval is {LONGEST_INTERVAL} seconds (31 days)")
        self.timers[name.lower()] = RouteTimer(name, interval, mode > 0)

    def add_route(self, text: str) -> None:
        """Parameter exec: timer=…;route=…. Raises OperatorError."""
        fields = parse_fields(text, ("timer", "route"), ROUTE_EXAMPLE)
        name, route = fields.get("timer", ""), fields.get("route", "")
        if not name or not route:
            raise OperatorError(f"rtimer: expected {ROUTE_EXAMPLE}, found '{text}'")
        timer = self.timers.get(name.lower())
        if timer is None:
            hint = "a timer is defined by parameter timer, above the line that uses it"
            raise OperatorError(f"rtimer: there is no timer '{name}'", suggestion=hint)
        self.worker.env.check_route(REQUEST, route, NOWHERE)
        timer.routes.insert(0, route)  # the one that is named last runs first, as in SIP Router

    def configure(self) -> None:
        """Warn of timers that do nothing."""
        for timer in self.timers.values():
            if not timer.routes:
                self.log.warning("timer %s runs no route: parameter exec names one", timer.name, source="rtimer")

    # --- time

    def start(self) -> None:
        """Begin: each timer runs for the first time when its interval is over."""
        self._running = True
        now = self.worker.now()
        for timer in self.own_timers():
            timer.due = now
            self._arm(timer)

    def stop(self) -> None:
        """No more runs; routes that wait are cut off."""
        self._running = False
        for timer in self.timers.values():
            if timer.waiting is not None:
                self.worker.wheel.cancel(timer.waiting)
                timer.waiting = None
            if timer.task is not None:
                timer.task.cancel()
                timer.task = None

    def own_timers(self) -> list[RouteTimer]:
        """The timers that run in this worker: those with mode 0 in the first, the rest in the others in turn."""
        worker = self.worker
        found = []
        others = 0
        for timer in self.timers.values():
            owner = 0
            if timer.alone and worker.count > 1:
                owner = 1 + others % (worker.count - 1)
                others += 1
            if owner == worker.index and timer.routes:
                found.append(timer)
        return found

    def _arm(self, timer: RouteTimer) -> None:
        """Wait for the next time that is not over yet."""
        passed = max(self.worker.now() - timer.due, 0.0)
        timer.due += timer.interval * (math.floor(passed / timer.interval) + 1)
        timer.waiting = self.worker.wheel.call(timer.due, self._fire, timer)

    def _fire(self, timer: RouteTimer) -> None:
        timer.waiting = None
        try:
            timer.task = self.worker.spawn(self._run(timer), f"rtimer {timer.name}")
        except PeerError as error:
            self.log.error("timer %s: %s", timer.name, error, source="rtimer")
            self._arm(timer)

    # --- routes

    async def _run(self, timer: RouteTimer) -> None:
        """Run all routes of a timer, one after the other."""
        for name in timer.routes:
            route = self._find(name)
            if route is not None:
                await self._run_route(timer, route)
        timer.task = None
        if self._running:
            self._arm(timer)

    def _find(self, name: str) -> CompiledRoute | None:
        """The route in the version of the script that runs now; where it went with a reload the log says so once."""
        script = self.worker.script
        route = None if script is None else script.routes.get(name)
        if script is not None and route is None and (script.version, name) not in self._missing:
            self._missing = {(script.version, name)} | {one for one in self._missing if one[0] == script.version}
            self.log.error("there is no route[%s] any more", name, source="rtimer")
        return route

    async def _run_route(self, timer: RouteTimer, route: CompiledRoute) -> None:
        """Run a route with all that belongs to the request route of a message; what it raises goes to the log."""
        worker = self.worker
        source = Endpoint(PROTO_UDP, "127.0.0.1", 5060, 0, next(iter(worker.listeners), None))
        ctx = Context(worker, worker.script, self.message(), source, worker.now())
        try:
            for begin in worker.hooks.script_start:
                begin(ctx)
            try:
                result = route_for(ctx, route).run(ctx)
                if isinstance(result, Awaitable):
                    await result
            finally:
                for end in worker.hooks.script_end:
                    end(ctx)
        except Exception:
            self.log.exception("timer %s: route[%s] failed", timer.name, route.name, source="rtimer")

    def message(self) -> Message:
        """The request that a route sees: nobody sent it. Answers to what is sent for it come to this worker."""
        worker = self.worker
        nonce = worker.random_bytes(8).hex()
        call_id = next((one for number in range(MAX_TRIES) if worker.owns(one := f"{nonce}.{number}@rtimer")), nonce)
        return parse_message(
            b"OPTIONS sip:timer@localhost SIP/2.0\r\n"
            + to_bytes(f"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{nonce}\r\n")
            + to_bytes(f"From: <sip:timer@localhost>;tag={nonce}\r\nTo: <sip:timer@localhost>\r\n")
            + to_bytes(f"Call-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
        )


def parse_fields(text: str, names: tuple[str, ...], example: str) -> dict[str, str]:
    """The fields of `name=value;…`. Raises OperatorError for others than `names`."""
    fields = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or name.lower() not in names:
            raise OperatorError(f"rtimer: expected {example}, found '{part}'")
        fields[name.lower()] = value.strip('"')
    return fields


def parse_number(fields: dict[str, str], name: str) -> int:
    """A number, 0 where it is not given. Raises OperatorError."""
    text = fields.get(name, "0")
    if not _NUMBER.fullmatch(text):
        what = "a number of seconds" if name == "interval" else "a number"
        raise OperatorError(f"rtimer: {name} must be {what}, found '{text}'")
    return int(text)
