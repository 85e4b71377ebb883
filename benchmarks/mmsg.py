"""Many datagrams a system call: ``recvmmsg`` and ``sendmmsg`` over buffers laid out once (64-bit Linux)."""

from __future__ import annotations

import ctypes
import os
import select
import socket

SLOTS = 64
SIZE = 4096
HEADER = 64  # sizeof(struct mmsghdr)
LENGTH = 56  # offset of msg_len in it
IOVEC = 16  # sizeof(struct iovec)
WOULD_BLOCK = 11
REFUSED = 111
BUFFER = 1 << 24
SO_RCVBUFFORCE = 33
SO_SNDBUFFORCE = 32

_libc = ctypes.CDLL(None, use_errno=True)
for _call in (_libc.recvmmsg, _libc.sendmmsg):
    _call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]


def _address(buffer: bytearray) -> int:
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


class Batch:
    """``SLOTS`` datagrams of at most ``SIZE`` bytes: slot i is ``data[i * SIZE:]``."""

    def __init__(self) -> None:
        self.data = bytearray(SLOTS * SIZE)
        self.iovecs = bytearray(SLOTS * IOVEC)
        self.headers = bytearray(SLOTS * HEADER)
        base, iovecs = _address(self.data), _address(self.iovecs)
        for slot in range(SLOTS):
            vector = slot * IOVEC
            self.iovecs[vector : vector + 8] = (base + slot * SIZE).to_bytes(8, "little")
            self.iovecs[vector + 8 : vector + 16] = SIZE.to_bytes(8, "little")
            header = slot * HEADER
            self.headers[header + 16 : header + 24] = (iovecs + vector).to_bytes(8, "little")
            self.headers[header + 24 : header + 32] = (1).to_bytes(8, "little")
        self.address = _address(self.headers)

    def length(self, slot: int) -> int:
        """Bytes received in ``slot`` by the last ``receive``."""
        at = slot * HEADER + LENGTH
        return self.headers[at] | self.headers[at + 1] << 8

    def fill(self, slot: int, data: bytes) -> None:
        """Puts a datagram to send into ``slot``."""
        size = len(data)
        at = slot * SIZE
        self.data[at : at + size] = data
        vector = slot * IOVEC + 8
        self.iovecs[vector] = size & 255
        self.iovecs[vector + 1] = size >> 8

    def receive(self, fd: int) -> int:
        """Number of datagrams received without waiting."""
        count: int = _libc.recvmmsg(fd, self.address, SLOTS, socket.MSG_DONTWAIT, None)
        if count < 0:
            error = ctypes.get_errno()
            if error not in (WOULD_BLOCK, REFUSED):
                raise OSError(error, os.strerror(error))
            return 0
        return count

    def send(self, fd: int, count: int) -> None:
        """Sends the first ``count`` slots, waiting where the socket is full."""
        done = 0
        while done < count:
            sent: int = _libc.sendmmsg(fd, self.address + done * HEADER, count - done, 0, None)
            if sent < 0:
                error = ctypes.get_errno()
                if error == REFUSED:
                    raise ConnectionRefusedError(error, "nothing listens where the load is sent")
                if error != WOULD_BLOCK:
                    raise OSError(error, os.strerror(error))
                select.select([], [fd], [], 0.1)
                continue
            done += sent


class Link:
    """One end of the load: queues what is to be sent, and takes what has come. ``port`` is its own."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.port = 0
        self.queued = 0

    def put(self, data: bytes) -> None:
        """Queues a message."""

    def flush(self) -> None:
        """Sends what is queued, as far as it goes."""

    def receive(self) -> int:
        """The number of messages that have come; they stay until the next ``receive``."""
        return 0

    def message(self, slot: int) -> bytes:
        """One of them."""
        return b""

    def close(self) -> None:
        """Ends it."""


class DatagramLink(Link):
    """A UDP socket connected to the server, with a batch each way."""

    def __init__(self, server: tuple[str, int]) -> None:
        super().__init__(server)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for name in (SO_RCVBUFFORCE, SO_SNDBUFFORCE):
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, name, BUFFER)
            except PermissionError:  # not root: as much as the system allows
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(server)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.fd = self.socket.fileno()
        self.inbox = Batch()
        self.outbox = Batch()

    def put(self, data: bytes) -> None:
        """Queues a datagram; sends when the batch is full."""
        self.outbox.fill(self.queued, data)
        self.queued += 1
        if self.queued == SLOTS:
            self.flush()

    def flush(self) -> None:
        if self.queued:
            count = self.queued
            self.queued = 0
            self.outbox.send(self.fd, count)

    def receive(self) -> int:
        return self.inbox.receive(self.fd)

    def message(self, slot: int) -> bytes:
        """A copy of the datagram received in ``slot``."""
        at = slot * SIZE
        return bytes(self.inbox.data[at : at + self.inbox.length(slot)])

    def close(self) -> None:
        self.socket.close()
