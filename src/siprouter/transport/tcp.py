"""Stream transports: accept, connect, and send on the right connection. TCP itself needs nothing more."""

import asyncio
import socket

from siprouter.sip.framing import Framer as SipFramer
from siprouter.transport.connections import ConnectionTable, Peer
from siprouter.transport.endpoint import (
    PROTO_TCP,
    SEND_FORCE_SOCKET,
    SEND_REUSE_ONLY,
    Endpoint,
    ErrorCallback,
    Listener,
)
from siprouter.transport.http import SwitchingFramer
from siprouter.transport.proxy_protocol import ProxyHeader
from siprouter.transport.sharing import SharedConnections
from siprouter.transport.sockopts import StreamOptions, open_connecting_stream, open_listening_stream
from siprouter.transport.stream import StreamConnection
from siprouter.transport.stream_parts import Framer, FramerFactory, Prelude, Receiver, StreamStats
from siprouter.util.address import normalize_ip
from siprouter.util.log import Log

REPORT_EVERY = 1000  # refused connections
CLOSE_TIMEOUT = 2.0  # seconds


class StreamTransport:
    """All connections of one protocol; the table may be shared with other protocols."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        receiver: Receiver,
        log: Log,
        options: StreamOptions | None = None,
        table: ConnectionTable[StreamConnection] | None = None,
        stats: StreamStats | None = None,
        proto: int = PROTO_TCP,
        framer: FramerFactory | None = None,
    ) -> None:
        """Without `framer` messages are cut by Content-Length."""
        self.loop = loop
        self.receiver = receiver
        self.log = log
        self.options = options or StreamOptions()
        self.table: ConnectionTable[StreamConnection] = table if table is not None else ConnectionTable()
        self.stats = stats or StreamStats()
        self.proto = proto
        self.others: SharedConnections | None = None
        self._framer = framer or self._sip_framer
        self._buffer = bytearray(self.options.rd_buf_size)
        self._servers: list[asyncio.Server] = []
        self._connecting: set[asyncio.Task[None]] = set()

    async def listen(self, listener: Listener, sock: socket.socket | None = None) -> None:
        """Binds, unless given a socket that listens; connections queue up in the system until `start`.

        Raises OperatorError.
        """
        sock = sock or open_listening_stream(listener, self.options)

        def accept() -> StreamConnection:
            return self.make_connection(listener)

        self._servers.append(await self.loop.create_server(accept, sock=sock, start_serving=False))

    async def start(self) -> None:
        """Accepts connections from now on."""
        for server in self._servers:
            await server.start_serving()

    def stop_accepting(self) -> None:
        """Accepts no more; present connections stay."""
        for server in self._servers:
            server.close()

    async def close(self) -> None:
        """Closes everything, what is queued included."""
        self.stop_accepting()
        for task in list(self._connecting):
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for connection in self.table:
            if connection.proto == self.proto:
                connection.fail(ConnectionAbortedError("shutting down"))
        await asyncio.sleep(0)  # the loop closes aborted sockets in its next turn
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await asyncio.gather(*(server.wait_closed() for server in self._servers))
        except TimeoutError:
            self.log.error("listening sockets do not close")
        self._servers.clear()

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """Sends on the connection `to` names, else on one to its address, else on a new one; see Outlet."""
        connection = self._named(to)
        if connection is None and self.others is not None and (number := self._elsewhere(self.others, to)):
            return self.others.send(number, data, to, on_error)
        connection = connection or self._find(to) or self._connect(to)
        return connection is not None and connection.send(data, to, on_error)

    def _elsewhere(self, others: SharedConnections, to: Endpoint) -> int:
        """The connection of another worker to send on, 0 for none: named by `to`, or where we have none of our own."""
        return others.by_id(to) or (others.by_name(to) if self._find(to) is None else 0)

    def send_own(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None = None) -> bool:
        """The same, but on a connection of our own."""
        connection = self._named(to) or self._find(to) or self._connect(to)
        return connection is not None and connection.send(data, to, on_error)

    def _named(self, to: Endpoint) -> StreamConnection | None:
        """The connection with the id in `to`, where it leads there: ids come back in Via, which others can change."""
        connection = self.table.get(to.connection) if to.connection else None
        if connection is None or connection.proto != self.proto or connection.remote[0] != to.ip:
            return None
        return connection

    def _find(self, to: Endpoint) -> StreamConnection | None:
        if to.port == 0:
            return None
        forced = to.listener.address if to.flags & SEND_FORCE_SOCKET and to.listener is not None else ""
        return self.table.find(self.proto, to.ip, to.port, forced)

    def _connect(self, to: Endpoint) -> StreamConnection | None:
        """Begins a connection; None where that is not allowed or not possible."""
        if to.port == 0 or to.flags & SEND_REUSE_ONLY or self.options.no_connect:
            self.log.error("no connection to %s, and none may be opened", to)
            return None
        if normalize_ip(to.ip) is None:
            self.log.error("cannot connect to %s: not an IP address", to)
            return None
        if len(self.table) + self.table.elsewhere >= self.options.max_connections:
            self.stats.local_reject += 1
            self.log.error("cannot connect to %s: %d connections are open", to, len(self.table))
            return None
        connection = self.make_connection(to.listener, (to.ip, to.port))
        connection.local = (self._local_address(to), 0)
        self.table.add(connection, self.options.new_conn_alias_flags)
        task = self.loop.create_task(self._open(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return connection

    def _local_address(self, to: Endpoint) -> str:
        """The address to connect from; empty lets the system choose."""
        if to.flags & SEND_FORCE_SOCKET and to.listener is not None:
            return to.listener.address
        return self.options.source_ipv6 if ":" in to.ip else self.options.source_ipv4

    async def _open(self, connection: StreamConnection) -> None:
        timeout = self.options.connect_timeout if self.options.connect_timeout >= 0 else None
        try:
            sock = open_connecting_stream(connection.remote[0], connection.local[0], self.options)
            try:
                async with asyncio.timeout(timeout):
                    await self.loop.sock_connect(sock, connection.remote)
                    await self.loop.connect_accepted_socket(lambda: connection, sock)
            except BaseException:
                sock.close()
                raise
        except (OSError, TimeoutError) as error:
            self.stats.connect_failed += 1
            self.log.error("cannot connect to %s: %s", connection.source, error or "timeout")
            connection.fail(error)

    def make_connection(self, listener: Listener | None, remote: Peer = ("", 0)) -> StreamConnection:
        """A connection that is accepted or, where `remote` is given, about to be opened."""
        return StreamConnection(self, self.proto, listener, self._framer(), remote)

    def _sip_framer(self) -> Framer:
        if self.options.http:
            return SwitchingFramer(need_length=not self.options.accept_no_cl)
        return SipFramer(need_length=not self.options.accept_no_cl)

    # what connections call

    @property
    def buffer(self) -> bytearray:
        """See StreamOwner. As large as tcp.rd_buf_size says now; what is read at once is no larger."""
        if len(self._buffer) != self.options.rd_buf_size:
            self._buffer = bytearray(self.options.rd_buf_size)
        return self._buffer

    def prelude(self, connection: StreamConnection) -> Prelude | None:
        """See StreamOwner."""
        if connection.listener is None or not self.options.proxies.expects(connection.listener, connection.remote[0]):
            return None
        return ProxyHeader()

    def identify(self, connection: StreamConnection, peer: Peer) -> None:
        """See StreamOwner."""
        self.table.move(connection, peer, self.options.new_conn_alias_flags)

    def connected(self, connection: StreamConnection) -> bool:
        """See StreamOwner."""
        if connection.outgoing:
            self.stats.connect_success += 1
        elif len(self.table) + self.table.elsewhere >= self.options.max_connections:
            self.stats.local_reject += 1
            if self.stats.local_reject % REPORT_EVERY == 1:
                self.log.error("connection from %s refused: %d are open", connection.remote[0], len(self.table))
            return False
        else:
            self.stats.passive_open += 1
            self.table.add(connection, self.options.new_conn_alias_flags)
        self.stats.established += 1
        return True

    def gone(self, connection: StreamConnection) -> None:
        """See StreamOwner."""
        self.table.remove(connection)
