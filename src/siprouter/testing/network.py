"""A network in memory: what the router sends is recorded, and handed to those who listen at the address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, SupportsIndex, overload

from siprouter.sip.errors import MessageError
from siprouter.sip.message import Message, parse_message
from siprouter.sip.summary import summarize
from siprouter.transport.endpoint import PROTO_IDS, PROTO_UDP, SEND_REUSE_ONLY, Endpoint, describe, is_stream
from siprouter.util.address import normalize_ip

Address = tuple[int, str, int]
OnError = Callable[[Endpoint, Exception], None]
BROADCAST = "255.255.255.255"
MAX_DELIVERED = 100_000


def parse_address(text: str) -> Address:
    """("udp:10.0.0.1:5060") or "10.0.0.1:5060" or "[2001:db8::1]:5060" as (protocol, IP, port). Raises ValueError."""
    proto = PROTO_UDP
    head, colon, rest = text.partition(":")
    if colon and head in PROTO_IDS:
        proto, text = PROTO_IDS[head], rest
    host, _, port = text.rpartition(":")
    address = normalize_ip(host)
    if address is None or not port.isdecimal():
        raise ValueError(f"not an address with a port: {text!r}")
    return proto, address, int(port)


@dataclass(frozen=True)
class Sent:
    """One message that the router sent. `time` is that of the fake clock."""

    data: bytes
    to: Endpoint
    time: float

    @cached_property
    def message(self) -> Message:
        """The message, parsed."""
        return parse_message(self.data)

    @property
    def is_sip(self) -> bool:
        """Whether it is a SIP message, not only line ends or zero octets that keep a way open."""
        return bool(self.data.strip(b"\0\r\n"))

    @property
    def status(self) -> int:
        """Status code of a reply, 0 for a request."""
        return int(self.data[8:11]) if self.data.startswith(b"SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Method of the request, or of the CSeq of a reply; "" for what is no SIP message."""
        if not self.is_sip:
            return ""
        try:
            return self.message.method
        except MessageError:  # a reply to a broken request repeats what is broken in it
            text = summarize(self.data)
            return text.rpartition(" (")[2].removesuffix(")") if self.status else text.partition(" ")[0]

    @property
    def uri(self) -> str:
        """Request URI of a request, "" for a reply."""
        return self.message.uri if self.is_sip and not self.status else ""

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
    def body(self) -> bytes:
        """The body."""
        return self.message.body

    @property
    def text(self) -> str:
        """The whole message as text."""
        return self.data.decode("utf-8", "surrogateescape")

    @property
    def summary(self) -> str:
        """ "INVITE" or "200 INVITE"."""
        return f"{self.status} {self.method}" if self.status else self.method

    def __repr__(self) -> str:
        return f"<Sent {self.text.partition(chr(13))[0]} to {self.address}>"


class Messages(list[Sent]):
    """Messages in the order in which they were sent, and ways to pick some of them."""

    def requests(self, method: str = "") -> Messages:
        """The requests, those with this method only where one is given."""
        found = (sent for sent in self if sent.is_sip and not sent.status)
        return Messages(sent for sent in found if method in ("", sent.method))

    def replies(self, status: int = 0, method: str = "") -> Messages:
        """The replies, those with this status and to this method only where they are given."""
        found = (sent for sent in self if sent.status and status in (0, sent.status))
        return Messages(sent for sent in found if method in ("", sent.method))

    def to(self, address: str) -> Messages:
        """What went to an address: "10.0.0.1:5060", "tcp:10.0.0.1:5060"."""
        wanted = parse_address(address)
        return Messages(sent for sent in self if (sent.to.proto, sent.to.ip, sent.to.port) == wanted)

    @property
    def last(self) -> Sent:
        """The last one. AssertionError where there is none."""
        assert self, "no message"
        return self[-1]

    @property
    def only(self) -> Sent:
        """The only one. AssertionError where there is none, or several."""
        assert len(self) == 1, f"expected one message, found {len(self)}: {self.summary}"
        return self[0]

    @property
    def summary(self) -> list[str]:
        """A word or two for each: ["INVITE", "100 INVITE"]."""
        return [sent.summary for sent in self]

    @overload
    def __getitem__(self, index: SupportsIndex) -> Sent: ...
    @overload
    def __getitem__(self, index: slice) -> Messages: ...
    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Messages(found) if isinstance(index, slice) else found


@dataclass(frozen=True)
class Passed:
    """A message that passed between the router and a peer, for the ladder. `peer` is "udp:10.0.0.1:5060"."""

    time: float
    peer: str
    outgoing: bool
    data: bytes


class Network:
    """The outlet of a node under test (see transport.endpoint.Outlet).

    `unreachable` holds (IP, port): sending there fails, at once by UDP and later by TCP; to the broadcast address it
    always fails, as on real sockets. `loses` is asked for each message that the router sends; where it says True, the
    message is recorded in `sent` but reaches nobody. `filters` may change what is sent (the hook message_out).
    Connections have numbers that count from 1; see `connection`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.sent = Messages()
        self.passed: list[Passed] = []
        self.names: dict[str, str] = {}
        """what the ladder calls an address"""
        self.unreachable: set[tuple[str, int]] = set()
        self.failed: OnError | None = None
        self.loses: Callable[[Sent], bool] | None = None
        self.filters: Iterable[Callable[[bytes, Endpoint, Message | None], bytes | None]] = ()
        self.listeners: dict[Address, Callable[[Sent], None]] = {}
        self._waiting: list[Callable[[], None]] = []
        self._connections: dict[Address, int] = {}
        self._peers: dict[int, Address] = {}
        self._opened = 0

    @property
    def moving(self) -> bool:
        """Whether something is on its way."""
        return bool(self._waiting)

    # --- connections

    def connection(self, address: Address) -> int:
        """The number of the connection with a peer, opened if there is none; 0 for datagrams."""
        if not is_stream(address[0]):
            return 0
        number = self._connections.get(address, 0)
        if not number:
            self._opened += 1
            number = self._connections[address] = self._opened
            self._peers[number] = address
        return number

    def disconnect(self, address: str) -> None:
        """Close the connection with a peer, if there is one; the next message in either direction opens another."""
        number = self._connections.pop(parse_address(address), 0)
        self._peers.pop(number, None)

    def add_alias(self, number: int, port: int) -> bool:
        """Let a connection serve another port of its peer too (RFC 5923); False where there is no such connection."""
        peer = self._peers.get(number)
        if peer is None:
            return False
        self._connections[peer[0], peer[1], port] = number
        return True

    # --- what the router sends

    def send(self, data: bytes, to: Endpoint, on_error: OnError | None = None) -> bool:
        """See Outlet."""
        for change in self.filters:
            data = change(data, to, None) or data
        address: Address | None = (to.proto, to.ip, to.port)
        if is_stream(to.proto):
            address = self._peer(to)
            if address is None:
                return False
        assert address is not None
        if to.ip == BROADCAST:
            return False
        if address[1:] in self.unreachable:
            return is_stream(to.proto) and self._fail_later(to, on_error or self.failed)
        if address[2] != to.port:  # the connection leads to another port than it has an alias for
            to = Endpoint(*address, to.connection, to.listener, to.flags)
        sent = Sent(bytes(data), to, self.clock())
        self.sent.append(sent)
        if self.loses is not None and self.loses(sent):
            return True
        self.passed.append(Passed(sent.time, describe(*address), True, sent.data))
        listener = self.listeners.get(address)
        if listener is not None:
            self._waiting.append(lambda: listener(sent))
        return True

    def _peer(self, to: Endpoint) -> Address | None:
        """Who gets what is sent to a stream endpoint; None where it has no connection and none may be opened."""
        known = self._peers.get(to.connection) if to.connection else None
        if known is not None and known[0] == to.proto:
            return known
        address = (to.proto, to.ip, to.port)
        if address not in self._connections:
            if to.port == 0 or to.flags & SEND_REUSE_ONLY:
                return None
            if address[1:] not in self.unreachable:
                self.connection(address)
        return address

    def _fail_later(self, to: Endpoint, on_error: OnError | None) -> bool:
        if on_error is not None:
            self._waiting.append(lambda: on_error(to, ConnectionRefusedError("unreachable")))
        return True

    # --- what happens then

    def deliver(self, most: int = MAX_DELIVERED) -> int:
        """Hand messages to listening phones until none is left; how many. Raises RuntimeError past `most`: a loop."""
        delivered = 0
        while self._waiting:
            self._waiting.pop(0)()
            delivered += 1
            if delivered >= most:
                message = f"more than {most} messages without a pause: do two phones answer each other for ever?"
                raise RuntimeError(message)
        return delivered

    def silence(self) -> None:
        """Nobody listens any more, and what is on its way is lost."""
        self.listeners.clear()
        self._waiting.clear()

    def arrived(self, data: bytes, address: Address) -> None:
        """Note for the ladder what came to the router."""
        self.passed.append(Passed(self.clock(), describe(*address), False, data))
