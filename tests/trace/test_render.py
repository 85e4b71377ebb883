"""The record of a call as text, JSON and OpenTelemetry spans."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from siprouter.rpc.values import RpcError
from siprouter.trace.commands import render
from siprouter.trace.events import Call, Event
from siprouter.trace.otlp import render_otlp, send_otlp
from siprouter.trace.render import render_text
from tests.trace.conftest import Flight

Make = Callable[..., Flight]

LADDER = """\
call one@test
INVITE sip:bob@test, 2023-11-14T22:30:00.000+00:00, worker 0, chosen by one@test

          udp:192.0.2.1:5060                                router                                 udp:10.0.0.9:5070
                   │                                           │                                           │
  0.000            │─────────── INVITE sip:bob@test ──────────►│                                           │
  0.000            │                                           │ <text>:6           route {                │
  0.000            │                                           │ <text>:7             $var(n) = 1 + 1 → 2  │
  0.000            │                                           │ <text>:8             if (method == "INVITE") {
  0.000            │                                           │ <text>:9             t_on_failure("GONE") → 1
  0.000            │                                           │ <text>:10            route(RELAY)         │
  0.000            │                                           │ <text>:15            route[RELAY] {       │
  0.000            │                                           │ <text>:16              $du = "sip:callee.example:5070"
  0.000            │                                           │ <text>:17              t_relay()          │
  0.000            │◄─ 100 trying -- your call is important… ──│                                           │
  0.000            │                                           │ <text>:17              t_relay() → 1      │
  0.000            │                                           │ <text>:15            } route[RELAY] → 1   │
  0.000            │                                           │ <text>:10            route(RELAY) → 1     │
  0.000            │                                           │ <text>:11            exit                 │
  0.000            │                                           │ <text>:6           } route → 0            │
  0.000            │                                           │ DNS A callee.example → 10.0.0.9 (20.0 ms) │
  0.020            │                                           │─────────── INVITE sip:bob@test ──────────►│
  0.520            │                                           │ timer A: branch 0 is sent again           │
  0.520            │                                           │─────────── INVITE sip:bob@test ──────────►│
                   │                                           │                                           │"""


def recorded(flight: Make) -> Call:
    one = flight()
    one.recorder.start("one@test")
    one.invite()
    one.node.advance(1)
    return one.call()


def test_text(flight: Make) -> None:
    assert render_text(recorded(flight)) == LADDER


def test_text_of_nothing() -> None:
    assert render_text(Call("x", "x")) == "call x\n\nno messages"


def test_json(flight: Make) -> None:
    found = json.loads(render(recorded(flight), "json"))
    assert (found["call_id"], found["worker"], found["dropped"]) == ("one@test", 0, 0)
    assert found["events"][0]["peer"] == "udp:192.0.2.1:5060"
    assert found["events"][2] == {
        "time": found["events"][0]["time"],
        "kind": "step",
        "text": "$var(n) = 1 + 1",
        "place": "<text>:7",
        "run": 1,
    }


def test_a_form_that_there_is_not() -> None:
    with pytest.raises(RpcError, match="text, json, otlp"):
        render(Call("x", "x"), "xml")


def parse(plain: dict[str, Any]) -> Any:
    """The export as OpenTelemetry's own classes see it (ids are hexadecimal in OTLP, base64 in protobuf's JSON)."""
    json_format = pytest.importorskip("google.protobuf.json_format")
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    text = json.loads(json.dumps(plain))
    for resource in text["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:
                        assert len(span[name]) == (32 if name == "traceId" else 16)
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return json_format.ParseDict(text, service.ExportTraceServiceRequest())


def test_spans(flight: Make) -> None:
    request = parse(render_otlp([recorded(flight)]))
    spans = request.resource_spans[0].scope_spans[0].spans
    by_name = {span.name: span for span in spans}
    assert list(by_name) == ["INVITE sip:bob@test", "route", "route[RELAY]", "DNS A callee.example"]
    root, route, relay, dns = spans
    assert len({span.trace_id for span in spans}) == 1 and not root.parent_span_id
    assert route.parent_span_id == root.span_id and relay.parent_span_id == route.span_id
    assert root.start_time_unix_nano <= route.start_time_unix_nano
    assert root.end_time_unix_nano - root.start_time_unix_nano == pytest.approx(520_000_000, abs=10_000_000)
    assert dns.end_time_unix_nano - dns.start_time_unix_nano == pytest.approx(20_000_000, abs=10_000)
    assert [event.name for event in route.events][:3] == ["step", "assigned", "step"]
    assert [event.name for event in root.events] == ["in", "out", "out", "timer", "out"]
    message = {item.key: item.value.string_value for item in root.events[0].attributes}
    assert message["network.peer.address"] == "udp:192.0.2.1:5060"
    assert message["sip.message"].startswith("INVITE sip:bob@test")


def test_spans_of_a_record_that_has_lost_its_beginning() -> None:
    call = Call("x", "x")
    call.add(Event(1.0, "leave", "route", run=4, code=0))
    call.add(Event(2.0, "enter", "route", run=5))
    call.add(Event(3.0, "step", "\udcff", run=5))
    spans = parse(render_otlp([call])).resource_spans[0].scope_spans[0].spans
    assert [(span.name, span.end_time_unix_nano) for span in spans] == [("x", 3_000_000_000), ("route", 3_000_000_000)]


def test_a_collector_takes_it(flight: Make) -> None:
    taken: list[tuple[str, str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        body = render(recorded(flight), "otlp").encode()
        assert send_otlp(body, f"http://127.0.0.1:{server.server_port}") == 200
        thread.join(30)
    assert [(path, kind) for path, kind, _ in taken] == [("/v1/traces", "application/json")]
    parse(json.loads(taken[0][2]))


@pytest.mark.parametrize("url", ["ftp://x", "nothing"])
def test_a_collector_needs_an_http_url(url: str) -> None:
    with pytest.raises(ValueError, match="no http URL"):
        send_otlp(b"", url)
