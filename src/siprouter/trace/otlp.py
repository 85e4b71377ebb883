"""The record of a call as OpenTelemetry spans, in the JSON form of OTLP (opentelemetry-proto 1.x, "JSON Protobuf").

One trace for each call; its id comes from the Call-ID, so that records of several routers join. The root span is the
call; each run of a route block, DNS question and SQL statement is a span, all else an event of the span around it.
"""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from siprouter.rpc.version import full_version
from siprouter.trace.events import DNS, ENTER, LEAVE, SQL, Call, Event

INTERNAL, SERVER, CLIENT = 1, 2, 3  # SpanKind
STATUS_ERROR = 2
TIMEOUT = 10.0


@dataclass(slots=True)
class _Span:
    name: str
    number: int
    parent: int
    start: float
    kind: int = INTERNAL
    end: float = 0.0
    failed: bool = False
    attributes: dict[str, str | int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)


def render_otlp(calls: Iterable[Call], service: str = "siprouter") -> dict[str, Any]:
    """An ExportTraceServiceRequest with the spans of all calls."""
    spans = [span for call in calls for span in _spans(call)]
    scope = {"name": "siprouter.trace", "version": full_version()}
    resource = {"attributes": _attributes({"service.name": service})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]}


def _spans(call: Call) -> list[dict[str, Any]]:
    if not call.events:
        return []
    root = _Span(call.title or call.call_id, 1, 0, call.events[0].time, SERVER, call.events[-1].time)
    root.attributes = {"sip.call_id": call.call_id, "siprouter.worker": call.worker, "siprouter.filter": call.filter}
    spans, stacks = [root], {0: [root]}
    for event in call.events:
        root.end = max(root.end, event.time + event.seconds)
        stack = stacks.setdefault(event.run, [root])
        if event.kind == ENTER:
            span = _Span(event.text, len(spans) + 1, stack[-1].number, event.time)
            span.attributes["code.filepath"] = event.place
            spans.append(span)
            stack.append(span)
        elif event.kind == LEAVE:
            if len(stack) > 1:
                span = stack.pop()
                span.end, span.failed = event.time, event.code is None
                if event.code is not None:
                    span.attributes["siprouter.return_code"] = event.code
        elif event.kind in (DNS, SQL):
            spans.append(_waited(event, len(spans) + 1, stack[-1].number))
        else:
            stack[-1].events.append(_event(event))
    trace_id = hashlib.sha256(call.call_id.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return [_plain(span, trace_id, root.end) for span in spans]


def _waited(event: Event, number: int, parent: int) -> _Span:
    question, _, answer = event.text.partition(" → ")
    span = _Span(
        f"{event.kind.upper()} {question}"[:100], number, parent, event.time, CLIENT, event.time + event.seconds
    )
    span.attributes = {"siprouter.question": question, "siprouter.answer": answer}
    if event.kind == SQL:
        span.attributes["db.query.text"] = question
    return span


def _event(event: Event) -> dict[str, Any]:
    values: dict[str, str | int] = {"siprouter.text": event.text}
    if event.place:
        values["code.filepath"] = event.place
    if event.peer:
        values["network.peer.address"] = event.peer
        values["sip.message"] = event.data
    if event.code is not None:
        values["siprouter.return_code"] = event.code
    return {"timeUnixNano": _nanoseconds(event.time), "name": event.kind, "attributes": _attributes(values)}


def _plain(span: _Span, trace_id: str, end: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "traceId": trace_id,
        "spanId": _span_id(trace_id, span.number),
        "name": _text(span.name),
        "kind": span.kind,
        "startTimeUnixNano": _nanoseconds(span.start),
        "endTimeUnixNano": _nanoseconds(span.end or end),
        "attributes": _attributes(span.attributes),
        "events": span.events,
        "status": {"code": STATUS_ERROR} if span.failed else {},
    }
    if span.parent:
        found["parentSpanId"] = _span_id(trace_id, span.parent)
    return found


def _span_id(trace_id: str, number: int) -> str:
    return hashlib.sha256(f"{trace_id}{number}".encode()).hexdigest()[:16]


def _nanoseconds(time: float) -> str:
    return str(int(time * 1_000_000) * 1000)


def _attributes(values: dict[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": _text(value)}}
        for key, value in values.items()
    ]


def _text(text: str) -> str:
    """Text that can be sent as UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def send_otlp(body: bytes, endpoint: str) -> int:
    """POST an export to a collector (OTLP/HTTP, `http://host:4318`); the status. Raises OSError, ValueError."""
    url = endpoint if endpoint.rstrip("/").endswith("/v1/traces") else endpoint.rstrip("/") + "/v1/traces"
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"'{endpoint}' is no http URL")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        status: int = answer.status
        return status
