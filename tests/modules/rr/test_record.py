"""Record-routing."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.late_edits import settle_edits
from siprouter.sip.build import build_forward
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import H_RECORD_ROUTE
from siprouter.transport.endpoint import PROTO_TCP, PROTO_TLS, PROTO_UDP, Listener
from tests.support.fakes import FakeWorker, call, context, make_worker, request, write

UDP = Listener(PROTO_UDP, "192.0.2.10", 5060)
UDP2 = Listener(PROTO_UDP, "192.0.2.10", 5070)
TCP = Listener(PROTO_TCP, "192.0.2.10", 5060)
TLS6 = Listener(PROTO_TLS, "2001:db8::1", 5061)
NAT = Listener(PROTO_UDP, "10.0.0.1", 5060, "sip.example.com", 5062)


def make(*listeners: Listener, msg: Message | None = None, **params: int | str) -> Context:
    worker = FakeWorker(*(listeners or (UDP,)))
    worker.load("pv")
    worker.load("rr", **params)
    assert worker.configure_modules() == []
    return context(worker, msg or request("INVITE", "sip:bob@example.com"))


def sent(ctx: Context, listener: Listener) -> list[str]:
    """The Record-Route values of the request as it leaves from a socket."""
    edits = settle_edits(ctx, ctx.msg.edits, listener)
    msg = parse_message(build_forward(ctx.msg, None, b"Via: SIP/2.0/UDP x;branch=z9hG4bKy\r\n", edits))
    return [msg.value(header) for header in msg.all(H_RECORD_ROUTE)]


def test_one_line_where_the_socket_stays() -> None:
    ctx = make()
    assert call(ctx, "record_route") == 1
    assert sent(ctx, UDP) == ["<sip:192.0.2.10;lr;ftag=a1>"]


@pytest.mark.parametrize(
    ("listener", "address"),
    [
        (UDP2, "192.0.2.10:5070;r2=on"), (TCP, "192.0.2.10;transport=tcp;r2=on"),
        (TLS6, "[2001:db8::1]:5061;transport=tls;r2=on"), (NAT, "sip.example.com:5062;r2=on"),
    ],
)  # fmt: skip
def test_two_lines_where_it_changes(listener: Listener, address: str) -> None:
    ctx = make()
    call(ctx, "record_route")
    assert sent(ctx, listener) == [f"<sip:{address};lr;ftag=a1>", "<sip:192.0.2.10;r2=on;lr;ftag=a1>"]


def test_double_record_routing_may_be_switched_off() -> None:
    ctx = make(enable_double_rr=0)
    call(ctx, "record_route")
    assert sent(ctx, TCP) == ["<sip:192.0.2.10;lr;ftag=a1>"]


def test_it_stands_before_the_record_routes_of_others() -> None:
    ctx = make(msg=request("INVITE", "sip:a", "Record-Route: <sip:other;lr>"))
    call(ctx, "record_route")
    assert sent(ctx, UDP) == ["<sip:192.0.2.10;lr;ftag=a1>", "<sip:other;lr>"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"append_fromtag": 0}, "<sip:192.0.2.10;lr>"),
        ({"enable_full_lr": 1}, "<sip:192.0.2.10;lr=on;ftag=a1>"),
        ({"add_username": 1}, "<sip:bob@192.0.2.10;lr;ftag=a1>"),
        ({"add_username": 1, "ignore_user": "bob"}, "<sip:xob@192.0.2.10;lr;ftag=a1>"),
    ],
)
def test_parameters_of_the_module(params: dict[str, int | str], expected: str) -> None:
    ctx = make(**params)
    call(ctx, "record_route")
    assert sent(ctx, UDP) == [expected]


def test_the_user_may_come_from_the_rewritten_uri() -> None:
    ctx = make(add_username=1, msg=request("INVITE", "sip:example.com"))
    write(ctx, "$ru", "sip:xavier@x")
    call(ctx, "record_route")
    assert sent(ctx, UDP) == ["<sip:xavier@192.0.2.10;lr;ftag=a1>"]
    ctx = make(add_username=1, ignore_user="xavier", msg=request("INVITE", "sip:xavier@example.com"))
    call(ctx, "record_route_preset", "h")
    assert sent(ctx, UDP) == ["<sip:yavier@h;ftag=a1;lr>"]


def test_a_from_without_tag_gives_no_ftag() -> None:
    ctx = make(msg=request("INVITE", "sip:a", from_="From: <sip:x@y>"))
    call(ctx, "record_route", ";x=$rm")
    assert sent(ctx, UDP) == ["<sip:192.0.2.10;lr;x=INVITE>"]


def test_parameters_before_and_behind() -> None:
    ctx = make()
    assert call(ctx, "add_rr_param", ";a=1") == 1
    assert call(ctx, "add_rr_param", ";b=$rU") == 1
    call(ctx, "record_route", ";p=2")
    assert call(ctx, "add_rr_param", ";c=3") == 1
    assert sent(ctx, UDP) == ["<sip:192.0.2.10;lr;ftag=a1;p=2;a=1;b=bob;c=3>"]
    assert [line.endswith(";c=3>") for line in sent(ctx, TCP)] == [True, True]
    ctx = make()
    assert call(ctx, "add_rr_param", ";" + "x" * 512) == -1


def test_preset() -> None:
    ctx = make()
    assert call(ctx, "record_route_preset", "$td:5099") == 1
    assert sent(ctx, TCP) == ["<sip:example.com:5099;ftag=a1;lr>"]
    assert call(ctx, "record_route_preset", "x") == -1
    assert call(ctx, "record_route") == -1


def test_only_once_in_a_branch() -> None:
    ctx = make()
    before = list(ctx.msg.edits)
    assert call(ctx, "record_route") == 1
    assert call(ctx, "record_route") == -1
    assert call(ctx, "record_route_preset", "x") == -1
    assert "record-routed already" in ctx.worker.texts()[-1]
    ctx.msg.edits = before
    assert call(ctx, "record_route", ";branch=2") == 1
    assert sent(ctx, UDP) == ["<sip:192.0.2.10;lr;ftag=a1;branch=2>"]


def test_parameters_of_one_branch_are_not_seen_in_another() -> None:
    ctx = make()
    call(ctx, "record_route")
    shared = ctx.msg.edits
    for number in (1, 2):
        ctx.msg.edits = list(shared)
        call(ctx, "add_rr_param", f";b={number}")
        assert sent(ctx, UDP) == [f"<sip:192.0.2.10;lr;ftag=a1;b={number}>"]
    ctx.msg.edits = shared
    assert sent(ctx, UDP) == ["<sip:192.0.2.10;lr;ftag=a1>"]


def test_applied_at_once_it_is_one_line() -> None:
    ctx = make()
    call(ctx, "record_route")
    msg = ctx.msg.apply_edits()
    assert [msg.value(header) for header in msg.all(H_RECORD_ROUTE)] == ["<sip:192.0.2.10;lr;ftag=a1>"]


def test_workers_without_rr_are_not_disturbed() -> None:
    ctx = context(make_worker())
    ctx.msg.append_header(b"A: b\r\n")
    assert settle_edits(ctx, ctx.msg.edits, UDP) is ctx.msg.edits
