"""IPv4 UDP datagrams through a raw socket, with IP and UDP headers of our own making (needs CAP_NET_RAW)."""

from __future__ import annotations

import errno
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.transport.sockopts import is_multicast

if TYPE_CHECKING:
    from siprouter.transport.datagrams import Datagrams, RawAddress
    from siprouter.transport.endpoint import Listener

try:
    from siprouter.transport._syscalls import send_raw_udp4
except ImportError:
    send_raw_udp4 = None  # type: ignore[assignment]

_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_PSEUDO = struct.Struct("!4s4sBBH")
IP_HEADER = _IP.size
UDP_HEADER = _UDP.size
MORE_FRAGMENTS = 0x2000
MAX_DATA = 65535 - IP_HEADER - UDP_HEADER
DEFAULT_MTU = 1500
DEFAULT_TTL = 63


@dataclass(slots=True)
class RawOptions:
    """`mtu`: larger packets leave in fragments (none where it has no room for the headers); `ttl` -1: the system's."""

    mtu: int = DEFAULT_MTU
    ttl: int = -1
    tos: int = 0


def open_raw() -> socket.socket:
    """A raw socket for packets with headers. Raises OSError (EPERM without CAP_NET_RAW)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.setblocking(False)
    return sock


def system_ttl(sock: socket.socket) -> int:
    """The time to live that the system gives to packets."""
    found: int = sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)
    return found if found > 0 else DEFAULT_TTL


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) & 1:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_segment(data: bytes, source: bytes, source_port: int, target: bytes, port: int) -> bytes:
    """UDP header, with the checksum of RFC 768, and data."""
    length = len(data) + UDP_HEADER
    header = _UDP.pack(source_port, port, length, 0)
    pseudo = _PSEUDO.pack(source, target, 0, socket.IPPROTO_UDP, length)
    return _UDP.pack(source_port, port, length, checksum(pseudo + header + data) or 0xFFFF) + data


def build_packets(segment: bytes, source: bytes, target: bytes, number: int, options: RawOptions) -> list[bytes]:
    """IP packets that carry a UDP segment, several with identification `number` where one is larger than the MTU.

    The system fills in the IP checksum, and the identification where that is 0.
    """

    def packet(part: bytes, place: int, identification: int) -> bytes:
        length = len(part) + IP_HEADER
        ttl, proto = options.ttl, socket.IPPROTO_UDP
        return _IP.pack(0x45, options.tos, length, identification, place, ttl, proto, 0, source, target) + part

    size = (options.mtu - IP_HEADER) & ~7
    if len(segment) + IP_HEADER <= options.mtu or options.mtu < IP_HEADER + UDP_HEADER:
        return [packet(segment, 0, 0)]
    packets = []
    for start in range(0, len(segment), size):
        more = MORE_FRAGMENTS if start + size < len(segment) else 0
        packets.append(packet(segment[start : start + size], start >> 3 | more, number))
    return packets


class RawUdp:
    """Sends from `ip`:`port`, which need not be ours. Raises OSError where raw sockets are not allowed.

    `sock`: a raw socket that several of these share; it is not closed with them.
    """

    def __init__(
        self, ip: str, port: int, options: RawOptions | None = None, sock: socket.socket | None = None
    ) -> None:
        self._source = socket.inet_pton(socket.AF_INET, ip)
        self._port = port
        self._owns = sock is None
        self._socket = open_raw() if sock is None else sock
        self._fd = self._socket.fileno()
        self._options = options or RawOptions()
        if self._options.ttl < 0:
            self._options.ttl = system_ttl(self._socket)

    def send(self, data: bytes, ip: str, port: int) -> bool:
        """Sends one datagram; False where the system refuses it, or `ip` is no IPv4 address."""
        return self.try_send(data, ip, port) == 0

    def try_send(self, data: bytes, ip: str, port: int) -> int:
        """The same; 0 or an errno."""
        options = self._options
        if len(data) > MAX_DATA:
            return errno.EMSGSIZE
        fits = len(data) + IP_HEADER + UDP_HEADER <= options.mtu or options.mtu < IP_HEADER + UDP_HEADER
        if send_raw_udp4 is not None and fits:
            return send_raw_udp4(self._fd, data, self._source, self._port, ip, port, options.ttl, options.tos)
        try:
            target = socket.inet_pton(socket.AF_INET, ip)
            segment = udp_segment(data, self._source, self._port, target, port)
            for packet in build_packets(segment, self._source, target, secrets.randbelow(65535) + 1, options):
                self._socket.sendto(packet, (ip, 0))
        except OSError as error:
            return error.errno or errno.EINVAL
        except (struct.error, ValueError):
            return errno.EINVAL
        return 0

    def close(self) -> None:
        """Closes the socket."""
        if self._owns:
            self._socket.close()


class RawDatagrams:
    """Datagrams of a listener that are sent through a raw socket and received as usual; multicasts leave as usual."""

    def __init__(self, usual: Datagrams, listener: Listener, sock: socket.socket, options: RawOptions) -> None:
        self._usual = usual
        self._raw = RawUdp(listener.address, listener.port, options, sock)

    def receive(self) -> list[tuple[bytes, RawAddress]]:
        """See Datagrams."""
        return self._usual.receive()

    def source(self, raw: RawAddress) -> tuple[str, int]:
        """See Datagrams."""
        return self._usual.source(raw)

    def send(self, data: bytes, ip: str, port: int) -> int:
        """See Datagrams."""
        if not ip[:1].isdigit() or is_multicast(ip) or ip == "255.255.255.255":
            return self._usual.send(data, ip, port)
        return self._raw.try_send(data, ip, port)
