"""Routing by Route headers, and what is asked about our own route afterwards."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.sip.names import H_ROUTE
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Listener
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, edited, request

UDP = Listener(PROTO_UDP, "192.0.2.10", 5060)
TCP = Listener(PROTO_TCP, "192.0.2.10", 5060)
NAT = Listener(PROTO_UDP, "10.0.0.1", 5070, "sip.example.com", 5062)
ME = "<sip:192.0.2.10;lr;ftag=a1>"
PEER = "sip:bob@198.51.100.7:5070"


def make(*routes: str, uri: str = PEER, to_tag: str = ";tag=b1", **params: int | str) -> Context:
    worker = FakeWorker(UDP, TCP, NAT)
    worker.listeners.add_alias("sip.example.com")
    worker.load("pv")
    worker.load("rr", **params)
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
        (("<sip:next;lr>",), 1, "sip:next;lr", PEER, ["<sip:next;lr>"]),
        ((ME, "<sip:n;maddr=10.1.1.1;lr>"), 1, "sip:10.1.1.1", PEER, ["<sip:n;maddr=10.1.1.1;lr>"]),
        ((ME, "<sip:n:5099;maddr=h;lr>"), 1, "sip:h:5099", PEER, ["<sip:n:5099;maddr=h;lr>"]),
        ((ME, "<sip:strict>"), 1, None, "sip:strict", [f"<{PEER}>"]),
        ((ME + ",<sip:strict>,<sip:c;lr>",), 1, None, "sip:strict", ["<sip:c;lr>", f"<{PEER}>"]),
        (("<sip:strict;x=y>",), 1, None, "sip:strict;x=y", [f"<{PEER}>"]),
        (("<sip:192.0.2.10:5099;lr>",), 1, "sip:192.0.2.10:5099;lr", PEER, ["<sip:192.0.2.10:5099;lr>"]),
        (("<broken",), -1, None, PEER, None),
        (("<sip:>",), -1, None, PEER, None),
        ((ME, "<foo:x>"), 1, None, "foo:x", [f"<{PEER}>"]),
    ],
)
def test_behind_a_loose_router(
    routes: tuple[str, ...], result: int, dst: str | None, uri: str, remaining: list[str] | None
) -> None:
    ctx = make(*routes)
    assert call(ctx, "loose_route") == result
    assert (ctx.dst_uri, ctx.uri) == (dst, uri)
    if remaining is not None:
        assert left(ctx) == remaining


def test_a_preloaded_route_to_us_alone_does_not_route() -> None:
    ctx = make(ME, to_tag="")
    assert call(ctx, "loose_route") == -1
    assert (left(ctx), ctx.dst_uri) == ([], None)
    ctx = make(ME, "<sip:next;lr>", to_tag="")
    assert call(ctx, "loose_route") == 1
    assert ctx.dst_uri == "sip:next;lr"


def test_two_routes_of_ours_are_both_taken_and_choose_the_socket() -> None:
    first, second = "<sip:192.0.2.10;r2=on;lr;ftag=a1>", "<sip:192.0.2.10;transport=tcp;r2=on;lr;ftag=a1>"
    for routes in ((first, second), (f"{first}, {second}",)):
        ctx = make(*routes)
        assert call(ctx, "loose_route") == 1
        assert (ctx.force_socket, left(ctx), ctx.dst_uri) == (TCP, [], None)
        ctx = make(*routes, "<sip:next;lr>")
        assert call(ctx, "loose_route") == 1
        assert (ctx.force_socket, left(ctx), ctx.dst_uri) == (TCP, ["<sip:next;lr>"], "sip:next;lr")
    ctx = make(f"{first}, {second}, <sip:next;lr>")
    assert call(ctx, "loose_route") == 1
    assert left(ctx) == ["<sip:next;lr>"]
    ctx = make(first, "<sip:sip.example.com:5062;r2=on;lr>")
    assert call(ctx, "loose_route") == 1
    assert ctx.force_socket is NAT
    ctx = make(first, "<sip:unknown;r2=on;lr>")
    assert call(ctx, "loose_route") == 1
    assert ctx.force_socket is None
    assert "no socket for the second route" in ctx.worker.texts()[-1]
    ctx = make(first, second, enable_double_rr=0)
    assert call(ctx, "loose_route") == 1
    assert (ctx.force_socket, ctx.dst_uri) == (None, second[1:-1])


MINE = "sip:192.0.2.10;lr;ftag=a1;z=1"


@pytest.mark.parametrize(
    ("routes", "result", "dst", "uri", "remaining"),
    [
        ((f"<{PEER}>",), 1, None, PEER, []),
        (("<sip:strict>", f"<{PEER}>"), 1, None, "sip:strict", [f"<{PEER}>"]),
        ((f"<sip:strict>,<{PEER}>",), 1, None, "sip:strict", [f"<{PEER}>"]),
        (("<sip:loose;lr>", f"<{PEER}>"), 1, "sip:loose;lr", PEER, ["<sip:loose;lr>"]),
        ((f"<sip:loose;lr>, <sip:b;lr> , <{PEER}>;x",), 1, "sip:loose;lr", PEER, ["<sip:loose;lr>, <sip:b;lr>"]),
        (("<sip:loose;lr>",), 1, "sip:loose;lr", "sip:loose;lr", []),
        (("<sip:192.0.2.10;transport=tcp;r2=on;lr>",), -1, None, MINE, []),
        (("<sip:192.0.2.10;transport=tcp;r2=on;lr>", f"<{PEER}>"), 1, None, PEER, []),
        (
            (f"<sip:192.0.2.10;transport=tcp;r2=on;lr>,<sip:loose;lr>,<{PEER}>",),
            1,
            "sip:loose;lr",
            PEER,
            ["<sip:loose;lr>"],
        ),
    ],
)
def test_behind_a_strict_router(
    routes: tuple[str, ...], result: int, dst: str | None, uri: str, remaining: list[str]
) -> None:
    ctx = make(*routes, uri=MINE)
    assert call(ctx, "loose_route") == result
    assert (ctx.dst_uri, ctx.uri) == (dst, uri)
    assert left(ctx) == remaining
    if result == 1:
        assert call(ctx, "check_route_param", "z=1") == 1
    if "r2=on" in routes[0]:
        assert ctx.force_socket is TCP


def test_an_initial_request_to_us_is_not_taken_for_a_strict_router() -> None:
    ctx = make(ME, "<sip:next;lr>", uri=MINE, to_tag="")
    assert call(ctx, "loose_route") == 1
    assert (ctx.dst_uri, ctx.uri) == ("sip:next;lr", MINE)


def test_a_user_may_be_ignored() -> None:
    ctx = make("<sip:nobody@192.0.2.10;lr>", "<sip:next;lr>", ignore_user="nobody")
    assert call(ctx, "loose_route") == -1
    assert ctx.dst_uri is None


def test_questions_about_our_route() -> None:
    ctx = make("<sip:192.0.2.10;lr=on;ftag=a1;Nat=Yes;e>")
    assert [call(ctx, name, "x") for name in ("check_route_param",)] == [-1]
    assert call(ctx, "loose_route") == 1
    patterns = ("nat=yes", ";lr=on", "^;lr", "e$", "other")
    assert [call(ctx, "check_route_param", pattern) for pattern in patterns] == [1, 1, 1, 1, -1]
    inst = ctx.worker.modules["rr"]
    assert [inst.route_param(ctx, name) for name in ("Nat", "nat", "e", "ftag")] == ["Yes", None, "", "a1"]
    ctx = make("<sip:next;lr;nat=yes>")
    call(ctx, "loose_route")
    assert call(ctx, "check_route_param", "nat") == -1


@pytest.mark.parametrize(("tag", "upstream"), [("a1", False), ("other", True), ("", False)])
def test_direction(tag: str, upstream: bool) -> None:
    ctx = make(f"<sip:192.0.2.10;lr;ftag={tag}>" if tag else "<sip:192.0.2.10;lr>")
    call(ctx, "loose_route")
    assert call(ctx, "is_direction", "UPSTREAM") == (1 if upstream else -1)
    assert call(ctx, "is_direction", "downstream") == (-1 if upstream else 1)


def test_direction_is_checked_when_loading() -> None:
    with pytest.raises(OperatorError, match="upstream or downstream"):
        call(make(), "is_direction", "sideways")
    with pytest.raises(OperatorError, match="append_fromtag"):
        call(make(append_fromtag=0), "is_direction", "upstream")


def test_callbacks_run_when_our_route_has_parameters() -> None:
    ctx = make(ME)
    seen: list[str] = []
    inst = ctx.worker.modules["rr"]
    inst.register_callback(lambda ctx, params: seen.append(f"first {params}"))
    inst.register_callback(lambda ctx, params: seen.append(f"second {params}"))
    call(ctx, "loose_route")
    assert seen == ["second lr;ftag=a1", "first lr;ftag=a1"]
    other = context(ctx.worker, make("<sip:next;lr>").msg)
    call(other, "loose_route")
    assert len(seen) == 2


def test_a_reply_route_set_of_any_form_stays_parsable() -> None:
    ctx = make(f"{ME} , <sip:a;lr>,<sip:b;lr>", "<sip:c;lr>")
    call(ctx, "loose_route")
    assert b"\r\nRoute: <sip:a;lr>,<sip:b;lr>\r\nRoute: <sip:c;lr>\r\n" in edited(ctx)
