"""Contexts for messages from a phone at 203.0.113.7:1024."""

from collections.abc import Callable
from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.modules.nathelper_s.state import SerNathelper
from siprouter.modules.usrloc.domain import INSERT
from siprouter.modules.usrloc_s.contact import SerContact
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint, Listener
from siprouter.util.wheel import Wheel
from tests.modules.usrloc_s.conftest import NOW, contact, load_ser
from tests.support.fakes import FakeWorker, context, request
from tests.support.states import make_state


class Site:
    """A worker with usrloc and nathelper, and messages that come from the phone."""

    def __init__(self, **params: Any) -> None:
        self.worker = FakeWorker(
            Listener(PROTO_UDP, "192.0.2.10", 5060),
            Listener(PROTO_UDP, "192.0.2.11", 5070),
            Listener(PROTO_TCP, "192.0.2.10", 5060),
        )
        self.worker.wall_time = float(NOW)
        self.worker.state = make_state(self.worker.wall_clock)
        self.worker.wheel = Wheel(self.worker.time)
        load_ser(self.worker, "usrloc")
        self.inst: SerNathelper = load_ser(self.worker, "nathelper", **params)
        self.errors = self.worker.configure_modules()
        self.domain = self.worker.module("usrloc").domain("location")

    def put(self, uid: str, uri: str = "sip:bob@203.0.113.7:1024", **changes: Any) -> SerContact:
        one = contact(uri, **changes)
        self.domain.store(uid, (*self.domain.get(uid), one), [(INSERT, one)])
        return one

    def second(self) -> list[tuple[bytes, str]]:
        """One second passes; the pings sent: data, and where from and to."""
        for callback in self.worker.hooks.tick:
            callback(self.worker.time)
        self.worker.time += 1
        self.worker.wheel.advance(self.worker.time)
        return self.sent()

    def sent(self) -> list[tuple[bytes, str]]:
        taken = [(data, f"{to.listener.name} {to.proto}:{to.ip}:{to.port}") for data, to in self.worker.outlet.sent]
        self.worker.outlet.sent.clear()
        return taken

    def receive(
        self,
        *headers: str,
        method: str = "INVITE",
        ip: str = "203.0.113.7",
        port: int = 1024,
        proto: int = PROTO_UDP,
        body: bytes = b"",
    ) -> Context:
        ctx = context(self.worker, request(method, "sip:bob@example.com", *headers, body=body))
        ctx.source = Endpoint(proto, ip, port, 0, self.worker.listeners.all[0])
        return ctx


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site() -> MakeSite:
    return Site


@pytest.fixture
def site() -> Site:
    made = Site()
    assert made.errors == []
    return made
