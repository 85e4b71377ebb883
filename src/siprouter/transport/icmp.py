"""ICMP errors that came back for datagrams: the error queue of a Linux socket (ip(7), IP_RECVERR)."""

import errno
import socket
import struct
from typing import NamedTuple

IP_RECVERR = 11
IPV6_RECVERR = 25
MSG_ERRQUEUE = 0x2000

MAX_BATCH = 256  # errors taken in one go
MAX_DATA = 2048  # octets of the datagram that are looked at
ANCILLARY = 512

_EXTENDED = struct.Struct("=IBBBBII")  # struct sock_extended_err: errno, origin, type, code, padding, info, data
_ORIGIN_ICMP = 2
_ORIGIN_ICMP6 = 3
_UNREACHABLE = 3  # ICMP type
_UNREACHABLE6 = 1  # ICMPv6 type
_TOO_LARGE = 4  # code of _UNREACHABLE: about the path, the host is there
_SOURCE_POLICY6 = (5, 6)  # codes of _UNREACHABLE6: about our address


class Unreachable(NamedTuple):
    """Nobody got a datagram: where it went, the error number, and the octets of it that the router sent back."""

    ip: str
    port: int
    number: int
    data: bytes


def ask_for_errors(sock: socket.socket) -> None:
    """Let the socket collect errors; systems without that are left alone."""
    try:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    except OSError:
        pass


def read_errors(sock: socket.socket) -> tuple[int, list[Unreachable]]:
    """Empties the error queue, up to MAX_BATCH: (how many there were, those that say that a host cannot be reached)."""
    found: list[Unreachable] = []
    for count in range(MAX_BATCH):
        try:
            data, ancillary, _, address = sock.recvmsg(MAX_DATA, ANCILLARY, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return count, found
        for level, kind, content in ancillary:
            if (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)) and address:
                number = unreachable_number(content)
                if number:
                    found.append(Unreachable(str(address[0]).partition("%")[0], int(address[1]), number, data))
    return MAX_BATCH, found


def unreachable_number(content: bytes) -> int:
    """The errno of an extended error where it means that the host or port cannot be reached (RFC 3261 18.4), else 0."""
    if len(content) < _EXTENDED.size:
        return 0
    number, origin, kind, code, _, _, _ = _EXTENDED.unpack_from(content)
    if origin == _ORIGIN_ICMP:
        gone = kind == _UNREACHABLE and code != _TOO_LARGE
    else:
        gone = origin == _ORIGIN_ICMP6 and kind == _UNREACHABLE6 and code not in _SOURCE_POLICY6
    return int(number or errno.EHOSTUNREACH) if gone else 0
