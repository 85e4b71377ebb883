"""A network in memory: what the router sends is recorded, and handed to those who listen at the address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from siprouter.sip.message import Message, parse_message
from siprouter.transport.endpoint import PROTO_IDS, PROTO_UDP, Endpoint, describe
from siprouter.util.address import parse_ip

Address = tuple[int, str, int]
OnError = Callable[[Endpoint, Exception], None]


def parse_address(text: str) -> Address:
    """("udp:10.0.0.1:5060") or "10.0.0.1:5060" or "[2001:db8::1]:5060" as (protocol, IP, port). Raises ValueError."""
    proto = PROTO_UDP
    head, colon, rest = text.partition(":")
    if colon and head in PROTO_IDS:
        proto, text = PROTO_IDS[head], rest
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if parse_ip(host) is None:
        raise ValueError(f"not an address with a port: {text!r}")
    return proto, host, int(port)


@dataclass(frozen=True)
class Sent:
    """One message that the router sent."""

    data: bytes
    to: Endpoint
    time: float

    @cached_property
    def message(self) -> Message:
        """The message, parsed."""
        return parse_message(self.data)

    @property
    def status(self) -> int:
        """Status code of a reply, 0 for a request."""
        return 0 if self.message.is_request else self.message.status

    @property
    def method(self) -> str:
        """Method of the request, or of the CSeq of a reply."""
        return self.message.method

    @property
    def uri(self) -> str:
        """Request URI of a request, "" for a reply."""
        return self.message.uri if self.message.is_request else ""

    @property
    def address(self) -> str:
        """Where it went: "udp:10.0.0.1:5060"."""
        return describe(self.to.proto, self.to.ip, self.to.port)

    def header(self, name: str, index: int = 0) -> str | None:
        """Value of a header field (compact forms included), or None."""
        found = self.message.find(name)
        return self.message.value(found[index]) if -len(found) <= index < len(found) else None

    def headers(self, name: str) -> list[str]:
        """All values of a header field, a line each."""
        return [self.message.value(header) for header in self.message.find(name)]

    @property
    def text(self) -> str:
        """The whole message as text."""
        return self.data.decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return f"<Sent {self.text.partition(chr(13))[0]} to {self.address}>"


class Network:
    """The outlet of a node under test (see transport.endpoint.Outlet)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.sent: list[Sent] = []
        self.unreachable: set[tuple[str, int]] = set()
        self.listeners: dict[tuple[str, int], Callable[[Sent], None]] = {}
        self.waiting: list[tuple[Callable[[Sent], None], Sent]] = []

    def send(self, data: bytes, to: Endpoint, on_error: OnError | None = None) -> bool:
        """Record a message; False where the address is `unreachable`."""
        if (to.ip, to.port) in self.unreachable:
            return False
        sent = Sent(bytes(data), to, self.clock())
        self.sent.append(sent)
        listener = self.listeners.get((to.ip, to.port))
        if listener is not None:
            self.waiting.append((listener, sent))
        return True

    def deliver(self, most: int = 10_000) -> int:
        """Hand messages to listening phones until none is left; how many. Raises RuntimeError past `most`: a loop."""
        delivered = 0
        while self.waiting:
            listener, sent = self.waiting.pop(0)
            listener(sent)
            delivered += 1
            if delivered >= most:
                raise RuntimeError(
                    f"more than {most} messages without a pause: do two phones answer each other for ever?"
                )
        return delivered

    def take(self) -> list[Sent]:
        """What was sent since the last call."""
        taken, self.sent = self.sent, []
        return taken

    def __iter__(self) -> Iterator[Sent]:
        return iter(self.sent)
