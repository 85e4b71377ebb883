"""What a stream connection is put together from: framer, receiver, prelude, counters. No I/O in this file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from siprouter.sip.errors import MessageError
from siprouter.transport.connections import Peer
from siprouter.transport.endpoint import Endpoint
from siprouter.transport.http import HttpItem, HttpRequest


class Framer(Protocol):
    """Cuts one connection's bytes into messages; `sip.framing.Framer` is the one for SIP without other framing."""

    @property
    def error(self) -> MessageError | None:
        """Why the stream cannot be followed any further; None while it can."""
        ...

    @property
    def idle(self) -> bool:
        """Whether no message is under way."""
        ...

    @property
    def rest(self) -> bytes:
        """What is there of the message that is not complete or was refused."""
        ...

    def feed(self, data: bytes) -> list[bytes] | list[HttpItem]:
        """The messages that `data` completes, PING and PONG; where the stream cannot be followed, `error` is set."""
        ...


class Receiver(Protocol):
    """Who gets what arrives."""

    def receive(self, data: bytes, source: Endpoint) -> None:
        """One whole message."""
        ...

    def reject(self, rest: bytes, source: Endpoint, error: MessageError) -> None:
        """The beginning of a message that cannot be received whole; the connection closes after an answer is sent."""
        ...

    def receive_http(self, request: HttpRequest, source: Endpoint) -> None:
        """One HTTP request, where the transport recognises them."""
        ...


@dataclass(slots=True)
class StreamStats:
    """What happened to connections, as the counters of the group `tcp`."""

    established: int = 0
    passive_open: int = 0
    connect_success: int = 0
    connect_failed: int = 0
    con_reset: int = 0
    con_timeout: int = 0
    local_reject: int = 0
    send_timeout: int = 0
    sendq_full: int = 0
    prelude_refused: int = 0
    queued: int = 0  # bytes that wait in all write queues


class Prelude(Protocol):
    """What a connection begins with, before anything is said over it: the header of the PROXY protocol."""

    def feed(self, data: bytes) -> bytes | None:
        """The octets behind it once it is whole, else None. Raises ValueError where it is malformed."""
        ...

    @property
    def peer(self) -> Peer | None:
        """Whom it names as the peer; None leaves the address that is known."""
        ...


FramerFactory = Callable[[], Framer]
