"""UDP: one socket for each listener, read in batches, written at once."""

import asyncio
import errno
import os
import socket
from collections import deque
from collections.abc import Callable

from siprouter.transport.datagrams import DatagramFactory, FastDatagrams, RawAddress
from siprouter.transport.endpoint import AF_INET, PROTO_UDP, Endpoint, ErrorCallback, Listener
from siprouter.transport.icmp import Unreachable, read_errors
from siprouter.transport.raw import RawDatagrams, RawOptions
from siprouter.transport.sockopts import UdpOptions, open_udp
from siprouter.util.log import L_DBG, Log

Deliver = Callable[[bytes, Endpoint], None]
OnUnreachable = Callable[[bytes, Endpoint], None]

MIN_DATAGRAM = 20  # shorter ones are keep-alives and probes: no SIP message fits
MAX_SOURCES = 8192  # endpoints kept for sources seen before
MAX_QUEUE = 1024  # datagrams that wait for room in the socket's buffer


class UdpSocket:
    """One UDP listener: gives each datagram to `deliver` with its source, and sends from its address and port.

    `unreachable` gets the beginning of a datagram that could not be delivered, and where it went (ICMP).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: Listener,
        deliver: Deliver,
        log: Log,
        options: UdpOptions | None = None,
        factory: DatagramFactory | None = None,
        sock: socket.socket | None = None,
        unreachable: OnUnreachable | None = None,
    ) -> None:
        """Binds at once, unless given a socket that is bound. Raises OperatorError."""
        self.listener = listener
        self._loop = loop
        self._deliver = deliver
        self._log = log
        self._socket = sock or open_udp(listener, options or UdpOptions())
        self._fd = self._socket.fileno()
        self._usual = self._datagrams = (factory or DatagramFactory()).open(self._socket)
        self._fast = self._usual if isinstance(self._usual, FastDatagrams) else None
        self._sources: dict[RawAddress, Endpoint] = {}
        self._queue: deque[tuple[bytes, Endpoint, ErrorCallback | None]] = deque()
        self.after_batch: Callable[[], None] | None = None
        """called when all datagrams that came together are delivered"""
        self._open = True
        self._unreachable = unreachable
        self._receiving = False
        self._disturbed = False  # errors were read: the loop may have stopped to watch

    def send_through(self, sock: socket.socket | None, options: RawOptions | None = None) -> None:
        """Sends through a raw socket from now, or with None as usual; over IPv6, and bound to no address, always so."""
        if sock is None or self.listener.af != AF_INET or self.listener.address == "0.0.0.0":
            self._datagrams = self._usual
        else:
            self._datagrams = RawDatagrams(self._usual, self.listener, sock, options or RawOptions())
        self._fast = self._datagrams if isinstance(self._datagrams, FastDatagrams) else None

    def start(self) -> None:
        """Begins to receive."""
        self._receiving = True
        self._loop.add_reader(self._fd, self._readable)

    def stop_receiving(self) -> None:
        """Receives no more; sending still works."""
        self._receiving = False
        self._loop.remove_reader(self._fd)

    def close(self) -> None:
        """Ends it; what still waits to be sent is lost."""
        if self._open:
            self._open = self._receiving = False
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
        number = self._send_now(data, to)
        if number == 0:
            return True
        if number not in (errno.EAGAIN, errno.ENOBUFS) and self._take_errors():
            # what the system reported was the fate of an earlier datagram: this one has not been tried
            number = self._send_now(data, to)
            if number == 0:
                return True
        if number in (errno.EAGAIN, errno.ENOBUFS):
            return self._enqueue(data, to, on_error)
        self._log.error("cannot send to %s from %s: %s", to, self.listener.name, os.strerror(number))
        return False

    def _send_now(self, data: bytes, to: Endpoint) -> int:
        """0, or an errno."""
        if self._fast is not None:
            return self._fast.send(data, to.ip, to.port)
        return self._datagrams.send(data, to.ip, to.port)

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
            number = self._send_now(data, to)
            if number in (errno.EAGAIN, errno.ENOBUFS):
                return
            if number != 0 and self._take_errors():
                number = self._send_now(data, to)
            self._queue.popleft()
            if number != 0:
                self._log.error("cannot send to %s from %s: %s", to, self.listener.name, os.strerror(number))
                if on_error is not None:
                    on_error(to, OSError(number, os.strerror(number)))
        self._loop.remove_writer(self._fd)

    def _readable(self) -> None:
        """Takes one batch; the loop calls again where more waits, after the other sockets and timers."""
        if self._disturbed:
            self._watch_again()
        try:
            batch = self._datagrams.receive()
        except OSError as error:
            if not self._take_errors() and not isinstance(error, (BlockingIOError, InterruptedError)):
                self._log.error("cannot receive on %s: %s", self.listener.name, error)
            self._watch_again()
            return
        for entry in batch:
            data, raw = entry
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
        if self.after_batch is not None:
            self.after_batch()

    def _take_errors(self) -> int:
        """Reads the ICMP errors that have come, how many; those who want to hear of them are told a little later."""
        count, errors = read_errors(self._socket)
        if count:
            self._disturbed = True
        if errors and self._unreachable is not None:
            self._loop.call_soon(self._report, errors)
        return count

    def _watch_again(self) -> None:
        """uvloop ceases to watch a socket that had an error pending when it looked."""
        self._disturbed = False
        if self._receiving:
            self._loop.remove_reader(self._fd)
            self._loop.add_reader(self._fd, self._readable)
        if self._queue:
            self._loop.remove_writer(self._fd)
            self._loop.add_writer(self._fd, self._writable)

    def _report(self, errors: list[Unreachable]) -> None:
        assert self._unreachable is not None
        for error in errors:
            if self._log.level >= L_DBG:
                self._log.debug("udp:%s:%d cannot be reached: %s", error.ip, error.port, os.strerror(error.number))
            try:
                self._unreachable(error.data, Endpoint(PROTO_UDP, error.ip, error.port, 0, self.listener))
            except Exception:
                self._log.exception("error for a datagram to %s", error.ip)

    def _new_source(self, raw: RawAddress) -> Endpoint:
        ip, port = self._datagrams.source(raw)
        if len(self._sources) >= MAX_SOURCES:
            self._sources.clear()
        source = self._sources[raw] = Endpoint(PROTO_UDP, ip, port, 0, self.listener)
        return source
