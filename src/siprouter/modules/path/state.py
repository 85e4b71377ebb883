"""add_path(), add_path_received(), and the way back: the received parameter of a Route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.late_edits import insert_late
from siprouter.sip.escape import unescape_uri
from siprouter.sip.uri import parse_uri_params
from siprouter.transport.endpoint import PROTO_NAMES, PROTO_NONE, PROTO_UDP, Endpoint, Listener, url_host
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker


class PathLine:
    """One Path line; see `core.late_edits`. `received` is the listener to name where the sending one is not known."""

    __slots__ = ("received", "suffix", "user")

    def __init__(self, received: Listener | None, user: str, suffix: str) -> None:
        self.received = received
        self.user = user
        self.suffix = suffix

    def lines(self, listener: Listener | None) -> bytes:
        """The line for a request that leaves from `listener`; nothing where no socket is known."""
        known = listener or self.received
        if known is None:
            return b""
        at = f"{self.user}@" if self.user else ""
        return to_bytes(f"Path: <sip:{at}{own_address(known)};lr{self.suffix}>\r\n")


class Path:
    """The module's instance."""

    use_received: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """With `use_received`, joins loose_route(). Raises OperatorError where rr is missing."""
        if self.use_received:
            self.worker.module("rr").register_callback(self.follow_received)

    def add_path(self, ctx: Context, user: str = "") -> int:
        """Puts a Path value with the address that the request leaves from on top of the present ones."""
        insert_late(ctx, PathLine(ctx.force_socket or ctx.source.listener, user, ""))
        return 1

    def add_path_received(self, ctx: Context, user: str = "") -> int:
        """`add_path` with the source of the request in the parameter `received`."""
        received = f";received={source_param(ctx.source)}"
        insert_late(ctx, PathLine(ctx.force_socket or ctx.source.listener, user, received))
        return 1

    def follow_received(self, ctx: Context, params: str) -> None:
        """Called by loose_route() with the parameters of the Route URI that was ours."""
        received = parse_uri_params(params).get("received")
        if received:
            ctx.dst_uri = unescape_uri(received.strip('"'))


def own_address(listener: Listener) -> str:
    """``host[:port][;transport=tcp]`` of a socket of ours, as it stands in a URI."""
    text = listener.sent_by.decode("ascii")
    if listener.proto not in (PROTO_UDP, PROTO_NONE):
        text += f";transport={PROTO_NAMES[listener.proto]}"
    return text


def source_param(source: Endpoint) -> str:
    """The URI of the place that a message came from, escaped to stand in a URI parameter."""
    transport = "" if source.proto in (PROTO_UDP, PROTO_NONE) else f"%3Btransport%3D{PROTO_NAMES[source.proto]}"
    return f"sip:{url_host(source.ip)}:{source.port}{transport}"
