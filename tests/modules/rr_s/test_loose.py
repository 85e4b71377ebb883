"""Routing by Route headers in `#!SER` scripts."""

from __future__ import annotations

import pytest

from siprouter.core.avp import CLASS_URI, TRACK_FROM
from siprouter.core.context import Context
from siprouter.server.inventory import report_gaps
from siprouter.sip.names import H_ROUTE
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Listener
from tests.support.fakes import FakeWorker, call, context, request

UDP = Listener(PROTO_UDP, "192.0.2.10", 5060)
TCP = Listener(PROTO_TCP, "192.0.2.10", 5060)
ME = "<sip:u@192.0.2.10;ftag=a1;lr>"
FIRST = "<sip:192.0.2.10;r2=on;lr>"
SECOND = "<sip:192.0.2.10;transport=tcp;r2=on;lr>"
PEER = "sip:bob@198.51.100.7:5070"
OWN = "sip:192.0.2.10;lr"


def make(*routes: str, uri: str = PEER, to_tag: str = ";tag=b1", **params: int | str) -> Context:
    worker = FakeWorker(UDP, TCP)
    worker.load("rr_s", **params)
    assert worker.configure_modules() == []
    lines = [f"Route: {route}" for route in routes]
    return context(worker, request("BYE", uri, *lines, to=f"To: <sip:bob@example.com>{to_tag}"))


def left(ctx: Context) -> list[str]:
    msg = ctx.msg.apply_edits()
    return [msg.value(header) for header in msg.all(H_ROUTE)]


@pytest.mark.parametrize(
    ("routes", "result", "dst", "uri", "remaining"),
    [
        ((), -1, None, PEER, []),
        ((ME,), 1, None, PEER, []),
        ((ME, "<sip:next;lr>"), 1, "sip:next;lr", PEER, ["<sip:next;lr>"]),
        ((ME + ", <sip:next;lr>, <sip:c;lr>",), 1, "sip:next;lr", PEER, ["<sip:next;lr>, <sip:c;lr>"]),
        (("<sip:next;lr>",), -1, None, PEER, ["<sip:next;lr>"]),
        ((FIRST, SECOND), 1, None, PEER, []),
        ((FIRST + "," + SECOND + ",<sip:n;lr>",), 1, "sip:n;lr", PEER, ["<sip:n;lr>"]),
        ((ME, "<sip:strict>"), 1, None, "sip:strict", [f"<{PEER}>"]),
        ((ME + ",<sip:strict>,<sip:c;lr>",), 1, None, "sip:strict", ["<sip:c;lr>", f"<{PEER}>"]),
        (("<broken",), -1, None, PEER, None),
    ],
)
def test_behind_a_loose_router(
    routes: tuple[str, ...], result: int, dst: str | None, uri: str, remaining: list[str] | None
) -> None:
    ctx = make(*routes)
    ctx.uri_consumed = True
    assert call(ctx, "loose_route") == result
    assert (ctx.dst_uri, ctx.uri) == (dst, uri)
    assert ctx.uri_consumed == (dst is None and uri == PEER)
    if remaining is not None:
        assert left(ctx) == remaining


@pytest.mark.parametrize(
    ("routes", "result", "dst", "uri", "remaining"),
    [
        (("<sip:a;lr>", "<sip:end>"), 1, "sip:a;lr", "sip:end", ["<sip:a;lr>"]),
        (("<sip:a>, <sip:end>",), 1, None, "sip:a", ["<sip:end>"]),
        (("<sip:end>",), 1, None, "sip:end", []),
        ((SECOND, "<sip:a;lr>", "<sip:end>"), 1, "sip:a;lr", "sip:end", ["<sip:a;lr>"]),
        ((SECOND,), -1, None, OWN, []),
    ],
)
def test_behind_a_strict_router(
    routes: tuple[str, ...], result: int, dst: str | None, uri: str, remaining: list[str]
) -> None:
    ctx = make(*routes, uri=OWN)
    assert call(ctx, "loose_route") == result
    assert (ctx.dst_uri, ctx.uri, left(ctx)) == (dst, uri, remaining)


def test_preloaded_routes() -> None:
    ctx = make(ME, uri=OWN, to_tag="")
    assert (call(ctx, "loose_route"), left(ctx)) == (-1, [])
    ctx = make(ME, "<sip:n;lr>", uri=OWN, to_tag="")
    assert (call(ctx, "loose_route"), ctx.dst_uri) == (1, "sip:n;lr")
    ctx = make("<sip:n;lr>", uri=OWN, to_tag="")
    assert (call(ctx, "loose_route"), left(ctx)) == (-1, ["<sip:n;lr>"])
    assert ctx.worker.texts() == ["a preloaded route of a strict router"]


def test_socket_of_the_second_route() -> None:
    ctx = make(FIRST, SECOND)
    call(ctx, "loose_route")
    assert ctx.force_socket is TCP
    ctx = make(FIRST, SECOND, force_send_socket=0)
    call(ctx, "loose_route")
    assert (ctx.force_socket, left(ctx)) == (None, [])
    ctx = make(FIRST, SECOND, enable_double_rr=0)
    call(ctx, "loose_route")
    assert (ctx.force_socket, ctx.dst_uri) == (None, SECOND[1:-1])


def test_what_the_script_gets_to_know() -> None:
    params = {"user_part_avp": "route_user", "next_route_avp": "t.next"}
    ctx = make(ME, "<sip:next;lr>", **params)
    call(ctx, "loose_route")
    assert ctx.avps.get("route_user") == "u"
    assert ctx.avps.get("next", klass=8 | CLASS_URI) == "sip:next;lr"
    ctx = make("<sip:other;lr>", **params)
    call(ctx, "loose_route")
    assert (ctx.avps.get("route_user", klass=TRACK_FROM | CLASS_URI), ctx.avps.names()) == (
        None,
        [(8 | CLASS_URI, "next")],
    )
    ctx = make("<sip:u2@192.0.2.10;lr>", "<sip:n>", uri=OWN, user_part_avp="route_user", enable_double_rr=0)
    call(ctx, "loose_route")
    assert ctx.avps.get("route_user") == "u2"


def test_ignored_user() -> None:
    ctx = make(ME, ignore_user="u")
    assert (call(ctx, "loose_route"), left(ctx)) == (-1, [ME])


def test_other_modules_are_told() -> None:
    ctx = make(ME)
    told: list[str] = []
    ctx.worker.module("rr").register_callback(lambda ctx, params: told.append(params))
    call(ctx, "loose_route")
    assert told == ["ftag=a1;lr"]
    assert ctx.worker.module("rr").route_param(ctx, "ftag") == "a1"


def test_no_gaps() -> None:
    [report] = report_gaps(["rr (ser)"])
    assert (report.declared, report.gaps) == (True, [])
