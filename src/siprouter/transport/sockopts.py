"""Opening sockets with the options that the configuration asks for."""

import socket
import struct
from dataclasses import dataclass, field

from siprouter.transport.endpoint import AF_INET, Listener
from siprouter.transport.icmp import ask_for_errors
from siprouter.transport.proxy_protocol import ProxySources
from siprouter.util.errors import OperatorError

IP_MTU_DISCOVER = 10
IP_PMTUDISC_DONT = 0
IP_PMTUDISC_DO = 2
TCP_DEFER_ACCEPT = 9
BACKLOG = 1024


@dataclass(slots=True)
class UdpOptions:
    """`receive_buffer` in bytes; `mcast_ttl` -1 leaves the system's; `reuse_port` shares the port between workers.

    `raw`: send over IPv4 through a raw socket (-1: where allowed), packets of `raw_mtu` octets with `raw_ttl`.
    """

    receive_buffer: int = 262144
    tos: int = 16
    pmtu_discovery: bool = False
    mcast_ttl: int = -1
    mcast_loopback: bool = False
    reuse_port: bool = False
    raw: int = 0
    raw_mtu: int = 1500
    raw_ttl: int = -1


def is_multicast(address: str) -> bool:
    """True for 224.0.0.0/4 and ff00::/8."""
    if ":" in address:
        return address.lower().startswith("ff")
    return 224 <= int(address.partition(".")[0]) <= 239


def open_udp(listener: Listener, options: UdpOptions) -> socket.socket:
    """A bound, non-blocking UDP socket. Raises OperatorError."""
    sock = socket.socket(listener.af, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if options.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        set_tos(sock, options.tos)
        if listener.af == AF_INET:
            discover = IP_PMTUDISC_DO if options.pmtu_discovery else IP_PMTUDISC_DONT
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, discover)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < options.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)
        ask_for_errors(sock)
        set_multicast(sock, listener, options)
        bind(sock, listener)
    except BaseException:
        sock.close()
        raise
    return sock


def bind(sock: socket.socket, listener: Listener) -> None:
    """Binds to the listener's address. Raises OperatorError."""
    try:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((listener.address, listener.port))
    except OSError as error:
        hint = ""
        if listener.address.lower().startswith("fe80:"):
            hint = "link-local addresses need an interface: use a global one"
        raise OperatorError(f"cannot listen on {listener.name}: {error.strerror}", suggestion=hint) from None


def set_tos(sock: socket.socket, tos: int) -> None:
    """The DSCP byte of what the socket sends; systems that refuse it are left alone."""
    try:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    except OSError:
        pass


def set_multicast(sock: socket.socket, listener: Listener, options: UdpOptions) -> None:
    """Joins the group where the listener's address is one, and sets what multicasts from here look like."""
    joins = is_multicast(listener.address)
    if listener.af == AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, int(options.mcast_loopback))
        if options.mcast_ttl >= 0:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, min(options.mcast_ttl, 255))
        if joins:
            group = socket.inet_pton(socket.AF_INET, listener.address)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + bytes(4))
        return
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, int(options.mcast_loopback))
    if options.mcast_ttl >= 0:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, min(options.mcast_ttl, 255))
    if joins:
        group = socket.inet_pton(socket.AF_INET6, listener.address)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("@I", 0))


@dataclass(slots=True)
class StreamOptions:
    """The tcp_* settings, read at each use; times in seconds (-1 without end), sizes in bytes.

    `http`: connections may speak HTTP.
    """

    accept_aliases: bool = False
    accept_no_cl: bool = False
    alias_flags: int = 1
    conn_wq_max: int = 32768
    connect_timeout: float = 10
    connection_lifetime: float = 120
    crlf_ping: bool = True
    defer_accept: int = 0
    delayed_ack: bool = True
    http: bool = False
    keepalive: bool = True
    keepcnt: int = 0
    keepidle: int = 0
    keepintvl: int = 0
    linger2: int = 0
    max_connections: int = 2048
    message_timeout: float = 30
    new_conn_alias_flags: int = 2
    no_connect: bool = False
    prelude_timeout: float = 10
    proxies: ProxySources = field(default_factory=ProxySources)
    rd_buf_size: int = 4096
    reuse_port: bool = False
    send_timeout: float = 10
    source_ipv4: str = ""
    source_ipv6: str = ""
    syncnt: int = 0
    tos: int = 16
    wq_max: int = 10485760


def open_listening_stream(listener: Listener, options: StreamOptions) -> socket.socket:
    """A bound, listening, non-blocking stream socket. Raises OperatorError."""
    sock = socket.socket(listener.af, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        set_stream_options(sock, options)
        if options.defer_accept:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_DEFER_ACCEPT, options.defer_accept)
        bind(sock, listener)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def open_connecting_stream(ip: str, source: str, options: StreamOptions) -> socket.socket:
    """A non-blocking stream socket ready to connect to `ip`, from `source` where that is not empty. Raises OSError."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        set_stream_options(sock, options)
        if source:
            sock.bind((source, 0))
    except BaseException:
        sock.close()
        raise
    return sock


def set_stream_options(sock: socket.socket, options: StreamOptions) -> None:
    """What listening (and so accepted) and connecting sockets have in common; 0 leaves the system's value."""
    set_tos(sock, options.tos)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not options.delayed_ack:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    if options.keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for number, value in (
        (socket.TCP_KEEPIDLE, options.keepidle),
        (socket.TCP_KEEPINTVL, options.keepintvl),
        (socket.TCP_KEEPCNT, options.keepcnt),
        (socket.TCP_SYNCNT, options.syncnt),
        (socket.TCP_LINGER2, options.linger2),
    ):
        if value:
            sock.setsockopt(socket.IPPROTO_TCP, number, value)
