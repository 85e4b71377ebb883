from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.core.declare import Module
from siprouter.sip.names import H_PATH
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint, Listener
from tests.support.fakes import FakeWorker, call, context, request


def register(worker: FakeWorker, *headers: str, source: Endpoint | None = None) -> Context:
    ctx = context(worker, request("REGISTER", "sip:example.com", *headers))
    if source is not None:
        ctx.source = source
    return ctx


def paths(ctx: Context) -> list[str]:
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
    assert paths(ctx) == ['<sip:lb@192.0.2.10;lr;received="sip:192.0.2.1:5070">']


def test_received_over_tcp_and_ipv6(worker: FakeWorker) -> None:
    source = Endpoint(PROTO_TCP, "2001:db8::7", 1024, 5, worker.listeners.all[1])
    ctx = register(worker, source=source)
    assert call(ctx, "add_path_received") == 1
    expected = '<sip:[2001:db8::1]:5080;transport=tcp;lr;received="sip:[2001:db8::7]:1024;transport=tcp">'
    assert paths(ctx) == [expected]
    assert ctx.msg.apply_edits().addresses(H_PATH)[0].parsed_uri.host == "[2001:db8::1]"


def test_forced_socket(worker: FakeWorker) -> None:
    ctx = register(worker)
    ctx.force_socket = worker.listeners.all[1]
    assert call(ctx, "add_path") == 1
    assert paths(ctx) == ["<sip:[2001:db8::1]:5080;transport=tcp;lr>"]


def test_unknown_socket(worker: FakeWorker) -> None:
    ctx = register(worker, source=Endpoint(PROTO_UDP, "192.0.2.1", 5070))
    assert call(ctx, "add_path") == -1
    assert paths(ctx) == []


class Routes:
    """Stands for rr: calls what joined loose_route()."""

    def __init__(self, worker: Any) -> None:
        self.callbacks: list[Any] = []


def test_use_received() -> None:
    worker = FakeWorker()
    worker.load("path", use_received=1)
    [error] = worker.configure_modules()
    assert "rr is needed" in str(error)
    worker = FakeWorker()
    rr = worker.add_module(Module("rr", help="", state=Routes))
    worker.load("path", use_received=1)
    assert worker.configure_modules() == []
    ctx = register(worker)
    [callback] = rr.callbacks
    callback(ctx, "lr;ftag=x")
    assert ctx.dst_uri is None
    callback(ctx, 'lr;received="sip:192.0.2.7:1024;transport=tcp";ftag=x')
    assert ctx.dst_uri == "sip:192.0.2.7:1024;transport=tcp"
