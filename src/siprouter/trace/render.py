"""The record of a call as text: messages as arrows between the parties, what the script did between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from siprouter.trace.events import (
    ASSIGNED,
    DNS,
    ENTER,
    LEAVE,
    MESSAGE_IN,
    MESSAGE_OUT,
    RETURNED,
    SQL,
    STEP,
    Call,
    Event,
)
from siprouter.util.ladder import Arrow, Note, draw_ladder

ROUTER = "router"
PLACE_WIDTH = 18
WIDTH = 120


def render_text(call: Call, width: int = WIDTH) -> str:
    """The ladder, with a head that says what it is of."""
    head = [f"call {call.call_id}"]
    if call.events:
        begin = datetime.fromtimestamp(call.events[0].time, UTC).isoformat(timespec="milliseconds")
        head.append(f"{call.title or 'no message'}, {begin}, worker {call.worker}, chosen by {call.filter}")
    if call.dropped:
        head.append(f"{call.dropped} older events were dropped")
    return "\n".join((*head, "", draw_ladder(list(rows(call.events)), middle=ROUTER, width=width)))


def rows(events: Iterable[Event]) -> Iterator[Arrow | Note]:
    """Arrows and notes; a step and what came of it are one line."""
    waiting: Event | None = None
    for event in events:
        if waiting is not None:
            outcome = _outcome(waiting, event)
            yield _note(waiting, outcome or "")
            waiting = None
            if outcome is not None:
                continue
        if event.kind == STEP:
            waiting = event
        elif event.kind in (MESSAGE_IN, MESSAGE_OUT):
            ends = (event.peer, ROUTER) if event.kind == MESSAGE_IN else (ROUTER, event.peer)
            yield Arrow(event.time, *ends, event.text)
        else:
            yield _note(event)
    if waiting is not None:
        yield _note(waiting)


def _outcome(step: Event, following: Event) -> str | None:
    """What is shown behind a step because of the event that follows it; None where that is another matter."""
    if (following.place, following.run, following.depth) != (step.place, step.run, step.depth):
        return None
    if following.kind == RETURNED:
        return f" → {following.code}"
    if following.kind == ASSIGNED:
        return "" if following.text == step.text else f" → {following.text.partition(' = ')[2]}"
    return None


def _note(event: Event, tail: str = "") -> Note:
    indent = "  " * (event.depth + (event.kind not in (ENTER, LEAVE)))
    if event.kind == ENTER:
        text = f"{indent}{event.text} {{"
    elif event.kind == LEAVE:
        text = f"{indent}}} {event.text} → {'failed' if event.code is None else event.code}"
    elif event.kind == RETURNED:
        text = f"{indent}{event.text} → {event.code}"
    elif event.kind == ASSIGNED:
        text = f"{indent}  {event.text}"
    elif event.kind == STEP:
        text = f"{indent}{event.text}{tail}"
    elif event.kind in (DNS, SQL):
        return Note(event.time, ROUTER, f"{event.kind.upper()} {event.text} ({event.seconds * 1000:.1f} ms)")
    else:
        return Note(event.time, ROUTER, f"{event.kind} {event.text}")
    return Note(event.time, ROUTER, f"{event.place:<{PLACE_WIDTH}} {text}")
