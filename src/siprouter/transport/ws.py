"""WebSocket as a stream transport: own listening ports, connections that began as HTTP elsewhere, and client mode."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from siprouter.transport.connections import Peer
from siprouter.transport.endpoint import PROTO_WSS, Endpoint, ErrorCallback, Listener, url_host
from siprouter.transport.http import HttpFramer
from siprouter.transport.stream import StreamConnection
from siprouter.transport.tcp import StreamTransport
from siprouter.transport.tls import TlsConnection, TlsTransport
from siprouter.transport.websocket import MAX_MESSAGE, SUB_PROTOCOL, WebSocketFramer

MAX_RESPONSE = 16384
PATH = "/"


class ClientHandshake(StreamConnection):
    """A connection of ours: messages wait until the peer has agreed to speak `sip` over WebSocket (RFC 7118 4.1)."""

    _asked: ClientProtocol | None = None
    _early: list[tuple[bytes, Endpoint, ErrorCallback | None]]
    _early_size = 0
    _response_size = 0
    _deadline: asyncio.TimerHandle | None = None

    def prepare(self) -> None:
        """To be called once it is made."""
        uri = WebSocketURI(self.proto == PROTO_WSS, url_host(self.remote[0]), self.remote[1], PATH, "")
        self._asked = ClientProtocol(uri, subprotocols=[Subprotocol(SUB_PROTOCOL)], max_size=MAX_MESSAGE)
        self._early = []

    def send(self, data: bytes, to: Endpoint, on_error: ErrorCallback | None) -> bool:
        """See StreamConnection."""
        if self._asked is None:
            return super().send(data, to, on_error)
        if self._closed or not self.reusable or self._early_size > self._owner.options.conn_wq_max:
            return False
        self._early.append((data, to, on_error))
        self._early_size += len(data)
        return True

    def _ready(self, transport: asyncio.Transport) -> None:
        """Connected, over TLS where that is asked for: ask for a WebSocket."""
        super()._ready(transport)
        if self._asked is None:
            return
        self._deadline = self._owner.loop.call_later(self._owner.options.prelude_timeout, self._give_up)
        self._asked.send_request(self._asked.connect())
        self.write(b"".join(self._asked.data_to_send()))

    def _give_up(self) -> None:
        self._owner.log.error("%s does not answer the WebSocket handshake, closing", self.source)
        self.fail(TimeoutError("no WebSocket"))

    def _take(self, data: bytes) -> None:
        """The answer to the handshake, then frames."""
        asked = self._asked
        if asked is None:
            super()._take(data)
            return
        self._response_size += len(data)
        asked.receive_data(data)
        answers = [event for event in asked.events_received() if isinstance(event, Response)]
        if asked.state is OPEN and asked.subprotocol == SUB_PROTOCOL:
            self._agreed()
        elif answers or asked.handshake_exc is not None or self._response_size > MAX_RESPONSE:
            status = answers[0].status_code if answers else HTTPStatus.BAD_GATEWAY
            self._owner.log.error("%s does not agree to SIP over WebSocket (%d)", self.source, status)
            self.fail(ConnectionRefusedError("no WebSocket"))

    def _agreed(self) -> None:
        self._asked = None
        self._stop_waiting()
        self.upgrade(self.proto, self.listener, WebSocketFramer(client=True))
        early, self._early = self._early, []
        for data, to, on_error in early:
            self.send(data, to, on_error)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _finish(self, error: Exception) -> None:
        self._stop_waiting()
        early, self._early = self._early, []
        super()._finish(error)
        for _, to, on_error in early:
            if on_error is not None:
                self._owner.loop.call_soon(self._tell, on_error, to, error)


class SecureClient(ClientHandshake, TlsConnection):
    """The same over TLS."""


class WebSocketTransport(StreamTransport):
    """WebSockets, wherever they began: the table that it shares with TCP knows those by their new protocol."""

    def make_connection(self, listener: Listener | None, remote: Peer = ("", 0)) -> StreamConnection:
        """An accepted connection speaks HTTP first; where `remote` is given, we ask it for a WebSocket."""
        if not remote[1]:
            return StreamConnection(self, self.proto, listener, HttpFramer(), remote)
        connection = ClientHandshake(self, self.proto, listener, WebSocketFramer(client=True), remote)
        connection.prepare()
        return connection


class SecureWebSocketTransport(TlsTransport):
    """The same over TLS."""

    def make_connection(self, listener: Listener | None, remote: Peer = ("", 0)) -> TlsConnection:
        """See WebSocketTransport."""
        if not remote[1]:
            return TlsConnection(self, self.proto, listener, HttpFramer(), remote)
        connection = SecureClient(self, self.proto, listener, WebSocketFramer(client=True), remote)
        connection.prepare()
        return connection
