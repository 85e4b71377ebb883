"""What is said to and heard from the kernel about SCTP (RFC 6458, Linux): options, ancillary data, notifications."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import NamedTuple

from siprouter.transport.endpoint import AF_INET, Listener
from siprouter.transport.sockopts import set_tos
from siprouter.util.errors import OperatorError

IPPROTO_SCTP = 132
BACKLOG = 1024

RTOINFO = 0
ASSOCINFO = 1
INITMSG = 2
NODELAY = 3
AUTOCLOSE = 4
PEER_ADDR_PARAMS = 9
EVENTS = 11
DELAYED_SACK = 16
MAX_BURST = 20

SNDRCV = 1  # type of ancillary data
SEND_ABORT = 4
MSG_NOTIFICATION = 0x8000
MSG_EOR = 0x80

ASSOC_CHANGE = 0x8001
SEND_FAILED = 0x8003
SHUTDOWN_EVENT = 0x8005

COMM_UP, COMM_LOST, RESTART, SHUTDOWN_COMP, CANT_START = range(5)

SEND_INFO = struct.Struct("=HHHxxIIIIIi")  # stream, ssn, flags, ppid, context, lifetime, tsn, cumtsn, association
_RTO = struct.Struct("=iIII")
_ASSOC = struct.Struct("=iHHIII")
_INIT = struct.Struct("=HHHH")
_SACK = struct.Struct("=iII")
_BURST = struct.Struct("=iI")
_PEER = struct.Struct("=i128sIHIII")
_HEAD = struct.Struct("=HHI")
_CHANGE = struct.Struct("=HHHHi")
_NUMBER = struct.Struct("=i")
_SUBSCRIBED = bytes((1, 1, 0, 1, 0, 1, 0, 0))  # data, associations, send failures, shutdowns
_HB_ENABLE = 1
_HB_DISABLE = 2

SCTP_SETTINGS = (
    "socket_rcvbuf", "socket_sndbuf", "autoclose", "send_ttl", "send_retries", "assoc_tracking", "assoc_reuse",
    "max_assocs", "srto_initial", "srto_max", "srto_min", "asocmaxrxt", "init_max_attempts", "init_max_timeo",
    "hbinterval", "pathmaxrxt", "sack_delay", "sack_freq", "max_burst",
)  # fmt: skip


@dataclass(slots=True)
class SctpOptions:
    """The sctp_* settings; None leaves the system's. Times in milliseconds, `autoclose` in seconds."""

    socket_rcvbuf: int | None = None
    socket_sndbuf: int | None = None
    autoclose: int = 180
    send_ttl: int = 32000
    send_retries: int = 0
    assoc_tracking: int = 1
    assoc_reuse: int = 1
    max_assocs: int = -1
    srto_initial: int | None = None
    srto_max: int | None = None
    srto_min: int | None = None
    asocmaxrxt: int | None = None
    init_max_attempts: int | None = None
    init_max_timeo: int | None = None
    hbinterval: int | None = None
    pathmaxrxt: int | None = None
    sack_delay: int | None = None
    sack_freq: int | None = None
    max_burst: int | None = None
    tos: int = 16


class Notification(NamedTuple):
    """What the kernel reports: `kind` and, for ASSOC_CHANGE, `state`; `context` is that of a message that failed."""

    kind: int
    association: int
    state: int = -1
    context: int = 0


def has_sctp() -> bool:
    """Whether this kernel speaks SCTP."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


def open_sctp(listener: Listener, options: SctpOptions) -> socket.socket:
    """A bound, listening, non-blocking one-to-many socket. Raises OperatorError."""
    try:
        sock = socket.socket(listener.af, socket.SOCK_SEQPACKET, IPPROTO_SCTP)
    except OSError as error:
        problem = f"cannot listen on {listener.name}: this system has no SCTP ({error.strerror})"
        raise OperatorError(problem, suggestion="load the kernel module sctp, or take the listener out") from None
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        set_tos(sock, options.tos)
        for number, size in ((socket.SO_RCVBUF, options.socket_rcvbuf), (socket.SO_SNDBUF, options.socket_sndbuf)):
            if size:
                sock.setsockopt(socket.SOL_SOCKET, number, size)
        sock.setsockopt(IPPROTO_SCTP, NODELAY, 1)
        sock.setsockopt(IPPROTO_SCTP, EVENTS, _SUBSCRIBED)
        apply_options(sock, options)
        if listener.af != AF_INET:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((listener.address, listener.port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise OperatorError(f"cannot listen on {listener.name}: {error.strerror}") from None
    return sock


def apply_options(sock: socket.socket, options: SctpOptions) -> None:
    """Sets what an open socket can change. Raises OSError."""
    sock.setsockopt(IPPROTO_SCTP, AUTOCLOSE, options.autoclose)
    if _any(options.srto_initial, options.srto_max, options.srto_min):
        rto = (0, options.srto_initial or 0, options.srto_max or 0, options.srto_min or 0)
        sock.setsockopt(IPPROTO_SCTP, RTOINFO, _RTO.pack(*rto))
    if options.asocmaxrxt:
        sock.setsockopt(IPPROTO_SCTP, ASSOCINFO, _ASSOC.pack(0, options.asocmaxrxt, 0, 0, 0, 0))
    if _any(options.init_max_attempts, options.init_max_timeo):
        init = _INIT.pack(0, 0, options.init_max_attempts or 0, min(options.init_max_timeo or 0, 0xFFFF))
        sock.setsockopt(IPPROTO_SCTP, INITMSG, init)
    if options.hbinterval is not None or options.pathmaxrxt:
        hb = options.hbinterval
        flags = 0 if hb is None else _HB_ENABLE if hb >= 0 else _HB_DISABLE
        peer = _PEER.pack(0, b"", max(hb or 0, 0), options.pathmaxrxt or 0, 0, 0, flags)
        sock.setsockopt(IPPROTO_SCTP, PEER_ADDR_PARAMS, peer + bytes(-len(peer) % 4))
    if options.sack_delay is not None or options.sack_freq is not None:
        sack = _SACK.pack(0, options.sack_delay or 0, options.sack_freq or 0)
        sock.setsockopt(IPPROTO_SCTP, DELAYED_SACK, sack)
    if options.max_burst is not None:
        sock.setsockopt(IPPROTO_SCTP, MAX_BURST, _BURST.pack(0, options.max_burst))


def _any(*values: int | None) -> bool:
    return any(values)


def read_options(sock: socket.socket, options: SctpOptions) -> dict[str, int]:
    """The settings in force on a socket, by name. Raises OSError."""
    rto = _RTO.unpack(sock.getsockopt(IPPROTO_SCTP, RTOINFO, _RTO.size))
    assoc = _ASSOC.unpack(sock.getsockopt(IPPROTO_SCTP, ASSOCINFO, _ASSOC.size))
    init = _INIT.unpack(sock.getsockopt(IPPROTO_SCTP, INITMSG, _INIT.size))
    sack = _SACK.unpack(sock.getsockopt(IPPROTO_SCTP, DELAYED_SACK, _SACK.size))
    burst = _BURST.unpack(sock.getsockopt(IPPROTO_SCTP, MAX_BURST, _BURST.size))
    size = _PEER.size + -_PEER.size % 4
    peer = _PEER.unpack_from(sock.getsockopt(IPPROTO_SCTP, PEER_ADDR_PARAMS, size))
    found = (
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF),
        sock.getsockopt(IPPROTO_SCTP, AUTOCLOSE),
        options.send_ttl, options.send_retries, options.assoc_tracking, options.assoc_reuse, options.max_assocs,
        rto[1], rto[2], rto[3], assoc[1], init[2], init[3], peer[2], peer[3], sack[1], sack[2], burst[1],
    )  # fmt: skip
    return dict(zip(SCTP_SETTINGS, found, strict=True))


def send_info(association: int, lifetime: int, context: int, flags: int = 0) -> list[tuple[int, int, bytes]]:
    """Ancillary data of a message to send: stream 0, dropped after `lifetime` milliseconds (0: never)."""
    return [(IPPROTO_SCTP, SNDRCV, SEND_INFO.pack(0, 0, flags, 0, context, lifetime, 0, 0, association))]


def association_of(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The association that a message came over; 0 where the kernel does not say."""
    for level, kind, content in ancillary:
        if (level, kind) == (IPPROTO_SCTP, SNDRCV) and len(content) >= SEND_INFO.size:
            return int(SEND_INFO.unpack_from(content)[-1])
    return 0


def parse_notification(data: bytes) -> Notification | None:
    """A notification; None for kinds that do not matter here, and for what is cut short."""
    try:
        kind = _HEAD.unpack_from(data)[0]
        if kind == ASSOC_CHANGE:
            state, _, _, _, association = _CHANGE.unpack_from(data, _HEAD.size)
            return Notification(kind, association, state)
        if kind == SEND_FAILED:
            info = SEND_INFO.unpack_from(data, _HEAD.size + 4)
            return Notification(kind, _NUMBER.unpack_from(data, _HEAD.size + 4 + SEND_INFO.size)[0], -1, info[4])
        if kind == SHUTDOWN_EVENT:
            return Notification(kind, _NUMBER.unpack_from(data, _HEAD.size)[0])
    except struct.error:
        pass
    return None
