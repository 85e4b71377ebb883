"""SCTP: one one-to-many socket for each listener (RFC 4168, RFC 6458); a message of SCTP is a message of SIP."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from siprouter.transport.endpoint import PROTO_SCTP, Endpoint, ErrorCallback, Listener
from siprouter.transport.sctp_wire import (
    ASSOC_CHANGE,
    CANT_START,
    COMM_LOST,
    COMM_UP,
    MSG_EOR,
    MSG_NOTIFICATION,
    SEND_ABORT,
    SEND_FAILED,
    SHUTDOWN_COMP,
    SHUTDOWN_EVENT,
    Notification,
    SctpOptions,
    apply_options,
    association_of,
    open_sctp,
    parse_notification,
    read_options,
    send_info,
)
from siprouter.util.log import Log

MAX_MESSAGE = 65536
MAX_BATCH = 32  # messages taken in one turn of the loop
MAX_QUEUE = 1024  # messages that wait for room
MAX_SENT = 8192  # messages remembered, so that their failure can be told
MAX_PARTS = 1024  # associations in the midst of a message
MIN_MESSAGE = 20

Deliver = Callable[[bytes, Endpoint], None]


@dataclass(slots=True)
class SctpStats:
    """Counts of all SCTP sockets together; see the group `sctp` of the counters."""

    established: int = 0
    connect_failed: int = 0
    local_reject: int = 0
    remote_shutdown: int = 0
    assoc_shutdown: int = 0
    comm_lost: int = 0
    sendq_full: int = 0
    send_failed: int = 0
    send_force_retry: int = 0
    opened: int = 0
    tracked: int = 0


@dataclass(slots=True)
class _Sent:
    data: bytes
    to: Endpoint
    on_error: ErrorCallback | None
    tries: int = 0


class Numbers:
    """Numbers of associations (Endpoint.connection) and of messages, for all sockets of a worker."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Another number, never 0."""
        self._last = self._last % 0x7FFFFFFF + 1
        return self._last


class SctpSocket:
    """One SCTP listener: gives each message to `deliver` with its source, and sends from its address and port."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: Listener,
        deliver: Deliver,
        log: Log,
        options: SctpOptions,
        stats: SctpStats,
        numbers: Numbers,
        opened: Callable[[Listener, SctpOptions], socket.socket] = open_sctp,
    ) -> None:
        """Binds at once. Raises OperatorError."""
        self.listener = listener
        self.options = options
        self.stats = stats
        self._loop = loop
        self._deliver = deliver
        self._log = log
        self._numbers = numbers
        self._socket = opened(listener, options)
        self._fd = self._socket.fileno()
        self._associations: dict[int, int] = {}  # id of the kernel -> number
        self._ids: dict[int, int] = {}
        self._up: set[int] = set()
        self._parts: dict[int, bytearray] = {}
        self._sent: OrderedDict[int, _Sent] = OrderedDict()
        self._queue: deque[tuple[int, _Sent]] = deque()
        self._open = True

    def start(self) -> None:
        """Begins to receive."""
        self._loop.add_reader(self._fd, self._readable)

    def stop_receiving(self) -> None:
        """Receives no more; sending still works."""
        self._loop.remove_reader(self._fd)

    def close(self) -> None:
        """Ends it, its associations too; what still waits to be sent is lost."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._socket.close()
            self.stats.opened -= len(self._up)
            self.stats.tracked -= len(self._associations)

    def change_options(self) -> None:
        """The options have changed. Raises OSError where the kernel does not take them."""
        apply_options(self._socket, self.options)

    def read_options(self) -> dict[str, int]:
        """The settings in force. Raises OSError."""
        return read_options(self._socket, self.options)

    # --- sending

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """Sends one message at once, or queues it where there is no room; see Outlet."""
        if not self._open:
            return False
        number = self._numbers.next()
        sent = self._sent[number] = _Sent(data, to, on_error)
        if len(self._sent) > MAX_SENT:
            self._sent.popitem(last=False)
        return self._enqueue(number, sent) if self._queue else self._try(number, sent)

    def _try(self, number: int, sent: _Sent) -> bool:
        problem = self._write(number, sent)
        if problem is None:
            return True
        if problem.errno in (errno.EAGAIN, errno.ENOBUFS):
            return self._enqueue(number, sent)
        self._sent.pop(number, None)
        self.stats.send_failed += 1
        self._log.error("cannot send to %s from %s: %s", sent.to, self.listener.name, problem.strerror)
        return False

    def _write(self, number: int, sent: _Sent) -> OSError | None:
        """Hands a message to the kernel: over the association that it answers on, else to the address."""
        to, options = sent.to, self.options
        association = self._ids.get(to.connection, 0) if to.connection and options.assoc_reuse else 0
        try:
            if association:
                try:
                    self._socket.sendmsg([sent.data], send_info(association, options.send_ttl, number))
                    return None
                except BlockingIOError:
                    raise
                except OSError:
                    self.stats.send_force_retry += 1  # it is gone: a new one to the same address
            ancillary = send_info(0, options.send_ttl, number)
            self._socket.sendmsg([sent.data], ancillary, socket.MSG_DONTWAIT, (to.ip, to.port))
        except OSError as error:
            return error
        except (OverflowError, UnicodeError):
            return OSError(errno.EINVAL, "bad address")
        return None

    def _enqueue(self, number: int, sent: _Sent) -> bool:
        if len(self._queue) >= MAX_QUEUE:
            self.stats.sendq_full += 1
            self._sent.pop(number, None)
            self._log.error("cannot send to %s from %s: queue full", sent.to, self.listener.name)
            return False
        if not self._queue:
            self._loop.add_writer(self._fd, self._writable)
        self._queue.append((number, sent))
        return True

    def _writable(self) -> None:
        while self._queue:
            number, sent = self._queue[0]
            problem = self._write(number, sent)
            if problem is not None and problem.errno in (errno.EAGAIN, errno.ENOBUFS):
                return
            self._queue.popleft()
            if problem is not None:
                self._give_up(number, problem)
        self._loop.remove_writer(self._fd)

    def _give_up(self, number: int, problem: Exception) -> None:
        """A message did not arrive: once more where sctp_send_retries says so, else its sender is told."""
        sent = self._sent.pop(number, None)
        if sent is None:
            return
        if sent.tries < self.options.send_retries and self._open:
            sent.tries += 1
            self.stats.send_force_retry += 1
            self._sent[number] = sent
            if self._try(number, sent):
                return
        else:
            self.stats.send_failed += 1
        if sent.on_error is not None:
            sent.on_error(sent.to, problem)

    # --- receiving

    def _readable(self) -> None:
        for _ in range(MAX_BATCH):
            try:
                data, ancillary, flags, address = self._socket.recvmsg(MAX_MESSAGE, 256)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._log.error("cannot receive on %s: %s", self.listener.name, error)
                return
            if flags & MSG_NOTIFICATION:
                notification = parse_notification(data)
                if notification is not None:
                    self._notified(notification)
            elif data:
                self._received(data, association_of(ancillary), bool(flags & MSG_EOR), address)

    def _received(self, data: bytes, association: int, whole: bool, address: tuple[str, int]) -> None:
        """A message, or a part of one."""
        part = self._parts.pop(association, None)
        if part is not None or not whole:
            part = bytearray() if part is None else part
            part += data
            if len(part) > MAX_MESSAGE or len(self._parts) >= MAX_PARTS:
                self._log.error("message from %s over sctp is too long", address[0])
                self._abort(association)
                return
            if not whole:
                self._parts[association] = part
                return
            data = bytes(part)
        if len(data) < MIN_MESSAGE:
            return
        number = self._associations.get(association, 0)
        ip = str(address[0]).partition("%")[0]
        source = Endpoint(PROTO_SCTP, ip, int(address[1]), number, self.listener)
        try:
            self._deliver(data, source)
        except Exception:
            self._log.exception("message from %s", source)

    def _notified(self, news: Notification) -> None:
        if news.kind == ASSOC_CHANGE:
            self._changed(news.association, news.state)
        elif news.kind == SHUTDOWN_EVENT:
            self.stats.remote_shutdown += 1
        elif news.kind == SEND_FAILED:
            self._give_up(news.context, ConnectionError("not delivered"))

    def _changed(self, association: int, state: int) -> None:
        """An association has come up, gone, or could not be made."""
        stats, most = self.stats, self.options.max_assocs
        if state == COMM_UP:
            if association not in self._up:
                self._up.add(association)
                stats.opened += 1
            stats.established += 1
            if 0 <= most < stats.opened:
                stats.local_reject += 1
                self._abort(association)
            elif self.options.assoc_tracking and association not in self._associations:
                number = self._associations[association] = self._numbers.next()
                self._ids[number] = association
                stats.tracked += 1
        elif state == CANT_START:
            stats.connect_failed += 1
        elif state in (COMM_LOST, SHUTDOWN_COMP):
            if state == COMM_LOST:
                stats.comm_lost += 1
            else:
                stats.assoc_shutdown += 1
            self._forget(association)

    def _forget(self, association: int) -> None:
        if association in self._up:
            self._up.discard(association)
            self.stats.opened -= 1
        self._parts.pop(association, None)
        number = self._associations.pop(association, 0)
        if number:
            del self._ids[number]
            self.stats.tracked -= 1

    def _abort(self, association: int) -> None:
        """Ends an association at once."""
        try:
            self._socket.sendmsg([b""], send_info(association, 0, 0, SEND_ABORT))
        except OSError:
            pass
        self._forget(association)
