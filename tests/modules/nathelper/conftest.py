"""Contexts for messages from a phone at 203.0.113.7:1024."""

from typing import Any

import pytest

from siprouter.core.context import Context
from siprouter.sip.message import Message
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint, Listener
from tests.support.fakes import FakeWorker, call, context, request


class Phone:
    """A worker with nathelper, and messages that come from the phone."""

    def __init__(self, **params: Any) -> None:
        self.worker = FakeWorker(Listener(PROTO_UDP, "192.0.2.10", 5060), Listener(PROTO_TCP, "192.0.2.10", 5060))
        self.worker.load("pv")
        self.worker.load("nathelper", **params)
        assert self.worker.configure_modules() == []

    def send(
        self,
        *headers: str,
        method: str = "INVITE",
        uri: str = "sip:bob@example.com",
        ip: str = "203.0.113.7",
        port: int = 1024,
        proto: int = PROTO_UDP,
        body: bytes = b"",
        **replaced: str,
    ) -> Context:
        msg = request(method, uri, *headers, body=body, **replaced)  # type: ignore[arg-type]
        ctx = context(self.worker, msg)
        ctx.source = Endpoint(proto, ip, port, 0, self.worker.listeners.all[0])
        return ctx


def sent(ctx: Context) -> Message:
    """The message with its edits done."""
    edited: Message = ctx.msg.apply_edits()
    return edited


def header(ctx: Context, name: str = "Contact") -> str:
    msg = sent(ctx)
    return msg.value(msg.find(name)[0])


@pytest.fixture
def phone() -> Phone:
    return Phone()


__all__ = ["Phone", "call", "header", "sent"]
