"""IPv4 UDP datagrams with any source address, through a raw socket (needs CAP_NET_RAW)."""

from __future__ import annotations

import socket
import struct

_HEADERS = struct.Struct("!BBHHHBBH4s4sHHHH")
_IP_HEADER = 20
_UDP_HEADER = 8
_TTL = 64
MAX_DATA = 1400


class RawUdp:
    """Sends from `ip`:`port`, which need not be ours. Raises OSError where raw sockets are not allowed."""

    def __init__(self, ip: str, port: int) -> None:
        self._source = socket.inet_pton(socket.AF_INET, ip)
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._socket.setblocking(False)

    def send(self, data: bytes, ip: str, port: int) -> bool:
        """Sends one datagram; False where the system refuses it, or `ip` is no IPv4 address."""
        if len(data) > MAX_DATA:
            return False
        try:
            self._socket.sendto(self._headers(data, socket.inet_pton(socket.AF_INET, ip), port) + data, (ip, 0))
        except OSError:
            return False
        return True

    def _headers(self, data: bytes, target: bytes, port: int) -> bytes:
        """IP and UDP header; the system fills in the IP checksum, and UDP goes without (RFC 768 allows that)."""
        length = len(data) + _UDP_HEADER
        return _HEADERS.pack(
            0x45,
            0,
            length + _IP_HEADER,
            0,
            0,
            _TTL,
            socket.IPPROTO_UDP,
            0,
            self._source,
            target,
            self._port,
            port,
            length,
            0,
        )

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()
