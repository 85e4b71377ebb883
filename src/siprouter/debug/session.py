"""One client of the Debug Adapter Protocol: breakpoints, threads and steps. A thread is a flow that has stopped.

The first thread stands for the server: to pause it stops the next statement of any message.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import PurePath

from siprouter.core.context import Context
from siprouter.core.observe import PAUSABLE, PLAIN, Frame, Place
from siprouter.core.routes import Script
from siprouter.core.worker import Worker
from siprouter.debug.breakpoints import Breakpoint, Places, Spot, by_spot, spot_of
from siprouter.debug.framing import Json
from siprouter.debug.stops import STEP_IN, STEP_OUT, STEP_OVER, Flow, Stopper
from siprouter.script.expression import defines_of
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.log import Record, format_text

SERVER_THREAD = 1
MAX_FILES = 1000
MAX_BREAKPOINTS = 1000  # of one file

Send = Callable[[str, Json], None]


class RequestError(Exception):
    """A request that cannot be done; the text is for the user."""


class Session(Stopper):
    """What a client has asked for. `send(event, body)` sends an event; `defines` are those of the command line."""

    def __init__(self, worker: Worker, send: Send, defines: dict[str, str]) -> None:
        super().__init__(worker)
        self.send = send
        self.given_defines = defines
        self.stop_on_entry = False
        self.attached = False
        self._breakpoints: dict[str, list[Breakpoint]] = {}
        self._by_spot: dict[Spot, list[Breakpoint]] = {}
        self._functions: list[tuple[int, str]] = []
        self._hit: list[int] = []
        self._pausing = False
        self._entered: dict[Frame, list[int]] = {}
        self._script: weakref.ref[Script] | None = None
        self._places: Places | None = None
        self._defines: dict[str, str] = {}
        self._last_breakpoint = 0

    # --- beginning and end

    def attach(self) -> None:
        """From now messages stop."""
        if not self.attached:
            self.attached = True
            self.worker.observation.add(self)

    def detach(self) -> None:
        """No message stops any more, and those that wait go on."""
        self.attached = False
        self._by_spot.clear()
        self._functions.clear()
        self._pausing = self.stop_on_entry = False
        self.release()
        self.worker.observation.remove(self)

    # --- what messages do

    def wants(self, ctx: Context) -> int:
        """See Observer."""
        self.look_for_reload()
        return PAUSABLE if self.attached else PLAIN

    def enter(self, frame: Frame) -> None:
        """See Observer."""
        title = frame.route.name
        hit = [number for number, name in self._functions if name in (title, bare_name(title))]
        if hit or (self.stop_on_entry and frame.parent is None):
            self._entered[frame] = hit

    def leave(self, frame: Frame, code: int | None) -> None:
        """See Observer."""
        self._entered.pop(frame, None)
        super().leave(frame, code)

    def reason(self, frame: Frame, place: Place) -> str:
        """See Stopper."""
        self._hit = []
        if self._pausing:
            self._pausing = False
            return "pause"
        if frame in self._entered:
            self._hit = self._entered.pop(frame)
            return "function breakpoint" if self._hit else "entry"
        found = self._by_spot.get(spot_of(place), ()) if self._by_spot else ()
        for item in found:
            try:
                if not item.is_hit(frame.ctx):
                    continue
                if item.log:
                    self.print(item.log_text(frame.ctx), "console", place)
                    continue
            except OperatorError as error:
                self.print(f"breakpoint at {place.file}:{place.line}: {error}", "important", place)
                continue
            self._hit.append(item.number)
        return "breakpoint" if self._hit else ""

    def has_stopped(self, flow: Flow) -> None:
        """See Stopper."""
        if not flow.announced:
            flow.announced = True
            self.send("thread", {"reason": "started", "threadId": thread_of(flow)})
        body: Json = {"reason": flow.reason, "threadId": thread_of(flow), "allThreadsStopped": False}
        if self._hit and flow.reason != "step":
            body["hitBreakpointIds"] = self._hit
        self.send("stopped", body)

    def ended(self, flow: Flow) -> None:
        """See Stopper."""
        self.send("thread", {"reason": "exited", "threadId": thread_of(flow)})

    # --- output

    def print(self, text: str, category: str, place: Place | None = None) -> None:
        """A line for the user."""
        body: Json = {"category": category, "output": f"{text}\n"}
        if place is not None:
            body |= {"source": source_of(place.file), "line": place.line}
        self.send("output", body)

    def show_record(self, record: Record) -> None:
        """A record of the log."""
        body: Json = {"category": "stderr" if record.level < 0 else "stdout", "output": f"{format_text(record)}\n"}
        if record.location.file:
            body |= {"source": source_of(record.location.file), "line": record.location.line}
        self.send("output", body)

    # --- where to stop

    @property
    def places(self) -> Places:
        """Where messages can stop in the version of the script that runs."""
        script = self.worker.script
        if self._places is None or self._script is None or self._script() is not script:
            self._places = Places(self.worker)
            self._script = None if script is None else weakref.ref(script)
            self._defines = defines_of(self.worker, self.given_defines)
        return self._places

    @property
    def defines(self) -> dict[str, str]:
        """What names stand for in this version."""
        return self._defines if self.places else {}

    def look_for_reload(self) -> None:
        """Breakpoints mean other statements where the script was loaded again."""
        if self._script is None or self._script() is self.worker.script:
            return
        places = self.places
        for items in self._breakpoints.values():
            for item in items:
                item.resolve(places, self.worker, self._defines)
                self.send("breakpoint", {"reason": "changed", "breakpoint": described(item)})
        self._index()

    def _index(self) -> None:
        self._by_spot = by_spot(item for items in self._breakpoints.values() for item in items)

    def set_breakpoints(self, path: str, wanted: list[Json]) -> list[Json]:
        """Replace the breakpoints of a file; what became of each."""
        path = os.path.realpath(path)
        if len(wanted) > MAX_BREAKPOINTS or (len(self._breakpoints) >= MAX_FILES and path not in self._breakpoints):
            raise RequestError(f"more than {MAX_BREAKPOINTS} breakpoints")
        places = self.places
        old = {(item.line, item.column): item for item in self._breakpoints.pop(path, ())}
        made = []
        for one in wanted:
            line, column = number_of(one, "line"), number_of(one, "column", 0)
            self._last_breakpoint += 1
            item = Breakpoint(
                self._last_breakpoint,
                path,
                line,
                column,
                text_of(one, "condition"),
                text_of(one, "hitCondition"),
                text_of(one, "logMessage"),
            )
            before = old.get((line, column))
            if before is not None:
                item.hits = before.hits if before.hit_condition == item.hit_condition else 0
            item.resolve(places, self.worker, self._defines)
            made.append(item)
        if made:
            self._breakpoints[path] = made
        self._index()
        return [described(item) for item in made]

    def set_functions(self, names: list[str]) -> list[Json]:
        """Replace the breakpoints at the beginning of route blocks, by name: `route[AUTH]` or `AUTH`."""
        if len(names) > MAX_BREAKPOINTS:
            raise RequestError(f"more than {MAX_BREAKPOINTS} breakpoints")
        titles = self.places.titles
        self._functions = []
        found: list[Json] = []
        for name in names:
            self._last_breakpoint += 1
            known = any(name in (title, bare_name(title)) for title in titles)
            if known:
                self._functions.append((self._last_breakpoint, name))
            told: Json = {"id": self._last_breakpoint, "verified": known}
            found.append(told if known else {**told, "message": f"there is no route block {name}"})
        return found

    # --- running

    def thread(self, arguments: Json) -> Flow:
        """The flow that a request is about. Raises RequestError."""
        flow = self.flow(number_of(arguments, "threadId") - 1)
        if flow is None or not flow.stopped:
            raise RequestError("this message does not wait")
        return flow

    def threads(self) -> list[Json]:
        """The server, and all messages that have stopped."""
        flows = [{"id": thread_of(flow), "name": title_of(flow)} for flow in self.flows()]
        return [{"id": SERVER_THREAD, "name": "siprouter"}, *flows]

    def resume(self, arguments: Json) -> bool:
        """Let a message go on, or for the thread of the server all; whether it was all."""
        if number_of(arguments, "threadId") == SERVER_THREAD:
            self._pausing = False
            self.release()
            return True
        self.go(self.thread(arguments))
        return False

    def step_to(self, arguments: Json, mode: int) -> None:
        """STEP_IN, STEP_OVER or STEP_OUT."""
        self.go(self.thread(arguments), mode)

    def pause_next(self, arguments: Json) -> None:
        """Stop a message at its next statement; for the thread of the server the next message that does anything."""
        number = number_of(arguments, "threadId")
        flow = self.flow(number - 1)
        if number == SERVER_THREAD:
            self._pausing = True
        elif flow is None:
            raise RequestError("this message is gone")
        elif not flow.stopped:
            flow.mode = STEP_IN


STEPS = {"next": STEP_OVER, "stepIn": STEP_IN, "stepOut": STEP_OUT}


def thread_of(flow: Flow) -> int:
    """The number of a flow among the threads."""
    return flow.number + 1


def title_of(flow: Flow) -> str:
    """What the list of threads calls a message."""
    msg = flow.ctx.msg
    what = msg.method if msg.is_request else f"{msg.status} ({msg.cseq.method})"
    try:
        who = f" {msg.from_.uri} to {msg.to.uri}"
    except PeerError:
        who = ""
    return f"{what}{who}, {msg.call_id}, {flow.root.route.name}"[:300]


def bare_name(title: str) -> str:
    """The name of a route block without its kind."""
    return title.partition("[")[2].rstrip("]") or title


def source_of(path: str) -> Json:
    """A file of the configuration."""
    return {"name": PurePath(path).name, "path": path}


def described(item: Breakpoint) -> Json:
    """What became of a breakpoint."""
    if item.place is None:
        return {"id": item.number, "verified": False, "message": item.message, "line": item.line}
    place = item.place
    return {
        "id": item.number,
        "verified": True,
        "source": source_of(place.file),
        "line": place.line,
        "column": place.column,
    }


def number_of(arguments: Json, name: str, default: int | None = None) -> int:
    """A number of a request. Raises RequestError."""
    value = arguments.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 31:
        raise RequestError(f"{name} must be a number")
    return value


def text_of(arguments: Json, name: str) -> str:
    """A text of a request, "" where it is missing. Raises RequestError."""
    value = arguments.get(name) or ""
    if not isinstance(value, str):
        raise RequestError(f"{name} must be a text")
    return value
