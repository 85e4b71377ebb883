"""The PROXY protocol, versions 1 and 2: a load balancer says in front of a connection whose it is. No I/O in this file.

As in haproxy's doc/proxy-protocol.txt. Who is trusted to send the header has to send it: a stream that begins
otherwise is refused, and nobody else's header is looked at.
"""

import socket
import struct
from dataclasses import dataclass, field

from siprouter.transport.connections import Peer
from siprouter.transport.endpoint import Listener, is_stream
from siprouter.transport.listen import ListenSpec, parse_listen
from siprouter.util.address import Network, normalize_ip
from siprouter.util.errors import OperatorError

V1_START = b"PROXY "
V1_MOST = 107  # octets, the line end included
V2_START = b"\r\n\r\n\0\r\nQUIT\n"
V2_HEAD = 16
V2_MOST = 4096  # octets of addresses and additional values
LOCAL = 0
PROXY = 1
STREAM = 1
V4_ADDRESSES = struct.Struct("!4s4sHH")
V6_ADDRESSES = struct.Struct("!16s16sHH")
ADDRESSES = {1: (V4_ADDRESSES, socket.AF_INET), 2: (V6_ADDRESSES, socket.AF_INET6)}
ANYWHERE = "0.0.0.0"  # what stands for "*" in a rule
CRC32C = 3  # type of the value that holds a checksum
CRC32C_POLYNOMIAL = 0x82F63B78


class ProxyHeader:
    """Reads one header from the beginning of a stream (a Prelude)."""

    def __init__(self) -> None:
        self.peer: Peer | None = None
        self._data = b""

    def feed(self, data: bytes) -> bytes | None:
        """See Prelude: what lies behind the header, None while it is not complete, ValueError where it is malformed."""
        self._data = data = self._data + data
        if data.startswith(V2_START):
            return self._version_2(data)
        if data.startswith(V1_START):
            return self._version_1(data)
        if V2_START.startswith(data) or V1_START.startswith(data):
            return None
        raise ValueError("no PROXY protocol header where one is expected")

    def _version_1(self, data: bytes) -> bytes | None:
        """`PROXY TCP4 source destination sourceport destinationport`, or `PROXY UNKNOWN` and anything."""
        end = data.find(b"\r\n", 0, V1_MOST)
        if end < 0:
            if len(data) >= V1_MOST:
                raise ValueError("PROXY protocol header without end")
            return None
        words = data[:end].decode("latin-1").split(" ")
        if words[1] != "UNKNOWN":
            self.peer = _peer_of_words(words)
        return data[end + 2 :]

    def _version_2(self, data: bytes) -> bytes | None:
        if len(data) < V2_HEAD:
            return None
        kind, family, length = struct.unpack_from("!BBH", data, 12)
        if kind >> 4 != 2 or kind & 15 not in (LOCAL, PROXY):
            raise ValueError("PROXY protocol header of an unknown version or command")
        if length > V2_MOST:
            raise ValueError(f"PROXY protocol header of {length} octets")
        end = V2_HEAD + length
        if len(data) < end:
            return None
        if kind & 15 == PROXY:
            self.peer = _peer_of_addresses(family, data[:end])
        return data[end:]


def _peer_of_words(words: list[str]) -> Peer:
    """The source in a header of version 1. Raises ValueError."""
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise ValueError("malformed PROXY protocol header")
    addresses = [normalize_ip(word) for word in words[2:4]]
    for address in addresses:
        if address is None or (":" in address) != (words[1] == "TCP6"):
            raise ValueError("bad address in PROXY protocol header")
    ports = [int(word) if word.isascii() and word.isdigit() and len(word) <= 5 else -1 for word in words[4:]]
    if not all(0 <= port <= 65535 for port in ports):
        raise ValueError("bad port in PROXY protocol header")
    return addresses[0] or "", ports[0]


def _peer_of_addresses(family: int, header: bytes) -> Peer | None:
    """The source in a header of version 2; None for Unix sockets and what is not specified. Raises ValueError."""
    if family >> 4 not in ADDRESSES:
        if family >> 4 > 3:
            raise ValueError("unknown address family in PROXY protocol header")
        return None
    if family & 15 != STREAM:
        raise ValueError("PROXY protocol header of something that is no stream")
    layout, af = ADDRESSES[family >> 4]
    if len(header) < V2_HEAD + layout.size:
        raise ValueError("PROXY protocol header too short for its addresses")
    source, _, port, _ = layout.unpack_from(header, V2_HEAD)
    _check_values(header, V2_HEAD + layout.size)
    return socket.inet_ntop(af, source), port


def _check_values(header: bytes, start: int) -> None:
    """ValueError where the additional values do not fill the header, or the checksum among them is wrong."""
    while start < len(header):
        if start + 3 > len(header):
            raise ValueError("malformed values in PROXY protocol header")
        kind, length = struct.unpack_from("!BH", header, start)
        end = start + 3 + length
        if end > len(header):
            raise ValueError("malformed values in PROXY protocol header")
        if kind == CRC32C:
            blank = header[: start + 3] + bytes(length) + header[end:]
            if length != 4 or crc32c(blank) != int.from_bytes(header[start + 3 : end], "big"):
                raise ValueError("wrong checksum in PROXY protocol header")
        start = end


def crc32c(data: bytes) -> int:
    """The checksum of RFC 3720 appendix B.4."""
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ (CRC32C_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ProxyRule:
    """Connections to these listeners (host 0.0.0.0: all of the protocol) from these networks begin with a header."""

    listener: ListenSpec
    networks: tuple[Network, ...]

    def matches(self, listener: Listener, ip: str) -> bool:
        """Whether a connection from `ip` to `listener` is meant."""
        spec = self.listener
        if spec.proto not in (0, listener.proto) or spec.port not in (0, listener.port):
            return False
        if spec.host not in (ANYWHERE, listener.address):
            return False
        return any(network.contains(ip) for network in self.networks)


@dataclass(slots=True)
class ProxySources:
    """All rules: whose connections begin with a header of the PROXY protocol."""

    rules: list[ProxyRule] = field(default_factory=list)

    def expects(self, listener: Listener, ip: str) -> bool:
        """Whether a connection from `ip` to `listener` begins with a header."""
        return any(rule.matches(listener, ip) for rule in self.rules)


def parse_proxy_rules(text: str) -> list[ProxyRule]:
    """The rules of the core parameter proxy_protocol, separated by semicolons. Raises OperatorError."""
    return [parse_proxy_rule(rule) for rule in text.split(";") if rule.strip()]


def parse_proxy_rule(text: str) -> ProxyRule:
    """`[proto:]address[:port] network[,network…]`; the address `*` means all listeners. Raises OperatorError."""
    where, _, names = text.strip().partition(" ")
    words = [word for word in names.replace(",", " ").split() if word]
    if not words:
        raise OperatorError(
            f"bad proxy_protocol '{text}'",
            suggestion="write LISTENER NETWORK, for example tls:192.0.2.1:5061 10.0.0.0/8",
        )
    spec = parse_listen(where.replace("*", ANYWHERE, 1))
    if spec.proto and not is_stream(spec.proto):
        raise OperatorError(f"bad proxy_protocol '{text}': the header comes on streams only")
    host = normalize_ip(spec.host)
    if host is None:
        raise OperatorError(f"bad proxy_protocol '{text}': '{spec.host}' is neither an IP address nor *")
    networks = []
    for word in words:
        try:
            networks.append(Network.parse(word))
        except ValueError as error:
            raise OperatorError(f"bad proxy_protocol '{text}': {error}") from None
    return ProxyRule(ListenSpec(host, spec.port, spec.proto), tuple(networks))
