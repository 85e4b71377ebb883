"""WebSocket with the sub-protocol `sip` (RFC 6455, RFC 7118): frames to SIP messages and back. No I/O.

The library `websockets` knows frames and handshakes; this file joins fragments and keeps to RFC 7118: one message of
WebSocket is one SIP message. No extension is negotiated, so that what arrives is as large as it says.
"""

from __future__ import annotations

from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import CLOSED, CLOSING, OPEN, Protocol, Side
from websockets.server import ServerProtocol

from siprouter.sip.errors import MessageError
from siprouter.sip.framing import PING, PONG
from siprouter.transport.http import HttpRequest

MAX_MESSAGE = 65535
SUB_PROTOCOL = "sip"
MAX_CONTROLS = 64
"""Ping and Close frames answered for one piece of input; more of them is an attack"""


def accept(request: HttpRequest, allowed: tuple[str, ...] = (SUB_PROTOCOL,)) -> Response:
    """The answer to a handshake: 101 with the first of the client's sub-protocols that is allowed, else an error."""
    headers = Headers()
    for name, value in request.headers:
        headers[name] = value.decode("latin-1")
    if request.method != "GET" or request.version != "1.1":
        return _refuse(405 if request.method != "GET" else 400)
    offered = [token.strip() for value in headers.get_all("Sec-WebSocket-Protocol") for token in value.split(",")]
    chosen = next((token for token in offered if token.lower() in allowed), None)
    if chosen is None:
        return _refuse(400)
    server = ServerProtocol(subprotocols=None, select_subprotocol=lambda _protocol, _offered: chosen)  # type: ignore[arg-type,return-value]
    return server.accept(Request(request.target, headers))


def _refuse(status: int) -> Response:
    return Response(status, "", Headers())


class WebSocketFramer:
    """What a connection reads and writes with once its handshake is done; see transport.stream.Framer."""

    def __init__(self, client: bool = False) -> None:
        self._protocol = Protocol(Side.CLIENT if client else Side.SERVER, state=OPEN, max_size=MAX_MESSAGE)
        self._parts: list[bytes] = []
        self.received = 0
        self.sent = 0

    @property
    def error(self) -> MessageError | None:
        """Broken frames end the connection by a Close frame, not by a SIP reply."""
        return None

    @property
    def rest(self) -> bytes:
        """See transport.stream.Framer."""
        return b""

    @property
    def idle(self) -> bool:
        """Whether no message is under way, as far as whole frames say."""
        return not self._parts

    @property
    def ended(self) -> bool:
        """Whether nothing more can be sent: a Close frame went out."""
        return self._protocol.state in (CLOSING, CLOSED)

    @property
    def finished(self) -> bool:
        """Whether both sides have said Close, or the peer broke the rules: the connection is to be closed."""
        return self._protocol.close_expected()

    @property
    def close_code(self) -> int:
        """The code of the Close frame that came, or of ours; 1006 where there was none."""
        close = self._protocol.close_rcvd or self._protocol.close_sent
        return CloseCode.ABNORMAL_CLOSURE if close is None else close.code

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes; PING and PONG where a frame holds a keep-alive of RFC 5626."""
        protocol = self._protocol
        if protocol.state is CLOSED:
            return []
        protocol.receive_data(data)
        found: list[bytes] = []
        controls = 0
        for frame in protocol.events_received():
            assert isinstance(frame, Frame)
            if frame.opcode in (Opcode.PING, Opcode.CLOSE):
                controls += 1
            elif frame.opcode is not Opcode.PONG:
                self._message(frame, found)
        if controls > MAX_CONTROLS and not self.ended:
            protocol.fail(CloseCode.POLICY_VIOLATION, "too many control frames")
        return found

    def _message(self, frame: Frame, found: list[bytes]) -> None:
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        self.received += 1
        message = b"".join(self._parts)
        self._parts = []
        if message == b"\r\n\r\n":
            found.append(PING)
        elif message == b"\r\n":
            found.append(PONG)
        elif message:
            found.append(message)

    def encode(self, data: bytes) -> bytes:
        """One SIP message as a frame: text where it is UTF-8 (RFC 7118 4.2), else binary."""
        self.sent += 1
        try:
            data.decode()
            self._protocol.send_text(data)
        except UnicodeDecodeError:
            self._protocol.send_binary(data)
        return self.output()

    def ping(self, data: bytes) -> bytes:
        """A Ping frame; at most 125 octets of `data` go with it."""
        self._protocol.send_ping(data[:125])
        return self.output()

    def pong(self, data: bytes) -> bytes:
        """A Pong frame that nobody asked for; at most 125 octets of `data` go with it."""
        self._protocol.send_pong(data[:125])
        return self.output()

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> bytes:
        """A Close frame, nothing if there was one. Raises ValueError for a code that may not be sent."""
        if self.ended:
            return b""
        if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
            raise ValueError(f"{code} is no code to close a WebSocket with")
        self._protocol.send_close(code, reason.encode()[:123].decode(errors="ignore"))
        return self.output()

    def output(self) -> bytes:
        """What is to be written now: answers to Ping and Close frames included."""
        return b"".join(self._protocol.data_to_send())
