"""All sockets of a worker as one outlet."""

import asyncio
import socket
from collections.abc import Callable

from siprouter.transport.connections import ConnectionTable
from siprouter.transport.datagrams import DatagramFactory
from siprouter.transport.endpoint import (
    PROTO_SCTP,
    PROTO_TCP,
    PROTO_TLS,
    PROTO_UDP,
    PROTO_WS,
    PROTO_WSS,
    Endpoint,
    ErrorCallback,
    Listener,
)
from siprouter.transport.listeners import Listeners
from siprouter.transport.raw import RawOptions, open_raw
from siprouter.transport.sctp import Numbers, SctpSocket, SctpStats
from siprouter.transport.sctp_wire import SctpOptions, open_sctp
from siprouter.transport.sharing import SharedConnections
from siprouter.transport.sockopts import StreamOptions, UdpOptions
from siprouter.transport.stream import StreamConnection
from siprouter.transport.stream_parts import Receiver, StreamStats
from siprouter.transport.tcp import StreamTransport
from siprouter.transport.tls import TlsTransport
from siprouter.transport.tls_domain import TlsEngine
from siprouter.transport.udp import OnUnreachable, UdpSocket
from siprouter.transport.websocket import WebSocketFramer
from siprouter.transport.ws import SecureWebSocketTransport, WebSocketTransport
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

Filter = Callable[[bytes, Endpoint, None], bytes | None]


class SocketOutlet:
    """Opens the sockets of `listeners`, gives what arrives to a receiver, and sends (an Outlet).

    `table` and `stats` are those of all stream transports together. Each of `filters` may change what is sent.
    `failed` hears of messages whose senders do not ask for errors, and which did not leave over their stream,
    `unreachable` of the beginning of each datagram that ICMP says was not delivered; set both before `open`.
    `tls` is set before `open` where TLS is to be spoken.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listeners: Listeners,
        log: Log,
        udp_options: UdpOptions | None = None,
        stream_options: StreamOptions | None = None,
    ) -> None:
        self.listeners = listeners
        self.filters: list[Filter] = []
        self.failed: ErrorCallback | None = None
        self.unreachable: OnUnreachable | None = None
        self.table: ConnectionTable[StreamConnection] = ConnectionTable()
        self.stats = StreamStats()
        self.tls: TlsEngine | None = None
        self.udp_options = udp_options or UdpOptions()
        self.stream_options = stream_options or StreamOptions()
        self.inherited: dict[Listener, socket.socket] = {}
        """sockets that are open already, instead of new ones"""
        self.mute: set[Listener] = set()
        """listeners that another worker reads"""
        self.others: SharedConnections | None = None
        self.after_batch: Callable[[], None] | None = None
        """see UdpSocket"""
        self._loop = loop
        self._log = log
        self._udp: dict[Listener, UdpSocket] = {}
        self._sctp: dict[Listener, SctpSocket] = {}
        self._numbers = Numbers()
        self.sctp_options = SctpOptions()
        self.sctp_stats = SctpStats()
        self._raw: socket.socket | None = None
        self.raw_options = RawOptions()
        self._streams: dict[int, StreamTransport] = {}

    @property
    def sends_raw(self) -> bool:
        """Whether UDP over IPv4 leaves through a raw socket."""
        return self._raw is not None

    async def open(self, receiver: Receiver) -> None:
        """Opens all sockets, or none; `receiver` gets what arrives after `start`. Raises OperatorError."""
        factory = DatagramFactory()
        try:
            for listener in self.listeners:
                if listener in self.listeners.shared:
                    if listener.proto == PROTO_WSS:
                        self._tls_stream(receiver, listener)
                    else:
                        self._stream(listener.proto, receiver)
                elif listener.proto == PROTO_UDP:
                    self._udp[listener] = UdpSocket(
                        self._loop,
                        listener,
                        receiver.receive,
                        self._log,
                        self.udp_options,
                        factory,
                        self.inherited.get(listener),
                        self.unreachable,
                    )
                elif listener.proto in (PROTO_TCP, PROTO_WS):
                    await self._stream(listener.proto, receiver).listen(listener, self.inherited.get(listener))
                elif listener.proto in (PROTO_TLS, PROTO_WSS):
                    await self._tls_stream(receiver, listener).listen(listener, self.inherited.get(listener))
                elif listener.proto == PROTO_SCTP:
                    self._open_sctp(listener, receiver)
                else:
                    raise OperatorError(f"cannot listen on {listener.name}: protocol not available")
            self._use_raw_at_start()
        except BaseException:
            await self.close()
            raise

    def use_raw(self, wanted: int) -> bool:
        """Sends UDP over IPv4 through a raw socket from now (1, or -1: where that is allowed), or as usual (0).

        Whether a raw socket is used. Raises OSError where one is wanted and not allowed.
        """
        if wanted and self._raw is None:
            try:
                self._raw = open_raw()
            except OSError:
                if wanted > 0:
                    raise
        elif not wanted and self._raw is not None:
            self._raw.close()
            self._raw = None
        if self._raw is not None:
            self.raw_options = RawOptions(self.udp_options.raw_mtu, self.udp_options.raw_ttl, self.udp_options.tos)
        for udp in self._udp.values():
            udp.send_through(self._raw, self.raw_options)
        return self._raw is not None

    def _use_raw_at_start(self) -> None:
        wanted = self.udp_options.raw
        try:
            if self.use_raw(wanted) and wanted < 0:
                self._log.info("udp4_raw: sending through a raw socket")
        except OSError as error:
            self._log.error("udp4_raw: no raw socket (%s): sending as usual; it needs CAP_NET_RAW", error.strerror)

    @property
    def sctp_sockets(self) -> list[SctpSocket]:
        """The sockets of all SCTP listeners."""
        return list(self._sctp.values())

    def _open_sctp(self, listener: Listener, receiver: Receiver) -> None:
        inherited = self.inherited.get(listener)
        self._sctp[listener] = SctpSocket(
            self._loop,
            listener,
            receiver.receive,
            self._log,
            self.sctp_options,
            self.sctp_stats,
            self._numbers,
            open_sctp if inherited is None else lambda *_: inherited,
        )

    def _stream(self, proto: int, receiver: Receiver) -> StreamTransport:
        """The transport of a stream protocol, made if new."""
        transport = self._streams.get(proto)
        if transport is None:
            kind = WebSocketTransport if proto == PROTO_WS else StreamTransport
            transport = self._streams[proto] = kind(
                self._loop, receiver, self._log, self.stream_options, self.table, self.stats, proto
            )
            transport.others = self.others
        return transport

    def _tls_stream(self, receiver: Receiver, listener: Listener) -> StreamTransport:
        """The transport over TLS, made if new. Raises OperatorError where nobody says how to secure it."""
        transport = self._streams.get(listener.proto)
        if transport is None:
            if self.tls is None:
                message = f"cannot listen on {listener.name}: TLS needs its module"
                raise OperatorError(message, suggestion='add: loadmodule "tls.so"')
            kind = SecureWebSocketTransport if listener.proto == PROTO_WSS else TlsTransport
            transport = self._streams[listener.proto] = kind(
                self._loop, receiver, self._log, self.tls, self.stream_options, self.table, self.stats, listener.proto
            )
            transport.others = self.others
        return transport

    def upgrade(
        self, number: int, listener: Listener, rest: bytes, on_closed: Callable[[StreamConnection], None] | None
    ) -> StreamConnection | None:
        """Let a connection speak WebSocket as one of `listener`, its handshake is answered; None where it is gone."""
        transport = self._streams[listener.proto]
        connection = self.table.get(number)
        if connection is None:
            return None
        self.table.change_proto(connection, transport.proto, self.stream_options.new_conn_alias_flags)
        connection.on_closed = on_closed
        connection.upgrade(transport.proto, listener, WebSocketFramer(), rest)
        return connection

    async def start(self) -> None:
        """Begins to receive and to accept."""
        for listener, udp in self._udp.items():
            udp.after_batch = self.after_batch
            if listener not in self.mute:
                udp.start()
        for listener, sctp in self._sctp.items():
            if listener not in self.mute:
                sctp.start()
        for transport in self._streams.values():
            await transport.start()

    def stop_receiving(self) -> None:
        """Takes no datagrams and no connections any more; present connections stay, and sending still works."""
        for udp in self._udp.values():
            udp.stop_receiving()
        for sctp in self._sctp.values():
            sctp.stop_receiving()
        for transport in self._streams.values():
            transport.stop_accepting()

    async def close(self) -> None:
        """Closes everything."""
        if self._raw is not None:
            self._raw.close()
            self._raw = None
        for udp in self._udp.values():
            udp.close()
        self._udp.clear()
        for sctp in self._sctp.values():
            sctp.close()
        self._sctp.clear()
        for transport in self._streams.values():
            await transport.close()
        self._streams.clear()

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """See Outlet."""
        if self.filters:
            for change in self.filters:
                data = change(data, to, None) or data
        if to.proto == PROTO_UDP:
            listener = to.listener
            if listener is None:
                listener = self.listeners.choose(PROTO_UDP, to.ip)
            udp = self._udp.get(listener) if listener is not None else None
            if udp is not None:
                return udp.send(data, to, on_error)
        elif to.proto == PROTO_SCTP:
            listener = to.listener or self.listeners.choose(PROTO_SCTP, to.ip)
            sctp = self._sctp.get(listener) if listener is not None else None
            if sctp is not None:
                return sctp.send(data, to, on_error or self.failed)
        else:
            transport = self._streams.get(to.proto)
            if transport is not None:
                return transport.send(data, to, on_error or self.failed)
        self._log.error("cannot send to %s: no listening socket for it", to)
        return False

    def send_own(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """Sends on a stream connection of this worker what another one asks for; the filters have seen it."""
        transport = self._streams.get(to.proto)
        return transport is not None and transport.send_own(data, to, on_error)
