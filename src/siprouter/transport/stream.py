"""One stream connection: bytes to whole messages and back, with every wait and every queue bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from siprouter.sip.errors import MessageError
from siprouter.sip.framing import PING, PONG
from siprouter.transport.connections import Peer
from siprouter.transport.endpoint import SEND_CLOSE, Endpoint, ErrorCallback, Listener
from siprouter.transport.http import CONTINUE, HttpItem, HttpRefusal, HttpRequest, build_http_reply
from siprouter.transport.sockopts import StreamOptions
from siprouter.transport.stream_parts import Framer, Prelude, Receiver, StreamStats
from siprouter.util.log import Log

if TYPE_CHECKING:
    from siprouter.transport.websocket import WebSocketFramer


class StreamOwner(Protocol):
    """The transport that a connection belongs to. What is read goes through `buffer`."""

    loop: asyncio.AbstractEventLoop
    options: StreamOptions
    stats: StreamStats
    log: Log
    receiver: Receiver

    @property
    def buffer(self) -> bytearray:
        """Where the next read puts what has arrived."""
        ...

    def prelude(self, connection: StreamConnection) -> Prelude | None:
        """What an accepted connection has to begin with, if anything."""
        ...

    def identify(self, connection: StreamConnection, peer: Peer) -> None:
        """The peer of the connection is another than the one that it came from."""
        ...

    def connected(self, connection: StreamConnection) -> bool:
        """It is established; False refuses it."""
        ...

    def gone(self, connection: StreamConnection) -> None:
        """It is closed or about to be."""
        ...


NEVER = float("inf")
MAX_DISCARDED = 1 << 20  # octets, behind something that cannot be received

Held = tuple[bytes, Endpoint, ErrorCallback | None]
Pending = tuple[int, Endpoint, ErrorCallback | None]


class StreamConnection(asyncio.BufferedProtocol):
    """A connection, accepted or under way. `source` is the endpoint of what arrives on it, once it is connected."""

    def __init__(
        self, owner: StreamOwner, proto: int, listener: Listener | None, framer: Framer, remote: Peer = ("", 0)
    ) -> None:
        """`remote` is given where we connect, and learned where the peer does."""
        self.id = 0
        self.proto = proto
        self.remote = remote
        self.local: Peer = ("", 0)
        self.reusable = True
        self.outgoing = remote[1] != 0
        self.listener = listener
        self.source = Endpoint(proto, remote[0], remote[1], 0, listener)
        self._owner = owner
        self._framer = framer
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._waiting: list[Held] = []
        self._unsent: deque[Pending] = deque()
        self._written = 0
        self._accounted = 0
        self._active_at = owner.loop.time()
        self._lifetime: float | None = None
        self._partial_since = 0.0
        self._blocked_since = 0.0
        self._opening_since = 0.0
        self._prelude: Prelude | None = None
        self._discards = 0
        self._websocket: WebSocketFramer | None = None
        self.on_closed: Callable[[StreamConnection], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands: sends what waited for it."""
        transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        self.remote = transport.get_extra_info("peername", ("", 0))[:2]
        self.local = transport.get_extra_info("sockname", ("", 0))[:2]
        if self._closed or not self._owner.connected(self):
            self._closed = True
            transport.abort()
            return
        self._active_at = self._owner.loop.time()
        self._prelude = None if self.outgoing else self._owner.prelude(self)
        if self._prelude is None:
            self._open(transport)
        else:
            self._opening_since = self._active_at
            self._arm()

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to put what has arrived."""
        return self._owner.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes came."""
        self.data_received(bytes(memoryview(self._owner.buffer)[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Bytes came, first of all those of the prelude where there is one."""
        if self._discards:
            self._discard(len(data))
            return
        if self._prelude is not None:
            data = self._read_prelude(self._prelude, data)
        if data:
            self._decode(data)

    def eof_received(self) -> None:
        """The peer sends no more: the transport closes after its queue."""
        self.reusable = False

    def pause_writing(self) -> None:
        """The system's buffer is full: from now the send timeout counts."""
        self._blocked_since = self._owner.loop.time()
        self._arm()

    def resume_writing(self) -> None:
        """All is handed to the system."""
        self._blocked_since = 0.0
        self._unsent.clear()
        self._account(0)

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed, by whom ever."""
        if isinstance(error, ConnectionResetError):
            self._owner.stats.con_reset += 1
        self._finish(error or ConnectionResetError("closed by peer"))

    # what the owner calls

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> bool:
        """Sends or queues one message; with SEND_CLOSE in `to.flags` the connection closes behind it."""
        if self._closed or not self.reusable:
            return False
        if self._is_overfull(len(data)):
            self._owner.stats.sendq_full += 1
            self._owner.log.error("write queue of %s is full", self.source)
            self.fail(BlockingIOError("write queue full"))
            return False
        if self._websocket is not None:
            if self._websocket.ended:
                return False
            data = self._websocket.encode(data)
        if self._transport is None or self._opening_since or self._waiting:
            self._hold(data, to, on_error)
        else:
            self._write_now(self._transport, data, to, on_error)
            self._active_at = self._owner.loop.time()
        if to.flags & SEND_CLOSE:
            self.close()
        return True

    def upgrade(self, proto: int, listener: Listener | None, framer: WebSocketFramer, rest: bytes = b"") -> None:
        """From now on messages come and go in frames; `rest` are the first octets of them. See ConnectionTable too."""
        self._framer = self._websocket = framer
        self.listener = listener
        self.source = Endpoint(proto, self.remote[0], self.remote[1], self.id, listener)
        self._partial_since = 0.0
        if rest:
            self._owner.loop.call_soon(self._take, rest)

    @property
    def websocket(self) -> WebSocketFramer | None:
        """The frames of the connection where it is a WebSocket."""
        return self._websocket

    def write(self, data: bytes) -> None:
        """Writes octets that are no message: control frames of a WebSocket."""
        if self._transport is None or self._closed or not data:
            return
        if self._waiting:
            self._hold(data, self.source, None)
        else:
            self._write_now(self._transport, data, self.source, None)

    def close(self) -> None:
        """Closes after what is queued; the connection is not used for anything new."""
        if self._websocket is not None and self.reusable:
            self.write(self._websocket.close())
        self.reusable = False
        if self._transport is not None and not self._opening_since:
            self._shut_down(self._transport)

    def fail(self, error: Exception) -> None:
        """Closes at once and tells the senders of what is not sent."""
        self._finish(error)
        if self._transport is not None:
            self._transport.abort()

    def keep_for(self, seconds: float) -> None:
        """Gives the connection a lifetime of its own without traffic (-1: without end)."""
        self._lifetime = seconds
        self._arm()

    def idle_for(self) -> float:
        """Seconds since something was sent or received."""
        return self._owner.loop.time() - self._active_at

    def touch(self) -> None:
        """Counts as traffic: from now the connection is idle."""
        self._active_at = self._owner.loop.time()

    @property
    def state(self) -> str:
        """What it is doing, in a word."""
        if self._transport is None:
            return "connecting"
        if not self.reusable:
            return "closing"
        return "handshake" if self._opening_since else "established"

    @property
    def queued(self) -> int:
        """Bytes that wait to be written."""
        return self._accounted

    def lifetime(self) -> float:
        """Seconds that it may be idle, -1 without end."""
        return self._usual_lifetime() if self._lifetime is None else self._lifetime

    def seconds_left(self) -> int:
        """Seconds until it closes if nothing happens, -1: never."""
        deadline = min(self._deadlines())
        return -1 if deadline == NEVER else max(int(deadline - self._owner.loop.time()), 0)

    # inside

    def _open(self, transport: asyncio.Transport) -> None:
        """The peer is known: says what has to be said before messages."""
        self.source = Endpoint(self.proto, self.remote[0], self.remote[1], self.id, self.listener)
        self._ready(transport)

    def _ready(self, transport: asyncio.Transport) -> None:
        """Messages can be sent: sends what waited."""
        self._opening_since = 0.0
        for data, to, on_error in self._release():
            self._write_now(transport, data, to, on_error)
        if not self.reusable:
            self._shut_down(transport)
        self._arm()

    def _hold(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> None:
        """Keeps a message until it can be sent."""
        self._waiting.append((data, to, on_error))
        self._account(self._accounted + len(data))

    def _release(self) -> list[Held]:
        """The messages that were kept; it keeps them no longer."""
        waiting, self._waiting = self._waiting, []
        self._account(0)
        return waiting

    def _read_prelude(self, prelude: Prelude, data: bytes) -> bytes:
        """What lies behind the prelude, so far."""
        try:
            rest = prelude.feed(data)
        except ValueError as error:
            self._owner.stats.prelude_refused += 1
            self._owner.log.error("%s:%d: %s, closing", self.remote[0], self.remote[1], error)
            self.fail(ConnectionAbortedError(str(error)))
            return b""
        if rest is None:
            return b""
        self._prelude = None
        self._opening_since = 0.0
        self._active_at = self._owner.loop.time()
        if prelude.peer is not None:
            self._owner.identify(self, prelude.peer)
        if self._transport is not None:
            self._open(self._transport)
        return rest

    def _decode(self, data: bytes) -> None:
        """Takes what came from the network."""
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Takes clear text: delivers the messages that it completes."""
        messages = self._framer.feed(data)
        if messages:
            self._active_at = self._owner.loop.time()
            for message in messages:
                self._deliver(message)
        if self._framer.error is not None and self.reusable:
            self._reject(self._framer.error, self._framer.rest)
        if self._websocket is not None:
            self._answer_frames(self._websocket)
        self._note_partial(bool(messages))

    def _answer_frames(self, websocket: WebSocketFramer) -> None:
        """Sends what control frames call for."""
        self._active_at = self._owner.loop.time()
        self.write(websocket.output())
        if websocket.finished and self.reusable:
            self.close()

    def _say_last(self, transport: asyncio.Transport) -> None:
        """Sends what belongs behind the last message."""

    def _shut_down(self, transport: asyncio.Transport) -> None:
        """Closes once everything is sent."""
        self._say_last(transport)
        transport.close()

    def _deliver(self, message: HttpItem) -> None:
        if message is PING:
            if self._owner.options.crlf_ping:
                self.send(PONG, self.source, None)
            return
        if message is PONG:
            return
        if not isinstance(message, bytes):
            self._deliver_http(message)
            return
        if message is CONTINUE:
            self.send(message, self.source, None)
            return
        try:
            self._owner.receiver.receive(message, self.source)
        except Exception:
            self._owner.log.exception("message from %s", self.source)

    def _deliver_http(self, item: HttpRequest | HttpRefusal) -> None:
        if isinstance(item, HttpRefusal):
            self._owner.log.error("%s: HTTP request refused: %d %s", self.source, item.status, item.reason)
            self.send(build_http_reply(item.status, item.reason), self.source, None)
            self.close()
            return
        try:
            self._owner.receiver.receive_http(item, self.source)
        except Exception:
            self._owner.log.exception("HTTP request from %s", self.source)

    def _reject(self, error: MessageError, rest: bytes) -> None:
        self._owner.log.error("%s: %s, closing", self.source, error)
        try:
            self._owner.receiver.reject(rest, self.source, error)
        except Exception:
            self._owner.log.exception("message from %s", self.source)
        self._end_answered()

    def _end_answered(self) -> None:
        """Closes our direction, and takes what is still on its way: unread it would make the answer unreadable."""
        if not self.reusable or self._transport is None:
            return
        self.reusable = False
        self._discards = MAX_DISCARDED
        self._say_last(self._transport)
        self._transport.write_eof()
        self._partial_since = self._owner.loop.time()
        self._arm()

    def _discard(self, size: int) -> None:
        """Counts octets that nobody wants; too many end the connection."""
        self._discards -= size
        if self._discards <= 0:
            self.fail(ConnectionAbortedError("closed after an error"))

    def _is_overfull(self, size: int) -> bool:
        options = self._owner.options
        queued = self._accounted
        if self._transport is not None and not self._opening_since:
            queued = self._transport.get_write_buffer_size()
        if queued and queued + size > options.conn_wq_max:
            return True
        return self._owner.stats.queued + size > options.wq_max

    def _write_now(
        self, transport: asyncio.Transport, data: bytes, to: Endpoint, on_error: ErrorCallback | None
    ) -> None:
        transport.write(data)
        self._written += len(data)
        size = transport.get_write_buffer_size()
        if size:
            flushed = self._written - size
            while self._unsent and self._unsent[0][0] <= flushed:
                self._unsent.popleft()
            self._unsent.append((self._written, to, on_error))
        if size != self._accounted:
            self._account(size)

    def _account(self, size: int) -> None:
        self._owner.stats.queued += size - self._accounted
        self._accounted = size

    def _note_partial(self, progress: bool) -> None:
        if self._discards:
            return
        if self._framer.idle or not self.reusable:
            self._partial_since = 0.0
        elif progress or self._partial_since == 0.0:
            self._partial_since = self._owner.loop.time()
            self._arm()

    def _finish(self, error: Exception) -> None:
        if self._closed:
            return
        self._closed = True
        self.reusable = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._owner.gone(self)
        if self.on_closed is not None:
            self.on_closed(self)
        unsent = [(to, on_error) for _, to, on_error in self._release()]
        unsent += [(to, on_error) for _, to, on_error in self._unsent]
        self._unsent.clear()
        self._account(0)
        for to, on_error in unsent:
            if on_error is not None:
                self._owner.loop.call_soon(self._tell, on_error, to, error)

    def _tell(self, on_error: ErrorCallback, to: Endpoint, error: Exception) -> None:
        try:
            on_error(to, error)
        except Exception:
            self._owner.log.exception("after a failure to send to %s", to)

    # time

    def _opening_time(self) -> float:
        """Seconds that what has to be said before messages may take."""
        return self._owner.options.prelude_timeout

    def _usual_lifetime(self) -> float:
        """Seconds without messages after which the connection closes where nobody asked for others."""
        return self._owner.options.connection_lifetime

    def _deadlines(self) -> tuple[float, float, float]:
        """When the connection is idle, its beginning or message overdue, its peer stuck (or infinity)."""
        options = self._owner.options
        idle = late = stuck = NEVER
        lifetime = self.lifetime()
        if lifetime >= 0:
            idle = self._active_at + lifetime
        if self._opening_since:
            late = self._opening_since + self._opening_time()
        elif self._partial_since:
            late = self._partial_since + options.message_timeout
        if self._blocked_since and options.send_timeout >= 0:
            stuck = self._blocked_since + options.send_timeout
        return idle, late, stuck

    def _arm(self) -> None:
        """Sees to it that `_check` runs no later than the first deadline; a timer that is too early re-arms itself."""
        deadline = min(self._deadlines())
        if self._closed or deadline == NEVER:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._owner.loop.call_at(deadline, self._check)

    def _check(self) -> None:
        self._timer = None
        stats, log = self._owner.stats, self._owner.log
        idle, late, stuck = self._deadlines()
        now = self._owner.loop.time()
        if now >= stuck:
            stats.send_timeout += 1
            log.error("%s takes no data, closing", self.source)
            self.fail(TimeoutError("send timeout"))
        elif now >= late:
            stats.con_timeout += 1
            what = "handshake" if self._opening_since else "message"
            log.error("%s:%d does not end its %s, closing", self.remote[0], self.remote[1], what)
            self.fail(TimeoutError(f"{what} not complete in time"))
        elif now >= idle:
            stats.con_timeout += 1
            self.fail(TimeoutError("connection idle"))
        else:
            self._arm()
