"""Record-Route lines (RFC 3261 section 16.6 (4)).

Where a request leaves from another socket than it came to, it gets two lines, one for each side, both marked `r2=on`
(double record-routing): each side then sees an address that it can reach.
"""

from __future__ import annotations

from siprouter.transport.endpoint import PROTO_NAMES, PROTO_UDP, Listener

ROUTE_PARAMS = "rr.route_params"
"""key of `ctx.vars`: the parameters of our own route, once loose_route() has met it"""


def _address(listener: Listener) -> bytes:
    """`host[:port][;transport=…]` of a socket."""
    if listener.proto <= PROTO_UDP:
        return listener.sent_by
    return listener.sent_by + b";transport=" + PROTO_NAMES[listener.proto].encode()


class RecordRoute:
    """What one call of record_route() adds; see `core.late_edits`."""

    __slots__ = ("doubled", "received", "single", "suffix", "user")

    def __init__(self, received: Listener | None, user: bytes, suffix: bytes, double: bool) -> None:
        self.received = received
        self.user = user
        self.suffix = suffix
        self.doubled = double
        self.single = b"" if received is None else self._line(received, b"")

    def with_params(self, params: bytes) -> RecordRoute:
        """The same with more parameters."""
        return RecordRoute(self.received, self.user, self.suffix + params, self.doubled)

    def lines(self, listener: Listener | None) -> bytes:
        """One line for the socket that received the request, or two: first the one it leaves from."""
        received = self.received
        if listener is None or received is listener or not self.doubled:
            return self.single
        if received is None:
            return self._line(listener, b"")
        if _same(received, listener):
            return self.single
        return self._line(listener, b";r2=on") + self._line(received, b";r2=on")

    def _line(self, listener: Listener, mark: bytes) -> bytes:
        user = self.user + b"@" if self.user else b""
        return b"Record-Route: <sip:%b%b%b%b>\r\n" % (user, _address(listener), mark, self.suffix)


def _same(first: Listener, second: Listener) -> bool:
    return first.port == second.port and first.proto == second.proto and first.address == second.address
