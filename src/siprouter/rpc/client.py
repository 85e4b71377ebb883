"""A binrpc client: one call, one reply, over any of the sockets that ctl listens on. It blocks."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from siprouter.rpc.addresses import TCP, UDP, UNIX_STREAM, ControlAddress
from siprouter.rpc.binrpc import (
    FAULT,
    MAX_REPLY,
    REPLY,
    BinrpcError,
    PacketReader,
    build_request,
    parse_fault,
    parse_values,
)
from siprouter.rpc.values import RpcError, RpcValue

SOCKET_VARIABLE = "SIPROUTER_CTL"
"""environment variable with the address of the control socket"""
USUAL_SOCKETS = ("var/siprouter_ctl", "/run/siprouter/siprouter_ctl", "/tmp/ser_ctl")
"""where a control socket is looked for when nobody names one"""


def usual_address(environment: dict[str, str]) -> str:
    """The address in `SIPROUTER_CTL`, else the first of the usual sockets that exists, else the last of them."""
    if named := environment.get(SOCKET_VARIABLE):
        return named
    return next((path for path in USUAL_SOCKETS if Path(path).is_socket()), USUAL_SOCKETS[-1])


def call(
    address: ControlAddress, method: str, params: Sequence[RpcValue] = (), timeout: float = 10.0
) -> list[RpcValue]:
    """Call `method` and give the values of its reply.

    Raises RpcError for a fault, BinrpcError for a reply that cannot be understood, and OSError (TimeoutError too) where
    the server cannot be reached or does not answer within `timeout` seconds.
    """
    cookie = int.from_bytes(os.urandom(4), "big") | 1
    with _connected(address, timeout) as sock:
        sock.sendall(build_request(cookie, method, params))
        reader = PacketReader(MAX_REPLY)
        while (packet := reader.next()) is None:
            data = sock.recv(65536)
            if not data:
                raise ConnectionError("connection closed without a reply")
            reader.feed(data)
    if packet.kind == FAULT:
        raise RpcError(*parse_fault(packet))
    if packet.kind != REPLY or packet.cookie != cookie:
        raise BinrpcError("reply to another request")
    return parse_values(packet.body)


@contextlib.contextmanager
def _connected(address: ControlAddress, timeout: float) -> Iterator[socket.socket]:
    if address.transport in (TCP, UDP):
        kind = socket.SOCK_STREAM if address.transport == TCP else socket.SOCK_DGRAM
        host = "127.0.0.1" if address.name == "*" else address.name
        family, _, _, _, name = socket.getaddrinfo(host, address.port, type=kind)[0]
        with socket.socket(family, kind) as sock:
            sock.settimeout(timeout)
            sock.connect(name)
            yield sock
    elif address.transport == UNIX_STREAM:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect(address.name)
            yield sock
    else:
        # The server answers to the name of our own socket: it needs one, in a folder that only we can enter.
        with (
            tempfile.TemporaryDirectory(prefix="siprouter-rpc-") as folder,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock,
        ):
            sock.settimeout(timeout)
            sock.bind(f"{folder}/reply")
            sock.connect(address.name)
            yield sock
