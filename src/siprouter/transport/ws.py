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
from siprouter.transport.endpoint import PROTO_WSS, Endpoint, Listener, url_host
from siprouter.transport.http import HttpFramer
from siprouter.transport.stream import StreamConnection, StreamOwner
from siprouter.transport.stream_parts import Framer
from siprouter.transport.tcp import StreamTransport
from siprouter.transport.websocket import MAX_MESSAGE, SUB_PROTOCOL, WebSocketFramer

MAX_RESPONSE = 16384
PATH = "/"


class WebSocketTransport(StreamTransport):
    """WebSockets, wherever they began: the table that it shares with TCP knows those by their new protocol."""

    def make_connection(self, listener: Listener | None, remote: Peer = ("", 0)) -> StreamConnection:
        """An accepted connection speaks HTTP first; where `remote` is given, we ask it for a WebSocket."""
        if remote[1]:
            return ClientConnection(self, self.proto, listener, WebSocketFramer(client=True), remote)
        return StreamConnection(self, self.proto, listener, HttpFramer(), remote)

    def _connect(self, to: Endpoint) -> StreamConnection | None:
        """See StreamTransport; only without TLS."""
        if self.proto == PROTO_WSS:
            self.log.error("no connection to %s, and wss is for servers only", to)
            return None
        return super()._connect(to)


class ClientConnection(StreamConnection):
    """A connection of ours: messages wait until the peer has agreed to speak `sip` over WebSocket (RFC 7118 4.1)."""

    def __init__(self, owner: StreamOwner, proto: int, listener: Listener | None, framer: Framer, remote: Peer) -> None:
        super().__init__(owner, proto, listener, framer, remote)
        uri = WebSocketURI(False, url_host(remote[0]), remote[1], PATH, "")
        self._handshake: ClientProtocol | None = ClientProtocol(
            uri, subprotocols=[Subprotocol(SUB_PROTOCOL)], max_size=MAX_MESSAGE
        )
        self._size = 0

    def _open(self, transport: asyncio.Transport) -> None:
        """Connected: ask for a WebSocket, and wait."""
        assert self._handshake is not None
        self.source = Endpoint(self.proto, self.remote[0], self.remote[1], self.id, self.listener)
        self._opening_since = self._owner.loop.time()
        self._handshake.send_request(self._handshake.connect())
        transport.write(b"".join(self._handshake.data_to_send()))
        self._arm()

    def _decode(self, data: bytes) -> None:
        """The answer to the handshake, then frames."""
        handshake = self._handshake
        if handshake is None:
            self._take(data)
            return
        self._size += len(data)
        handshake.receive_data(data)
        answers = [event for event in handshake.events_received() if isinstance(event, Response)]
        if handshake.state is OPEN and handshake.subprotocol == SUB_PROTOCOL:
            self._agreed(handshake)
        elif answers or handshake.handshake_exc is not None or self._size > MAX_RESPONSE:
            status = answers[0].status_code if answers else HTTPStatus.BAD_GATEWAY
            self._owner.log.error("%s does not agree to SIP over WebSocket (%d)", self.source, status)
            self.fail(ConnectionRefusedError("no WebSocket"))

    def _agreed(self, handshake: ClientProtocol) -> None:
        self._handshake = None
        framer = WebSocketFramer(client=True)
        self.upgrade(self.proto, self.listener, framer)
        self._waiting = [(framer.encode(data), to, on_error) for data, to, on_error in self._waiting]
        assert self._transport is not None
        self._ready(self._transport)
