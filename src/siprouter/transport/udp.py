"""UDP: one socket for each listener, read in batches, written at once."""

import asyncio
import errno
import os
import socket
from collections import deque
from collections.abc import Callable

from siprouter.transport.datagrams import DatagramFactory, RawAddress
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, ErrorCallback, Listener
from siprouter.transport.sockopts import UdpOptions, open_udp
from siprouter.util.log import L_DBG, Log

Deliver = Callable[[bytes, Endpoint], None]

MIN_DATAGRAM = 20  # shorter ones are keep-alives and probes: no SIP message fits
MAX_SOURCES = 8192  # endpoints kept for sources seen before
MAX_QUEUE = 1024  # datagrams that wait for room in the socket's buffer


class UdpSocket:
    """One UDP listener: gives each datagram to `deliver` with its source, and sends from its address and port."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: Listener,
        deliver: Deliver,
        log: Log,
        options: UdpOptions | None = None,
        factory: DatagramFactory | None = None,
        sock: socket.socket | None = None,
    ) -> None:
        """Binds at once, unless given a socket that is bound. Raises OperatorError."""
        self.listener = listener
        self._loop = loop
        self._deliver = deliver
        self._log = log
        self._socket = sock or open_udp(listener, options or UdpOptions())
        self._fd = self._socket.fileno()
        self._datagrams = (factory or DatagramFactory()).open(self._socket)
        self._sources: dict[RawAddress, Endpoint] = {}
        self._queue: deque[tuple[bytes, Endpoint, ErrorCallback | None]] = deque()
        self._open = True

    def start(self) -> None:
        """Begins to receive."""
        self._loop.add_reader(self._fd, self._readable)

    def stop_receiving(self) -> None:
        """Receives no more; sending still works."""
        self._loop.remove_reader(self._fd)

    def close(self) -> None:
        """Ends it; what still waits to be sent is lost."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._queue.clear()
            self._socket.close()

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """Sends one message at once, or queues it where the socket's buffer is full; see Outlet."""
        if not self._open:
            return False
        if self._queue:
            return self._enqueue(data, to, on_error)
        number = self._datagrams.send(data, to.ip, to.port)
        if number == 0:
            return True
        if number in (errno.EAGAIN, errno.ENOBUFS):
            return self._enqueue(data, to, on_error)
        self._log.error("cannot send to %s from %s: %s", to, self.listener.name, os.strerror(number))
        return False

    def _enqueue(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> bool:
        if len(self._queue) >= MAX_QUEUE:
            self._log.error("cannot send to %s from %s: queue full", to, self.listener.name)
            return False
        if not self._queue:
            self._loop.add_writer(self._fd, self._writable)
        self._queue.append((data, to, on_error))
        return True

    def _writable(self) -> None:
        while self._queue:
            data, to, on_error = self._queue[0]
            number = self._datagrams.send(data, to.ip, to.port)
            if number in (errno.EAGAIN, errno.ENOBUFS):
                return
            self._queue.popleft()
            if number != 0:
                self._log.error("cannot send to %s from %s: %s", to, self.listener.name, os.strerror(number))
                if on_error is not None:
                    on_error(to, OSError(number, os.strerror(number)))
        self._loop.remove_writer(self._fd)

    def _readable(self) -> None:
        """Takes one batch; the loop calls again where more waits, after the other sockets and timers."""
        try:
            batch = self._datagrams.receive()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._log.error("cannot receive on %s: %s", self.listener.name, error)
            return
        for data, raw in batch:
            source = self._sources.get(raw)
            if source is None:
                source = self._new_source(raw)
            if len(data) < MIN_DATAGRAM or source.port == 0:
                if self._log.level >= L_DBG:
                    self._log.debug("probe of %d bytes from %s", len(data), source)
                continue
            try:
                self._deliver(data, source)
            except Exception:
                self._log.exception("message from %s", source)

    def _new_source(self, raw: RawAddress) -> Endpoint:
        ip, port = self._datagrams.source(raw)
        if len(self._sources) >= MAX_SOURCES:
            self._sources.clear()
        source = self._sources[raw] = Endpoint(PROTO_UDP, ip, port, 0, self.listener)
        return source
