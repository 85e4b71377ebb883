"""What is kept of a call, in bounded memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

MESSAGE_IN = "in"
MESSAGE_OUT = "out"
ENTER = "enter"
LEAVE = "leave"
STEP = "step"
RETURNED = "returned"
ASSIGNED = "assigned"
TIMER = "timer"
DNS = "dns"
SQL = "sql"

MAX_EVENTS = 5_000
MAX_OCTETS = 2 * 1024 * 1024
MAX_MESSAGE = 16 * 1024
MAX_TEXT = 400
OVERHEAD = 200  # octets of an event beside its texts


@dataclass(slots=True)
class Event:
    """Something that happened. `time` is seconds since the epoch, `seconds` how long it took where that is known.

    `run` numbers the runs of route blocks that nothing else of the call called; `depth` counts the calls within one.
    `place` is "file:line" of the configuration; `peer` the other side of a message, `data` the message.
    """

    time: float
    kind: str
    text: str
    place: str = ""
    peer: str = ""
    data: str = ""
    run: int = 0
    depth: int = 0
    code: int | None = None
    seconds: float = 0.0

    def size(self) -> int:
        """What it takes of the memory for a call, about."""
        return OVERHEAD + len(self.text) + len(self.place) + len(self.data)

    def plain(self) -> dict[str, Any]:
        """For JSON: what is empty is left out."""
        found: dict[str, Any] = {"time": round(self.time, 6), "kind": self.kind, "text": self.text}
        for name in ("place", "peer", "data", "run", "depth"):
            if value := getattr(self, name):
                found[name] = value
        if self.code is not None:
            found["code"] = self.code
        if self.kind in (DNS, SQL):
            found["seconds"] = round(self.seconds, 6)
        return found


@dataclass(slots=True)
class Call:
    """The record of one call; its oldest events go when there are too many."""

    call_id: str
    filter: str
    """what it was chosen by"""
    worker: int = 0
    title: str = ""
    events: deque[Event] = field(default_factory=deque)
    octets: int = 0
    dropped: int = 0
    transactions: list[Any] = field(default_factory=list)
    """those that are under way; only while it is recorded"""
    timed_out: set[tuple[str, int]] = field(default_factory=set)

    def add(self, event: Event) -> int:
        """Keep an event; by how many octets the record has grown."""
        before = self.octets
        self.events.append(event)
        self.octets += event.size()
        while len(self.events) > MAX_EVENTS or (self.octets > MAX_OCTETS and len(self.events) > 1):
            self.octets -= self.events.popleft().size()
            self.dropped += 1
        return self.octets - before

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "call_id": self.call_id,
            "filter": self.filter,
            "worker": self.worker,
            "title": self.title,
            "dropped": self.dropped,
            "events": [event.plain() for event in self.events],
        }


def cut(text: str, most: int = MAX_TEXT) -> str:
    """`text` in one line of bounded length."""
    text = text.replace("\r", "").replace("\n", " ")
    return text if len(text) <= most else text[: most - 1] + "…"
