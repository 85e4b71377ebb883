"""Where messages come from and go to: listeners, endpoints and the outlet. No I/O in this file."""

import socket
from collections.abc import Callable
from typing import Protocol

PROTO_NONE = 0
PROTO_UDP = 1
PROTO_TCP = 2
PROTO_TLS = 3
PROTO_SCTP = 4
PROTO_WS = 5
PROTO_WSS = 6

PROTO_NAMES = ("any", "udp", "tcp", "tls", "sctp", "ws", "wss")  # as in listen= and rpc output
VIA_TRANSPORTS = (b"UDP", b"UDP", b"TCP", b"TLS", b"SCTP", b"WS", b"WSS")  # as in a Via header
PROTO_IDS = {name: number for number, name in enumerate(PROTO_NAMES)}

# Endpoint.flags: how to send on streams
SEND_REUSE_ONLY = 1  # fail rather than open a connection (set_forward_no_connect)
SEND_CLOSE = 2  # close the connection after this message (set_forward_close)
SEND_FORCE_SOCKET = 4  # a new connection starts from the listener's address, and only such a one is reused

SEND_IGNORE_SHIFT = 8  # bits 8 to 15: errors that must not put the address on the destination blacklist

SIP_PORT = 5060
SIPS_PORT = 5061

AF_INET = int(socket.AF_INET)
AF_INET6 = int(socket.AF_INET6)


def default_port(proto: int) -> int:
    """The port of `proto` where nothing names one (RFC 3261 19.1.2)."""
    return SIPS_PORT if proto in (PROTO_TLS, PROTO_WSS) else SIP_PORT


def is_stream(proto: int) -> bool:
    """True for the transports that hold connections and need no retransmission but for 2xx."""
    return proto != PROTO_UDP and proto != PROTO_NONE


def url_host(address: str) -> str:
    """`address` as it stands in a URI or Via: IPv6 addresses in brackets."""
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def describe(proto: int, address: str, port: int) -> str:
    """`udp:127.0.0.1:5060`, the form of sockets everywhere in SIP Router."""
    return f"{PROTO_NAMES[proto]}:{url_host(address)}:{port}"


class Listener:
    """One listening socket as the rest of the program sees it; not changed once it listens.

    `address` is the bound IP address without brackets, `port` the bound port, `name` "udp:127.0.0.1:5060".
    `via_host` is what stands for us in Via, Record-Route and Contact: the advertised address or else `address`,
    IPv6 in brackets; `sent_by` is it with its port, where the port is needed (not 5060, or advertised). `via_start` is
    our Via line up to the value of the branch.
    """

    __slots__ = (
        "address",
        "advertised_address",
        "advertised_port",
        "af",
        "name",
        "port",
        "proto",
        "sent_by",
        "via_host",
        "via_port",
        "via_start",
        "via_transport",
    )

    def __init__(
        self, proto: int, address: str, port: int, advertised_address: str = "", advertised_port: int = 0
    ) -> None:
        self.proto = proto
        self.address = address
        self.port = port
        self.af = AF_INET6 if ":" in address else AF_INET
        self.name = describe(proto, address, port)
        self.advertised_address = advertised_address
        self.advertised_port = advertised_port
        self.via_host = url_host(advertised_address or address).encode()
        self.via_port = advertised_port or port
        show_port = advertised_port != 0 or port != SIP_PORT
        self.sent_by = b"%b:%d" % (self.via_host, self.via_port) if show_port else self.via_host
        self.via_transport = VIA_TRANSPORTS[proto]
        self.via_start = b"Via: SIP/2.0/%b %b;branch=" % (self.via_transport, self.sent_by)

    def __repr__(self) -> str:
        return f"<Listener {self.name}>"


class Endpoint:
    """A peer's address: where a message came from, or where to send one. Treat as immutable: it is shared.

    `ip` has no brackets; `connection` is the id of the stream connection (0: none), which is used where it leads to
    `ip`; `listener` is the one that received the message, or the one to send from (None: the outlet chooses by
    protocol and address family); `flags` is a sum of SEND_REUSE_ONLY, SEND_CLOSE, SEND_FORCE_SOCKET and
    errors (of core/blacklist.py) shifted by SEND_IGNORE_SHIFT.
    """

    __slots__ = ("connection", "flags", "ip", "listener", "port", "proto")

    def __init__(
        self, proto: int, ip: str, port: int, connection: int = 0, listener: Listener | None = None, flags: int = 0
    ) -> None:
        self.proto = proto
        self.ip = ip
        self.port = port
        self.connection = connection
        self.listener = listener
        self.flags = flags

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Endpoint):
            return NotImplemented
        return (
            self.proto == other.proto
            and self.port == other.port
            and self.ip == other.ip
            and self.connection == other.connection
            and self.listener is other.listener
        )

    def __hash__(self) -> int:
        return hash((self.proto, self.ip, self.port, self.connection))

    def __str__(self) -> str:
        return describe(self.proto, self.ip, self.port)

    def __repr__(self) -> str:
        return f"<Endpoint {self}>"


ErrorCallback = Callable[[Endpoint, Exception], None]


class Outlet(Protocol):
    """What sends messages. Real ones hold sockets; tests and the test kit have one in memory."""

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """Sends one whole message; never blocks.

        False: it failed at once (no socket, no route, queue full) and `on_error` is not called. True: it is sent
        or queued; if it fails later, `on_error(to, exception)` is called once.
        """
        ...
