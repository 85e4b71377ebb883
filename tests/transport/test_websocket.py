"""WebSocket framing for SIP: handshakes, fragments, control frames, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.sip.framing import PING, PONG
from siprouter.transport.http import HttpRequest
from siprouter.transport.websocket import MAX_CONTROLS, MAX_MESSAGE, WebSocketFramer, accept

HEADERS = [
    ("host", b"x"),
    ("upgrade", b"websocket"),
    ("connection", b"keep-alive, Upgrade"),
    ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-version", b"13"),
    ("sec-websocket-protocol", b"msrp, SIP"),
]


def handshake(method: str = "GET", version: str = "1.1", **changes: bytes | None) -> HttpRequest:
    fields = dict(HEADERS) | {name.replace("_", "-"): value for name, value in changes.items()}
    headers = [(name, value) for name, value in fields.items() if value is not None]
    return HttpRequest(method, "/", version, headers, b"", True, True)


def pair() -> tuple[WebSocketFramer, WebSocketFramer]:
    return WebSocketFramer(client=True), WebSocketFramer()


def test_accepted_with_the_clients_spelling() -> None:
    response = accept(handshake())
    assert response.status_code == 101
    assert response.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 1.3
    assert response.headers["Sec-WebSocket-Protocol"] == "SIP"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (handshake(sec_websocket_protocol=None), 400),
        (handshake(sec_websocket_protocol=b"chat"), 400),
        (handshake(sec_websocket_key=None), 400),
        (handshake(sec_websocket_key=b"short"), 400),
        (handshake(sec_websocket_version=b"8"), 400),
        (handshake(upgrade=b"h2c"), 426),
        (handshake(method="POST"), 405),
        (handshake(version="1.0"), 400),
    ],
    ids=str,
)
def test_refused(request_: HttpRequest, status: int) -> None:
    assert accept(request_).status_code == status


@given(st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=5), st.integers(1, 50))
def test_messages_survive_in_pieces(messages: list[bytes], step: int) -> None:
    messages = [message for message in messages if message not in (b"\r\n", b"\r\n\r\n")]
    client, server = pair()
    stream = b"".join(client.encode(message) for message in messages)
    found = [item for start in range(0, len(stream), step) for item in server.feed(stream[start : start + step])]
    assert found == messages
    assert (client.sent, server.received) == (len(messages), len(messages))


@given(st.binary(max_size=400))
def test_any_octets_end_in_a_close_frame_at_worst(data: bytes) -> None:
    server = WebSocketFramer()
    server.feed(data)
    server.feed(data)
    assert isinstance(server.output(), bytes)


def test_keep_alives_of_sip() -> None:
    client, server = pair()
    assert server.feed(client.encode(b"\r\n\r\n") + client.encode(b"\r\n"))[0] is PING
    assert server.feed(client.encode(b"\r\n"))[0] is PONG


def test_ping_is_answered() -> None:
    client, server = pair()
    assert server.feed(client.ping(b"x" * 200)) == []
    answer = server.output()
    assert answer.endswith(b"x" * 125)
    assert client.feed(answer) == []


def test_floods_of_control_frames_end_it() -> None:
    client, server = pair()
    server.feed(b"".join(client.ping(b"") for _ in range(MAX_CONTROLS + 1)))
    assert server.ended
    client.feed(server.output())
    assert client.close_code == 1008


def test_too_large() -> None:
    client, server = pair()
    assert server.feed(client.encode(b"x" * MAX_MESSAGE)) != []
    assert server.feed(client.encode(b"x" * (MAX_MESSAGE + 1))) == []
    assert server.finished
    client.feed(server.output())
    assert client.close_code == 1009


def test_fragments_are_bounded_together() -> None:
    server = WebSocketFramer()
    mask = b"\0\0\0\0"
    piece = b"x" * 40_000
    frame = b"%c\xfe" + len(piece).to_bytes(2, "big") + mask + piece
    assert server.feed(frame % 0x01) == []
    assert not server.idle
    server.feed(frame % 0x80)
    assert server.finished


def test_close_from_either_side() -> None:
    client, server = pair()
    client.feed(server.close(4001, "why"))
    server.feed(client.output())
    assert (client.close_code, server.close_code) == (4001, 4001)
    assert server.ended
    assert server.close() == b""
    assert server.finished


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_codes_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(ValueError, match="no code"):
        WebSocketFramer().close(code)


def test_long_reasons_are_cut_between_characters() -> None:
    client, server = pair()
    client.feed(server.close(1000, "ü" * 100))
    assert client.close_code == 1000


def test_text_where_it_is_utf8() -> None:
    _, server = pair()
    assert server.encode("ü".encode())[0] == 0x81
    assert server.encode(b"\xff")[0] == 0x82
