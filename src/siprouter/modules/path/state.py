"""add_path(), add_path_received(), and the way back: the received parameter of a Route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.names import H_PATH
from siprouter.sip.quoted import find_quoted_param
from siprouter.transport.endpoint import PROTO_NAMES, PROTO_NONE, PROTO_UDP, Endpoint, Listener, url_host
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker


class Path:
    """The module's instance."""

    use_received: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """With `use_received`, joins loose_route(). Raises OperatorError where rr is missing."""
        if self.use_received:
            self.worker.module("rr").callbacks.append(self.follow_received)

    def add_path(self, ctx: Context, user: str = "") -> int:
        """Puts a Path value with our address on top of the present ones."""
        return self._insert(ctx, user, "")

    def add_path_received(self, ctx: Context, user: str = "") -> int:
        """`add_path` with the source of the request in the parameter `received`."""
        return self._insert(ctx, user, f';received="{source_uri(ctx.source)}"')

    def _insert(self, ctx: Context, user: str, received: str) -> int:
        listener: Listener | None = ctx.force_socket or ctx.source.listener
        if listener is None:
            self.worker.log.error("add_path(): the socket that got the request is not known", source="path")
            return -1
        at = f"{user}@" if user else ""
        line = to_bytes(f"Path: <sip:{at}{own_address(listener)};lr{received}>\r\n")
        present = ctx.msg.get(H_PATH)
        if present is None:
            ctx.msg.append_header(line)
        else:
            ctx.msg.insert(present.name_start, line)
        return 1

    def follow_received(self, ctx: Context, params: str) -> None:
        """Called by loose_route() with the parameters of the Route URI that was ours."""
        received = find_quoted_param(params, "received")
        if received:
            ctx.dst_uri = received


def own_address(listener: Listener) -> str:
    """``host[:port][;transport=tcp]`` of a socket of ours, as it stands in a URI."""
    text = listener.sent_by.decode("ascii")
    if listener.proto not in (PROTO_UDP, PROTO_NONE):
        text += f";transport={PROTO_NAMES[listener.proto]}"
    return text


def source_uri(source: Endpoint) -> str:
    """The URI of the place that a message came from."""
    transport = "" if source.proto in (PROTO_UDP, PROTO_NONE) else f";transport={PROTO_NAMES[source.proto]}"
    return f"sip:{url_host(source.ip)}:{source.port}{transport}"
