"""Streams: messages over TCP and TLS connections, framed by Content-Length."""

from __future__ import annotations

import contextlib
import socket
import ssl

from benchmarks.certificate import certificate
from benchmarks.mmsg import Link

CHUNK = 1 << 18
MOST_CONNECTIONS = 64
HANDSHAKE_SECONDS = 5.0


def tls_context(listens: bool) -> ssl.SSLContext:
    """For the callee, which shows the certificate, or for the caller, which believes anybody."""
    if not listens:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    return context


class Channel:
    """One connection, with what has come of the next message and what is still to be sent."""

    def __init__(self, stream: socket.socket) -> None:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.setblocking(False)
        self.stream = stream
        self.pending = b""
        self.waiting = b""

    def receive(self, messages: list[bytes]) -> bool:
        """Appends the messages that are complete; False where the connection has ended."""
        try:
            data = self.stream.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        if not data:
            return False
        self.pending = cut(self.pending + data, messages)
        return True

    def send(self, data: bytes) -> None:
        """Sends as much as goes; the rest with the next call. Blocking would stop both ends for ever."""
        if self.waiting:
            data = self.waiting + data
        try:
            sent = self.stream.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            sent = 0
        self.waiting = data[sent:]


def cut(data: bytes, messages: list[bytes]) -> bytes:
    """Takes whole messages off the front of ``data``; the octets that are left."""
    at = 0
    while True:
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            return data[at:]
        label = data.find(b"Content-Length: ", at, end + 2)
        size = 0 if label < 0 else int(data[label + 16 : data.find(b"\r\n", label)])
        end += 4 + size
        if end > len(data):
            return data[at:]
        messages.append(data[at:end])
        at = end


class StreamLink(Link):
    """A connection to the server, or those that the server makes to a listening socket.

    What is put goes out on the connection that the message read last came by.
    """

    def __init__(self, server: tuple[str, int], listens: bool, secure: bool = False) -> None:
        super().__init__(server)
        self.context = tls_context(listens) if secure else None
        self.channels: list[Channel] = []
        self.messages: list[bytes] = []
        self.owners: list[Channel] = []
        self.queues: dict[int, list[bytes]] = {}
        self.current: Channel | None = None
        self.listening: socket.socket | None = None
        if listens:
            self.listening = socket.create_server(("127.0.0.1", 0), backlog=MOST_CONNECTIONS)
            self.listening.setblocking(False)
            self.port = self.listening.getsockname()[1]
        else:
            stream = socket.create_connection(server, HANDSHAKE_SECONDS)
            self.port = stream.getsockname()[1]
            self.current = self.add(stream)

    def add(self, stream: socket.socket) -> Channel:
        if self.context is not None:
            stream.settimeout(HANDSHAKE_SECONDS)
            stream = self.context.wrap_socket(stream, server_side=self.listening is not None)
        channel = Channel(stream)
        self.channels.append(channel)
        self.queues[id(channel)] = []
        return channel

    def put(self, data: bytes) -> None:
        if self.current is None:
            raise ConnectionError("nothing has come yet: there is no connection to send by")
        self.queues[id(self.current)].append(data)

    def flush(self) -> None:
        for channel in self.channels:
            queue = self.queues[id(channel)]
            if queue or channel.waiting:
                data = b"".join(queue)
                queue.clear()
                channel.send(data)

    def receive(self) -> int:
        if self.listening is not None and len(self.channels) < MOST_CONNECTIONS:
            # a connection that the server gives up at once is none
            with contextlib.suppress(BlockingIOError, ssl.SSLError, ConnectionError):
                self.add(self.listening.accept()[0])
        self.messages.clear()
        self.owners.clear()
        for channel in list(self.channels):
            if not channel.receive(self.messages):
                channel.stream.close()
                self.channels.remove(channel)
            while len(self.owners) < len(self.messages):
                self.owners.append(channel)
        return len(self.messages)

    def message(self, slot: int) -> bytes:
        self.current = self.owners[slot]
        return self.messages[slot]

    def close(self) -> None:
        for channel in self.channels:
            channel.stream.close()
        if self.listening is not None:
            self.listening.close()
