import pytest

from siprouter.core.context import Context
from siprouter.core.late_edits import settle_edits
from siprouter.sip.names import H_PATH
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint, Listener
from tests.support.fakes import FakeWorker, call, context, request


def register(worker: FakeWorker, *headers: str, source: Endpoint | None = None) -> Context:
    ctx = context(worker, request("REGISTER", "sip:example.com", *headers))
    if source is not None:
        ctx.source = source
    return ctx


def paths(ctx: Context, listener: Listener | None = None) -> list[str]:
    ctx.msg.edits = settle_edits(ctx, ctx.msg.edits, listener)
    msg = ctx.msg.apply_edits()
    return [msg.value(header) for header in msg.all(H_PATH)]


@pytest.fixture
def worker() -> FakeWorker:
    made = FakeWorker(Listener(PROTO_UDP, "192.0.2.10", 5060), Listener(PROTO_TCP, "2001:db8::1", 5080))
    made.load("path")
    assert made.configure_modules() == []
    return made


def test_add_path(worker: FakeWorker) -> None:
    ctx = register(worker)
    assert call(ctx, "add_path") == 1
    assert paths(ctx) == ["<sip:192.0.2.10;lr>"]


def test_on_top_of_others_with_user(worker: FakeWorker) -> None:
    ctx = register(worker, "Path: <sip:p1;lr>", "X: y", "Path: <sip:p2;lr>")
    assert call(ctx, "add_path", "loadbalancer") == 1
    assert paths(ctx) == ["<sip:loadbalancer@192.0.2.10;lr>", "<sip:p1;lr>", "<sip:p2;lr>"]


def test_received(worker: FakeWorker) -> None:
    ctx = register(worker)
    assert call(ctx, "add_path_received", "lb") == 1
    assert paths(ctx) == ["<sip:lb@192.0.2.10;lr;received=sip:192.0.2.1:5070>"]


def test_received_over_tcp_and_ipv6(worker: FakeWorker) -> None:
    source = Endpoint(PROTO_TCP, "2001:db8::7", 1024, 5, worker.listeners.all[1])
    ctx = register(worker, source=source)
    assert call(ctx, "add_path_received") == 1
    expected = "<sip:[2001:db8::1]:5080;transport=tcp;lr;received=sip:[2001:db8::7]:1024%3Btransport%3Dtcp>"
    assert paths(ctx) == [expected]
    assert ctx.msg.apply_edits().addresses(H_PATH)[0].parsed_uri.host == "[2001:db8::1]"


def test_address_of_the_sending_socket(worker: FakeWorker) -> None:
    ctx = register(worker)
    assert call(ctx, "add_path", "u") == 1
    assert paths(ctx, worker.listeners.all[1]) == ["<sip:u@[2001:db8::1]:5080;transport=tcp;lr>"]


def test_forced_socket(worker: FakeWorker) -> None:
    ctx = register(worker)
    ctx.force_socket = worker.listeners.all[1]
    assert call(ctx, "add_path") == 1
    assert paths(ctx) == ["<sip:[2001:db8::1]:5080;transport=tcp;lr>"]


def test_unknown_socket(worker: FakeWorker) -> None:
    ctx = register(worker, source=Endpoint(PROTO_UDP, "192.0.2.1", 5070))
    assert call(ctx, "add_path") == 1
    assert paths(ctx) == []


def test_rr_is_needed() -> None:
    worker = FakeWorker()
    worker.load("path", use_received=1)
    [error] = worker.configure_modules()
    assert "rr is needed" in str(error)


@pytest.mark.parametrize(
    "params,destination",
    [
        ("lr;ftag=x", None),
        ('lr;received="sip:192.0.2.7:1024;transport=tcp";ftag=x', "sip:192.0.2.7:1024;transport=tcp"),
        ("lr;received=sip:192.0.2.7:1024%3Btransport%3Dtcp;ftag=x", "sip:192.0.2.7:1024;transport=tcp"),
    ],
)
def test_use_received(params: str, destination: str | None) -> None:
    worker = FakeWorker()
    worker.load("rr")
    worker.load("path", use_received=1)
    assert worker.configure_modules() == []
    msg = request("OPTIONS", "sip:bob@192.0.2.7", f"Route: <sip:192.0.2.10;{params}>", to="To: <sip:b@c>;tag=1")
    ctx = context(worker, msg)
    assert call(ctx, "loose_route") == 1
    assert ctx.dst_uri == destination
