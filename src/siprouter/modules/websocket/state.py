"""The instance of websocket: handshakes, the connections that came of them, keep-alives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.declare import stat
from siprouter.core.http import HttpExchange, sip_view
from siprouter.core.observe import route_for
from siprouter.transport.endpoint import PROTO_TCP, PROTO_TLS, PROTO_WS, PROTO_WSS, Listener
from siprouter.transport.http import HttpRequest
from siprouter.transport.stream import StreamConnection
from siprouter.transport.websocket import accept
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

SIP = 1
NO_KEEPALIVE, BY_PING, BY_PONG = range(3)
NO_CORS, CORS_ANY, CORS_ORIGIN = range(3)
CLOSED_EVENT = "websocket:closed"
_CARRIED = {PROTO_TCP: PROTO_WS, PROTO_TLS: PROTO_WSS, PROTO_WS: PROTO_WS, PROTO_WSS: PROTO_WSS}

STATS = [
    stat("ws_current_connections", "WebSockets open now", lambda ws: len(ws.connections)),
    stat("ws_max_concurrent_connections", "most WebSockets open at a time", lambda ws: ws.most),
    stat("ws_successful_handshakes", "handshakes that were accepted"),
    stat("ws_failed_handshakes", "handshakes that were refused"),
    stat("ws_local_closed_connections", "WebSockets closed by us"),
    stat("ws_remote_closed_connections", "WebSockets closed by the peer"),
    stat("ws_received_frames", "messages received", lambda ws: ws.frames("received"), cumulative=True),
    stat("ws_transmitted_frames", "messages sent", lambda ws: ws.frames("sent"), cumulative=True),
]


class WebSocket:
    """One instance per worker. `connections` are those accepted here, by number, oldest first."""

    keepalive_mechanism: int
    keepalive_timeout: int
    keepalive_interval: int
    ping_application_data: str | None
    sub_protocols: int
    cors_mode: int
    verbose_list: int
    stats: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.connections: dict[int, StreamConnection] = {}
        self.enabled = True
        self.most = 0
        self.closing: set[int] = set()
        self._past_frames = {"received": 0, "sent": 0}
        self._next_look = 0.0

    def configure(self) -> None:
        """Make WebSocket possible on the stream listeners. Raises OperatorError."""
        if self.sub_protocols != SIP:
            raise OperatorError("parameter sub_protocols of module websocket: only 1 (sip) is available")
        if self.keepalive_mechanism not in (NO_KEEPALIVE, BY_PING, BY_PONG):
            raise OperatorError("parameter keepalive_mechanism of module websocket must be 0, 1 or 2")
        if self.cors_mode not in (NO_CORS, CORS_ANY, CORS_ORIGIN):
            raise OperatorError("parameter cors_mode of module websocket must be 0, 1 or 2")
        listeners = self.worker.listeners
        for listener in list(listeners):
            if listener.proto in (PROTO_TCP, PROTO_TLS):
                listeners.share(listener, _CARRIED[listener.proto])
        self.worker.hooks.http_in.append(self.on_own_port)
        self.worker.hooks.tick.append(self.look)

    # --- handshakes

    def on_own_port(self, exchange: HttpExchange) -> bool:
        """A request on a port for WebSocket alone, where no event route took it."""
        if exchange.source.proto not in (PROTO_WS, PROTO_WSS) or not exchange.request.upgrade:
            return False
        self.handshake(exchange)
        return True

    def handshake(self, exchange: HttpExchange) -> bool:
        """Answer a handshake; True: the connection is a WebSocket now."""
        upgrade = self.worker.services.get("upgrade")
        listener = self.listener(exchange)
        if not self.enabled or upgrade is None or listener is None:
            self.stats.ws_failed_handshakes.inc()
            exchange.reply(503, "Service Unavailable", close=True)
            return False
        response = accept(exchange.request)
        if response.status_code != 101:
            self.stats.ws_failed_handshakes.inc()
            headers = b"".join(f"{name}: {value}\r\n".encode() for name, value in _own_headers(response.headers))
            exchange.reply(response.status_code, "", "text/plain", bytes(response.body), headers, close=True)
            return False
        self.add_cors(exchange.request, response.headers)
        if not exchange.hand_over(response.serialize()):
            return False
        connection = upgrade(exchange.source.connection, listener, exchange.request.rest, self.closed)
        if connection is None:
            return False
        self.connections[connection.id] = connection
        self.most = max(self.most, len(self.connections))
        self.stats.ws_successful_handshakes.inc()
        return True

    def listener(self, exchange: HttpExchange) -> Listener | None:
        """The listener for WebSocket on the socket that a request came by."""
        source = exchange.source
        if source.listener is None or source.proto not in _CARRIED:
            return None
        if source.proto in (PROTO_WS, PROTO_WSS):
            return source.listener
        found: Listener = self.worker.listeners.share(source.listener, _CARRIED[source.proto])
        return found

    def add_cors(self, request: HttpRequest, headers: Any) -> None:
        """Access-Control-Allow-Origin as cors_mode says."""
        origin = request.get("origin")
        if self.cors_mode == CORS_ANY:
            headers["Access-Control-Allow-Origin"] = "*"
        elif self.cors_mode == CORS_ORIGIN and origin.isprintable() and origin:
            headers["Access-Control-Allow-Origin"] = origin

    # --- connections

    def find(self, number: int) -> StreamConnection | None:
        """A connection that is still open."""
        return self.connections.get(number)

    def close(self, connection: StreamConnection, code: int, reason: str) -> None:
        """Say Close and close. Raises ValueError for a code that may not be sent."""
        assert connection.websocket is not None
        frame = connection.websocket.close(code, reason)
        self.closing.add(connection.id)
        connection.write(frame)
        connection.close()

    def closed(self, connection: StreamConnection) -> None:
        """A connection is gone: count it, tell the script."""
        if self.connections.pop(connection.id, None) is None:
            return
        if connection.id in self.closing:
            self.closing.discard(connection.id)
            self.stats.ws_local_closed_connections.inc()
        else:
            self.stats.ws_remote_closed_connections.inc()
        framer = connection.websocket
        if framer is not None:
            self._past_frames["received"] += framer.received
            self._past_frames["sent"] += framer.sent
        script = self.worker.script
        route = None if script is None else script.event_routes.get(CLOSED_EVENT)
        if route is None:
            return
        msg = sip_view(_NOTHING, connection.source, self.worker.random_bytes(8).hex())
        ctx = Context(self.worker, script, msg, connection.source, self.worker.now())
        result = route_for(ctx, route).run(ctx)
        if not isinstance(result, int):
            self.worker.spawn(_finish(result), CLOSED_EVENT)

    def frames(self, which: str) -> int:
        """Messages "received" or "sent" over all connections, past ones included."""
        present = [connection.websocket for connection in self.connections.values()]
        counts: list[int] = [getattr(framer, which) for framer in present if framer is not None]
        return self._past_frames[which] + sum(counts)

    # --- keep-alives

    def look(self, now: float) -> None:
        """Send keep-alives over connections without traffic."""
        if self.keepalive_mechanism == NO_KEEPALIVE or now < self._next_look:
            return
        self._next_look = now + self.keepalive_interval
        for connection in list(self.connections.values()):
            idle = connection.idle_for()
            if self.verbose_list:
                self.worker.log.info("websocket %d: idle for %d s", connection.id, idle, source="websocket")
            if idle >= self.keepalive_timeout:
                self.keep_alive(connection, self.keepalive_mechanism == BY_PING)

    def keep_alive(self, connection: StreamConnection, ping: bool) -> bool:
        """Send a Ping or a Pong; False where the connection is about to close."""
        framer = connection.websocket
        if framer is None or framer.ended:
            return False
        data = self.application_data()
        connection.write(framer.ping(data) if ping else framer.pong(data))
        connection.touch()
        return True

    def application_data(self) -> bytes:
        """What goes into Ping and Pong frames."""
        if self.ping_application_data is not None:
            return self.ping_application_data.encode("utf-8", "surrogateescape")
        header: str = self.worker.settings.server_header or "siprouter"
        return header.encode("utf-8", "surrogateescape")


_NOTHING = HttpRequest("GET", "/", "1.1", [], b"", True)


async def _finish(running: Any) -> None:
    await running


def _own_headers(headers: Any) -> list[tuple[str, str]]:
    """What a refusal tells beside the framing of its body, which is ours."""
    framing = ("content-length", "content-type", "connection", "date")
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in framing]
