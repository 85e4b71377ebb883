"""Listening sockets that the supervisor opens for its workers: of each listener one for every worker, on one port."""

from __future__ import annotations

import socket

from siprouter.transport.endpoint import PROTO_SCTP, PROTO_UDP, Listener, is_stream
from siprouter.transport.sockopts import StreamOptions, UdpOptions, is_multicast, open_listening_stream, open_udp
from siprouter.util.errors import OperatorError


def open_sockets(
    listeners: list[Listener], count: int, udp: UdpOptions, stream: StreamOptions
) -> list[list[socket.socket]]:
    """For each worker its socket of each listener. Raises OperatorError, also where another program has a port.

    The workers share one socket of a multicast listener: with several, each would get every message.
    """
    found: list[list[socket.socket]] = [[] for _ in range(count)]
    try:
        for listener in listeners:
            check_free(listener)
            shared = None
            for mine in found:
                sock = shared or open_socket(listener, udp, stream)
                if listener.proto == PROTO_UDP and is_multicast(listener.address):
                    shared = sock
                mine.append(sock)
    except BaseException:
        close_all(found, set())
        raise
    return found


def open_socket(listener: Listener, udp: UdpOptions, stream: StreamOptions) -> socket.socket:
    """One socket. Raises OperatorError."""
    if listener.proto == PROTO_UDP:
        return open_udp(listener, udp)
    if is_stream(listener.proto):
        return open_listening_stream(listener, stream)
    raise OperatorError(f"cannot listen on {listener.name}: protocol not available")


def check_free(listener: Listener) -> None:
    """Ports that are shared can be shared with a stranger: first see that nobody has it. Raises OperatorError."""
    if listener.proto == PROTO_SCTP:
        message = f"cannot listen on {listener.name}: several workers cannot share an SCTP socket"
        raise OperatorError(message, suggestion="run one worker: workers=1")
    if listener.proto == PROTO_UDP:
        if not is_multicast(listener.address):
            open_udp(listener, UdpOptions()).close()
    elif is_stream(listener.proto):
        open_listening_stream(listener, StreamOptions()).close()


def close_all(sockets: list[list[socket.socket]], but: set[socket.socket]) -> None:
    """Close all sockets but some."""
    for sock in {sock for mine in sockets for sock in mine} - but:
        sock.close()
