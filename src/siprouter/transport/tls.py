"""TLS on streams: clear text in memory on one side, records on the other, and handshakes that are bounded.

Each connection has an `ssl.SSLObject` between two memory buffers. A server's handshake begins when the ClientHello is
complete: the name in it chooses the domain. Handshakes take turns, so that many of them let other work through.
"""

import asyncio
import ssl
from collections import deque

from siprouter.transport.client_hello import server_name
from siprouter.transport.connections import ConnectionTable, Peer
from siprouter.transport.endpoint import PROTO_TLS, Endpoint, ErrorCallback, Listener
from siprouter.transport.http import HttpItem
from siprouter.transport.sockopts import StreamOptions
from siprouter.transport.stream import Held, StreamConnection
from siprouter.transport.stream_parts import Framer, FramerFactory, Receiver, StreamStats
from siprouter.transport.tcp import StreamTransport
from siprouter.transport.tls_context import chain_is_short_enough, reason
from siprouter.transport.tls_domain import TlsDomain, TlsEngine
from siprouter.util.log import Log

READ_SIZE = 65536
MAX_UNREAD = 1 << 17  # octets of records that wait for the handshake's turn
MAX_UNSENT = 1 << 16  # octets of handshake that the peer does not take
HANDSHAKES_A_TURN = 4
MAX_UNCONFIRMED = 64  # messages behind a handshake of ours that the peer may still refuse
ALERT_TIME = 2.0  # seconds that an alert may take to leave


class TlsConnection(StreamConnection):
    """A TLS connection. `session` and `domain` are there from the handshake's beginning."""

    def __init__(
        self, owner: "TlsTransport", proto: int, listener: Listener | None, framer: Framer, remote: Peer = ("", 0)
    ) -> None:
        super().__init__(owner, proto, listener, framer, remote)
        self.session: ssl.SSLObject | None = None
        self.domain: TlsDomain | None = None
        self.server_name = ""
        """what the client asked for (SNI)"""
        self._tls = owner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._hello = b""
        self._spoken = False
        self._unconfirmed: list[tuple[Endpoint, ErrorCallback]] = []
        self._established = False
        self._clear = 0

    @property
    def clear_queued(self) -> int:
        """Bytes of clear text that wait for a handshake."""
        return self._clear

    @property
    def unread(self) -> int:
        """Bytes of records that wait for the handshake's turn or for their rest."""
        return self._incoming.pending + len(self._hello)

    # the beginning

    def _open(self, transport: asyncio.Transport) -> None:
        self.source = Endpoint(self.proto, self.remote[0], self.remote[1], self.id, self.listener)
        if self._tls.is_short_of_memory(self._tls.engine.options.low_memory_refuse):
            self.fail(MemoryError("too little memory for TLS"))
            return
        self._opening_since = self._owner.loop.time()
        self._arm()
        if self.outgoing:
            self._begin(self._tls.engine.domains.client(*self.remote))
            self.shake()
        else:
            self._tls.handshake_begins(self)

    def _begin(self, domain: TlsDomain) -> None:
        """Starts the handshake with the settings of a domain."""
        self.domain = domain
        level = self._tls.engine.options.debug_level
        self._owner.log.write(level, "%s asks for '%s', gets domain %s", self.source, self.server_name, domain.key)
        name = domain.settings.server_name if self.outgoing else ""
        self.session = domain.context.wrap_bio(
            self._incoming, self._outgoing, server_side=not self.outgoing, server_hostname=name or None
        )

    def shake(self) -> None:
        """Goes on with the handshake as far as what has come allows."""
        session, transport = self.session, self._transport
        if session is None or transport is None or not self._opening_since:
            return
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            self._flush(transport)
        except (ssl.SSLError, ValueError) as error:  # ValueError: a peer's name that is none
            self._refuse(error)
        else:
            self._flush(transport)
            self._finish_handshake(session, transport)

    def _finish_handshake(self, session: ssl.SSLObject, transport: asyncio.Transport) -> None:
        domain, engine = self.domain, self._tls.engine
        if domain is not None and domain.verifies:
            if not chain_is_short_enough(session, domain.settings.verify_depth):
                self._refuse(ConnectionAbortedError("certificate chain too long"))
                return
        if self.outgoing:
            engine.counts.connected += 1
        else:
            engine.counts.accepted += 1
        self._tls.handshake_ends(self)
        self._hello = b""
        level, key = engine.options.log_level, domain.key if domain is not None else None
        self._owner.log.write(level, "%s: %s, %s, domain %s", self.source, session.version(), session.cipher(), key)
        self._active_at = self._owner.loop.time()
        self._established = True
        engine.established(self)
        self._ready(transport)
        self._read(session, transport)

    def _refuse(self, error: Exception) -> None:
        """The handshake or the connection cannot go on: the peer gets the alert that says so."""
        if self._opening_since:
            self._tls.engine.counts.handshake_failed += 1
        self._owner.log.error("%s: %s, closing", self.source, reason(error))
        transport = self._transport
        unconfirmed, self._unconfirmed = self._unconfirmed, []
        if unconfirmed:
            self._unsent.clear()  # all of it is among the unconfirmed
        self._finish(error)
        for to, on_error in unconfirmed:
            self._owner.loop.call_soon(self._tell, on_error, to, error)
        if transport is not None:
            transport.write(self._outgoing.read())
            transport.close()
            self._owner.loop.call_later(ALERT_TIME, transport.abort)

    # what comes

    def _decode(self, data: bytes) -> None:
        session, transport = self.session, self._transport
        if self._closed or transport is None:
            return
        if session is None:
            self._hello += data
            name = server_name(self._hello)
            if name is None:
                return
            self.server_name, data, self._hello = name, self._hello, b""
            address = (self.listener.address, self.listener.port) if self.listener is not None else self.local
            self._begin(self._tls.engine.domains.server(*address, name))
        self._incoming.write(data)
        if self._opening_since:
            if self._incoming.pending > MAX_UNREAD:
                self._refuse(ConnectionAbortedError("handshake too large"))
            else:
                self._tls.schedule(self)
        elif session is not None:
            self._read(session, transport)

    def _read(self, session: ssl.SSLObject, transport: asyncio.Transport) -> None:
        """Takes the clear text that has come, and answers what TLS itself wants answered."""
        if self._tls.is_short_of_memory(self._tls.engine.options.low_memory_fail):
            self.fail(MemoryError("too little memory for TLS"))
            return
        ended = False
        while not self._closed and not self._discards:
            try:
                data = session.read(READ_SIZE)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                data = b""
            except ssl.SSLError as error:
                self._refuse(error)
                return
            if not data:
                ended = True
                break
            self._take(data)
        if self._closed:
            return
        self._flush(transport)
        for data, to, on_error in self._release():
            self._write_now(transport, data, to, on_error)
        if ended:
            self.close()

    def _deliver(self, message: HttpItem) -> None:
        if not self._spoken:
            self._spoken = True
            self._unconfirmed.clear()
            self._arm()
        super()._deliver(message)

    # what goes

    def _write_now(
        self, transport: asyncio.Transport, data: bytes, to: Endpoint, on_error: ErrorCallback | None
    ) -> None:
        if self._closed or self.session is None:
            return
        rest = self._encrypt(self.session, data)
        super()._write_now(transport, self._outgoing.read(), to, on_error)
        if self.outgoing and not self._spoken and on_error is not None and len(self._unconfirmed) < MAX_UNCONFIRMED:
            # In TLS 1.3 a server refuses our certificate only after we believe the handshake to be done.
            self._unconfirmed.append((to, on_error))
        if rest:
            self._hold(rest, to, on_error)

    def _encrypt(self, session: ssl.SSLObject, data: bytes) -> bytes:
        """Makes records of clear text; what is left of it where the peer has to say something first."""
        most = self._tls.engine.options.max_send_fragment
        start = 0
        while start < len(data):
            try:
                start += session.write(data[start : start + most] if most > 0 else data[start:] if start else data)
            except ssl.SSLWantReadError:
                return data[start:]
            except ssl.SSLError as error:
                self._refuse(error)
                return b""
        return b""

    def _flush(self, transport: asyncio.Transport) -> None:
        """Sends what TLS has to say of itself."""
        if self._outgoing.pending:
            data = self._outgoing.read()
            transport.write(data)
            self._written += len(data)
            if transport.get_write_buffer_size() > max(MAX_UNSENT, self._owner.options.conn_wq_max):
                self.fail(BlockingIOError("write queue full"))

    def _is_overfull(self, size: int) -> bool:
        if self._transport is not None and not self._opening_since and not self._waiting:
            return super()._is_overfull(size)
        options, counts = self._tls.engine.options, self._tls.engine.counts
        if self._clear and self._clear + size > options.con_ct_wq_max:
            return True
        return counts.clear_queued + size > options.ct_wq_max

    def _hold(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> None:
        self._waiting.append((data, to, on_error))
        self._clear += len(data)
        self._tls.engine.counts.clear_queued += len(data)

    def _release(self) -> list[Held]:
        waiting, self._waiting = self._waiting, []
        self._tls.engine.counts.clear_queued -= self._clear
        self._clear = 0
        return waiting

    # the end

    def _say_last(self, transport: asyncio.Transport) -> None:
        if self.session is None or self._opening_since or not self._tls.engine.options.send_close_notify:
            return
        try:
            self.session.unwrap()
        except ssl.SSLError:  # the peer's own notice need not be waited for (RFC 8446 section 6.1)
            pass
        transport.write(self._outgoing.read())

    def _finish(self, error: Exception) -> None:
        if self._opening_since:
            self._tls.handshake_ends(self)
        if self._established:
            self._established = False
            self._tls.engine.ended(self)
        super()._finish(error)

    def _opening_time(self) -> float:
        if self._prelude is not None:
            return super()._opening_time()
        return self._tls.engine.options.handshake_timeout

    def _usual_lifetime(self) -> float:
        if self._spoken:
            return super()._usual_lifetime()
        return self._tls.engine.options.connection_timeout


class TlsTransport(StreamTransport):
    """All TLS connections; `engine` says how they are secured."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        receiver: Receiver,
        log: Log,
        engine: TlsEngine,
        options: StreamOptions | None = None,
        table: ConnectionTable[StreamConnection] | None = None,
        stats: StreamStats | None = None,
        proto: int = PROTO_TLS,
        framer: FramerFactory | None = None,
    ) -> None:
        super().__init__(loop, receiver, log, options, table, stats, proto, framer)
        self.engine = engine
        self._shaking: dict[TlsConnection, None] = {}
        self._turns: deque[TlsConnection] = deque()
        self._next_turn: asyncio.Handle | None = None

    def make_connection(self, listener: Listener | None, remote: Peer = ("", 0)) -> TlsConnection:
        """See StreamTransport."""
        return TlsConnection(self, self.proto, listener, self._framer(), remote)

    @property
    def handshakes(self) -> int:
        """How many connections to us are not through their handshake."""
        return len(self._shaking)

    def is_short_of_memory(self, threshold: int) -> bool:
        """Whether less than `threshold` octets of memory are free; counts it."""
        if not threshold or self.engine.free_memory() >= threshold:
            return False
        self.engine.counts.low_memory += 1
        return True

    def handshake_begins(self, connection: TlsConnection) -> None:
        """A connection to us; where too many are at that point the oldest one gives way."""
        self._shaking[connection] = None
        if len(self._shaking) > self.engine.options.max_handshakes:
            self.engine.counts.handshake_dropped += 1
            next(iter(self._shaking)).fail(TimeoutError("too many handshakes"))

    def handshake_ends(self, connection: TlsConnection) -> None:
        """Well or not."""
        self._shaking.pop(connection, None)

    def schedule(self, connection: TlsConnection) -> None:
        """Lets a handshake go on when it is its turn."""
        self._turns.append(connection)
        if self._next_turn is None:
            self._next_turn = self.loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._next_turn = None
        for _ in range(min(HANDSHAKES_A_TURN, len(self._turns))):
            self._turns.popleft().shake()
        if self._turns and self._next_turn is None:
            self._next_turn = self.loop.call_soon(self._turn)

    async def close(self) -> None:
        """See StreamTransport."""
        await super().close()
        self._turns.clear()
