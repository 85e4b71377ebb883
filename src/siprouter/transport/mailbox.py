"""What the processes of one server say to each other: a mailbox for each, into which all others put datagrams.

A mailbox is a pair of Unix datagram sockets; the supervisor holds all of them, so that what waits for a worker that
died waits for the one in its place. Records are collected until the loop turns, and leave together.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable

from siprouter.transport.frames import MAX_FRAME, FrameReader, Record, build_records
from siprouter.util.log import Log

BUFFER = 4 * 1024 * 1024  # octets asked for; the system may give less
MAX_QUEUE = 16 * 1024 * 1024  # octets that wait for one receiver
MAX_CONTROL = 128 * 1024 * 1024  # the same, for what must not be lost
READS = 16  # datagrams taken before others get a turn
SHORT = MAX_FRAME // 4  # octets; longer frames come when much waits
SO_SNDBUFFORCE = 32

Handler = Callable[[int, bytes], None]
"""sender, payload"""


def open_mailbox() -> tuple[socket.socket, socket.socket]:
    """(end to read from, end to write to), neither blocks."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for sock in (reading, writing):
        sock.setblocking(False)
    try:
        writing.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER)
    except OSError:
        writing.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return reading, writing


class Outbox:
    """The way to one other process. `full` counts records that were lost because too many wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, log: Log) -> None:
        self.full = 0
        self.waiting = 0
        """octets that are not handed to the system yet"""
        self._loop = loop
        self._socket = sock
        self._log = log
        self._records: list[bytes] = []
        self._size = 0
        self._frames: deque[bytes] = deque()
        self._blocked = False
        self._scheduled = False

    def put(self, records: list[bytes], control: bool = False, hold: bool = False) -> bool:
        """Sends records, none longer than a frame, when the loop turns; False where too many wait.

        With `hold` they wait for `flush`.
        """
        size = sum(map(len, records))
        if self.waiting + size > (MAX_CONTROL if control else MAX_QUEUE):
            self.full += len(records)
            return False
        self.waiting += size
        for record in records:
            if self._size + len(record) > MAX_FRAME:
                self._close_frame()
            self._records.append(record)
            self._size += len(record)
        if not hold and not self._scheduled and not self._blocked:
            self._scheduled = True
            self._loop.call_soon(self._flush)
        return True

    def flush(self) -> None:
        """Sends what waits, now."""
        if not self._blocked:
            self._flush()

    def _close_frame(self) -> None:
        if self._records:
            self._frames.append(b"".join(self._records))
            self._records = []
            self._size = 0

    def _flush(self) -> None:
        self._scheduled = False
        self._close_frame()
        frames = self._frames
        while frames:
            try:
                self._socket.send(frames[0])
            except (BlockingIOError, InterruptedError):
                if not self._blocked:
                    self._blocked = True
                    self._loop.add_writer(self._socket.fileno(), self._flush)
                return
            except OSError as error:
                self._log.error("nothing can be said to another process of the server: %s", error)
            self.waiting -= len(frames.popleft())
        if self._blocked:
            self._blocked = False
            self._loop.remove_writer(self._socket.fileno())

    def close(self) -> None:
        """Sends what the system takes at once, and stops."""
        self._flush()
        if self._blocked:
            self._loop.remove_writer(self._socket.fileno())
        self._frames.clear()


class Post:
    """The mailbox of process `index`, and the ways to all others; the last number is the supervisor's.

    `handlers` by kind of record; what one raises is logged.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        index: int,
        reading: socket.socket,
        writing: list[socket.socket],
        log: Log,
    ) -> None:
        self.index = index
        self.count = len(writing) - 1
        self.handlers: dict[int, Handler] = {}
        self.boxes = [Outbox(loop, sock, log) for sock in writing]
        self.reader = FrameReader()
        self._loop = loop
        self._socket = reading
        self._log = log
        self._buffer = bytearray(MAX_FRAME + 64)
        self._view = memoryview(self._buffer)

    @property
    def others(self) -> list[int]:
        """The numbers of the other workers."""
        return [index for index in range(self.count) if index != self.index]

    def start(self) -> None:
        """Begins to read."""
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def close(self) -> None:
        """Reads no more, and sends what can be sent at once."""
        self._loop.remove_reader(self._socket.fileno())
        for box in self.boxes:
            box.close()

    def send(self, to: int, kind: int, payload: bytes = b"") -> bool:
        """Something that must not be lost; False where too much of it waits."""
        done = self.boxes[to].put(build_records(kind, self.index, payload), True)
        if not done:
            self._log.critical("process %d of the server does not take what it must know", to)
        return done

    def send_all(self, kind: int, payload: bytes = b"") -> None:
        """The same to all other workers."""
        for index in self.others:
            self.send(index, kind, payload)

    def _readable(self) -> None:
        for _ in range(READS):
            try:
                size = self._socket.recv_into(self._buffer)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._log.error("cannot read what other processes of the server say: %s", error)
                return
            for record in self.reader.read(bytes(self._view[:size])):
                self._handle(record)
            if size < SHORT:
                return  # most likely the last one: looking again would cost more than a further turn now and then

    def _handle(self, record: Record) -> None:
        kind, sender, payload = record
        handler = self.handlers.get(kind)
        if handler is None:
            return
        try:
            handler(sender, payload)
        except Exception:
            self._log.exception("record of kind %d from process %d", kind, sender)
