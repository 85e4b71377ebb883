"""What must hold for any octets on a stream that may speak SIP, HTTP or WebSocket."""

from __future__ import annotations

import random
from collections.abc import Callable

from siprouter.core.http import sip_view
from siprouter.sip.errors import MessageError
from siprouter.sip.framing import PING, PONG
from siprouter.transport.endpoint import PROTO_TCP, Endpoint
from siprouter.transport.http import MAX_BODY, MAX_TARGET, HttpRefusal, HttpRequest, SwitchingFramer, build_http_reply
from siprouter.transport.websocket import MAX_MESSAGE, WebSocketFramer, accept

SOURCE = Endpoint(PROTO_TCP, "192.0.2.1", 40000)
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
)


def http_seeds() -> list[bytes]:
    """Requests to begin with."""
    return [
        b"GET /welcome?a=b HTTP/1.1\r\nHost: a.example:5060\r\nAccept: */*\r\n\r\n",
        b"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: y\r\n\r\n3;e=f\r\nabc\r\n0\r\ny: z\r\n\r\n",
        b"PUT http://x/y HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
        b"\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        HANDSHAKE,
        HANDSHAKE.replace(b"Host: x", b"Via: x\r\nTo: <y\r\nCSeq: 99999999999 Z\r\nContent-Length: 0"),
    ]


def websocket_seeds() -> list[bytes]:
    """Frames of a client to begin with."""
    client = WebSocketFramer(client=True)
    random.seed(7)  # the library masks frames with it
    return [
        client.encode(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n"),
        client.encode(b"\r\n\r\n") + client.encode(b"\xff\xfe"),
        client.ping(b"abc") + client.pong(b""),
        b"\x01\x83\0\0\0\0abc\x00\x82\0\0\0\0de\x80\x81\0\0\0\0f",
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
        client.close(1000, "bye"),
    ]


def check_http(data: bytes, size: int) -> None:
    """Pieces make no difference; what comes out is bounded; the script's view of it exists or is refused with 400."""
    whole = summary(SwitchingFramer(), [data])
    assert summary(SwitchingFramer(), pieces(data, size)) == whole
    for item in whole:
        if isinstance(item, HttpRefusal):
            assert 400 <= item.status < 500 and item.reason
            assert whole[-1] is item
        elif isinstance(item, HttpRequest):
            check_request(item)


def check_request(request: HttpRequest) -> None:
    """A request that came whole."""
    assert len(request.target) <= MAX_TARGET and len(request.body) <= MAX_BODY
    try:
        msg = sip_view(request, SOURCE, "0123456789abcdef")
        assert msg.is_request and msg.via.host and msg.body == request.body
    except MessageError as error:
        assert error.status in (400, 505)
    assert 101 <= accept(request).status_code <= 426
    assert build_http_reply(200, "OK", request, "a/b", b"x").startswith(b"HTTP/1.")


def check_websocket(data: bytes, size: int) -> None:
    """Frames in pieces give the same messages; broken ones end in a Close frame, never in an error of ours."""
    whole, cut = WebSocketFramer(), WebSocketFramer()
    messages = whole.feed(data)
    assert [item for piece in pieces(data, size) for item in cut.feed(piece)] == messages
    assert all(len(message) <= MAX_MESSAGE for message in messages)
    assert isinstance(whole.output(), bytes)
    assert not whole.feed(b"\x80") or not whole.ended


def pieces(data: bytes, size: int) -> list[bytes]:
    """`data` cut up."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def summary(framer: SwitchingFramer, parts: list[bytes]) -> list[object]:
    """What a framer gives, without keep-alives and what follows an upgrade: those depend on the pieces."""
    found: list[object] = []
    for part in parts:
        for item in framer.feed(part):
            if isinstance(item, HttpRequest):
                item.rest = b""
            if item is not PING and item is not PONG:
                found.append(item)
    return found


CHECKS: dict[str, tuple[Callable[[], list[bytes]], Callable[[bytes, int], None]]] = {
    "http": (http_seeds, check_http),
    "websocket": (websocket_seeds, check_websocket),
}
