"""Receiving and sending datagrams on one socket, by `_syscalls` where it is built and by `socket` elsewhere."""

import errno
import socket
import struct
from typing import Protocol

MAX_DATAGRAM = 65536
BATCH = 32  # datagrams taken in one go

Address = tuple[str, int]
RawAddress = int | bytes | tuple[str | int, ...]

try:
    from siprouter.transport._syscalls import Inbox, send_datagram
except ImportError:
    HAVE_SYSCALLS = False
else:
    HAVE_SYSCALLS = True


class Datagrams(Protocol):
    """One non-blocking datagram socket."""

    def receive(self) -> list[tuple[bytes, RawAddress]]:
        """Up to BATCH datagrams that wait, each with its source in some hashable form. Raises OSError, never blocks."""
        ...

    def source(self, raw: RawAddress) -> Address:
        """What `receive` gave as source, as (IP address, port)."""
        ...

    def send(self, data: bytes, ip: str, port: int) -> int:
        """Sends one datagram; 0, or an errno. EAGAIN where the socket's buffer is full."""
        ...


class PlainDatagrams:
    """Datagrams through `socket`."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray(MAX_DATAGRAM)
        self._view = memoryview(self._buffer)
        self._scope = sock.getsockname()[3] if sock.family == socket.AF_INET6 else 0

    def receive(self) -> list[tuple[bytes, RawAddress]]:
        """See Datagrams."""
        found: list[tuple[bytes, RawAddress]] = []
        while len(found) < BATCH:
            try:
                size, address = self._socket.recvfrom_into(self._buffer)
            except OSError:
                if not found:
                    raise
                break
            found.append((bytes(self._view[:size]), address))
        return found

    def source(self, raw: RawAddress) -> Address:
        """See Datagrams."""
        assert isinstance(raw, tuple)
        return str(raw[0]).partition("%")[0], int(raw[1])

    def send(self, data: bytes, ip: str, port: int) -> int:
        """See Datagrams."""
        try:
            socket.inet_pton(self._socket.family, ip)
        except (OSError, ValueError):
            return errno.EINVAL  # sendto would look a name up, and wait for it
        try:
            if self._socket.family == socket.AF_INET:
                self._socket.sendto(data, (ip, port))
            else:
                self._socket.sendto(data, (ip, port, 0, self._scope))
        except OSError as error:
            return error.errno or errno.EIO
        except OverflowError:
            return errno.EINVAL
        return 0


class FastDatagrams:
    """Datagrams through recvmmsg and sendto; `inbox` may be shared by the sockets of one loop."""

    def __init__(self, sock: socket.socket, inbox: "Inbox") -> None:
        self._fd = sock.fileno()
        self._family = int(sock.family)
        self._inbox = inbox
        self._scope = sock.getsockname()[3] if sock.family == socket.AF_INET6 else 0

    def receive(self) -> list[tuple[bytes, RawAddress]]:
        """See Datagrams."""
        return self._inbox.receive(self._fd)  # type: ignore[return-value]

    def source(self, raw: RawAddress) -> Address:
        """See Datagrams."""
        if isinstance(raw, int):
            return socket.inet_ntop(socket.AF_INET, (raw >> 16).to_bytes(4, "big")), raw & 0xFFFF
        assert isinstance(raw, bytes)
        return socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack_from("!H", raw, 2)[0]

    def send(self, data: bytes, ip: str, port: int) -> int:
        """See Datagrams."""
        return send_datagram(self._fd, data, ip, port, self._family, self._scope)


class DatagramFactory:
    """Makes the Datagrams of one loop's sockets; the fast ones share their buffers."""

    def __init__(self, fast: bool = HAVE_SYSCALLS) -> None:
        self._inbox = Inbox(BATCH, MAX_DATAGRAM) if fast else None

    def open(self, sock: socket.socket) -> Datagrams:
        """The Datagrams of a bound, non-blocking socket."""
        return PlainDatagrams(sock) if self._inbox is None else FastDatagrams(sock, self._inbox)
