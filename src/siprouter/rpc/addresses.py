"""Where control channels listen and connect: the `[protocol:]address` of ctl's parameters and of kamcmd's `-s`."""

from __future__ import annotations

import socket
from dataclasses import dataclass

UNIX_STREAM = "unix_stream"
UNIX_DATAGRAM = "unix_dgram"
UDP = "udp"
TCP = "tcp"
FIFO = "fifo"

DEFAULT_PORT = 2049
MAX_UNIX_PATH = 103
"""bytes; the kernel takes 107, and while a socket is being made four more are put behind its name"""

_PREFIXES = {"unix": UNIX_STREAM, "unixs": UNIX_STREAM, "unixd": UNIX_DATAGRAM, "udp": UDP, "tcp": TCP, "fifo": FIFO}
_ANY = ("", "*")


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """A parsed address: `name` is a path, or a host ("*": all IPv4 addresses) with a `port`."""

    transport: str
    name: str
    port: int = 0

    @property
    def is_path(self) -> bool:
        """Whether it is a place in the file system."""
        return self.transport not in (UDP, TCP)

    @property
    def is_datagram(self) -> bool:
        """Whether each request is one datagram."""
        return self.transport in (UDP, UNIX_DATAGRAM)

    def __str__(self) -> str:
        return f"{self.transport}:{self.name}" + (f":{self.port}" if self.port else "")


def parse_address(text: str, default: str = UDP) -> ControlAddress:
    """The address that `text` names; `default` is the transport where the text does not tell. Raises ValueError.

    Without a protocol a text with a slash is a path (a Unix stream socket, or `default` if that is one), `host:port` is
    UDP, and anything else `default`. A number alone is the port of all addresses: "tcp:3012".
    """
    head, colon, tail = text.partition(":")
    transport = _PREFIXES.get(head.lower()) if colon else None
    rest = tail if transport else text
    if transport is None:
        transport = _guess(rest, default)
    if transport in (UDP, TCP):
        host, port = _split_port(rest, transport)
        return ControlAddress(transport, "*" if host in _ANY else host, port or DEFAULT_PORT)
    if not rest or "\0" in rest:
        raise ValueError("path missing")
    if transport != FIFO and len(rest.encode("utf-8", "surrogateescape")) > MAX_UNIX_PATH:
        raise ValueError(f"path of a Unix socket longer than {MAX_UNIX_PATH} bytes")
    return ControlAddress(transport, rest)


def _guess(text: str, default: str) -> str:
    if "/" in text:
        return UNIX_STREAM if default in (UDP, TCP) else default
    if ":" in text:
        return default if default in (UDP, TCP) else UDP
    return default


def _split_port(text: str, transport: str) -> tuple[str, int]:
    """Host and port (0: none given) of `host`, `port`, `host:port` or `[address]:port`."""
    if text.startswith("["):
        host, bracket, port_text = text[1:].partition("]")
        if not bracket or (port_text and not port_text.startswith(":")):
            raise ValueError("']' missing after the IPv6 address")
        return host, _port(port_text[1:], transport)
    host, colon, port_text = text.partition(":")
    if not colon and host.isascii() and host.isdigit():
        return "*", _port(host, transport)
    return host, _port(port_text, transport)


def _port(text: str, transport: str) -> int:
    if not text:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 5:
        port = int(text)
        if port <= 65535:
            return port
        raise ValueError(f"port {text} out of range")
    try:
        return socket.getservbyname(text, transport)
    except OSError:
        raise ValueError(f"unknown port '{text}'") from None
