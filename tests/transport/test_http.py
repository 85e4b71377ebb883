"""HTTP framing: whole requests however the octets arrive, every bound, and replies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.sip.framing import PING
from siprouter.transport import http
from siprouter.transport.http import (
    CONTINUE,
    HttpFramer,
    HttpRefusal,
    HttpRequest,
    SwitchingFramer,
    build_http_reply,
    is_http,
)

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
OPTIONS = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"


def requests(framer: HttpFramer | SwitchingFramer, *pieces: bytes) -> list[object]:
    return [item for piece in pieces for item in framer.feed(piece)]


def test_request() -> None:
    (request,) = requests(HttpFramer(), GET)
    assert request == HttpRequest("GET", "/a?b=c", "1.1", [("host", b"x")], b"", True)
    assert request.get("host") == "x"
    assert request.get("accept") == ""


@given(st.lists(st.integers(0, len(GET + CHUNKED + GET)), max_size=6))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    stream = GET + CHUNKED + GET
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    for framer in (HttpFramer(), SwitchingFramer()):
        found = requests(framer, *pieces)
        assert [(item.method, item.target, item.body) for item in found if isinstance(item, HttpRequest)] == [
            ("GET", "/a?b=c", b""),
            ("POST", "/p", b"abcde"),
            ("GET", "/a?b=c", b""),
        ]
        assert len(found) == 3
        assert framer.idle


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_octets(data: bytes, cut: int) -> None:
    framer = SwitchingFramer()
    for piece in (data[:cut], data[cut:]):
        for item in framer.feed(piece):
            assert isinstance(item, bytes | HttpRequest | HttpRefusal)


def test_idle_only_between_requests() -> None:
    framer = SwitchingFramer()
    assert framer.idle
    framer.feed(b"GE")
    assert not framer.idle
    framer.feed(GET[2:-1])
    assert not framer.idle
    framer.feed(GET[-1:])
    assert framer.idle
    framer.feed(GET + b"POST /")
    assert not framer.idle


def test_keep_alive_of_both_versions() -> None:
    (old,) = requests(HttpFramer(), b"GET / HTTP/1.0\r\n\r\n")
    (kept,) = requests(HttpFramer(), b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    (closing,) = requests(HttpFramer(), b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert (old.keep_alive, kept.keep_alive, closing.keep_alive) == (False, True, False)


def test_a_client_that_waits_is_told_to_go_on() -> None:
    framer = HttpFramer()
    head = b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    assert requests(framer, head) == [CONTINUE]
    assert requests(framer, b"ab")[0].body == b"ab"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"x" * http.MAX_TARGET + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (http.MAX_HEADERS + 2), 431),
        (b"GET / HTTP/1.1\r\na: " + b"x" * http.MAX_HEAD, 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (http.MAX_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nNo colon\r\n\r\n", 400),
        (b"GET / HTTP/7.7\r\n\r\n", 400),
    ],
)
def test_refused(data: bytes, status: int) -> None:
    framer = HttpFramer()
    found = requests(framer, data)
    assert [item.status for item in found if isinstance(item, HttpRefusal)] == [status]
    assert framer.feed(GET) == []  # nothing behind it is read


def test_upgrade_keeps_what_follows() -> None:
    data = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nframes"
    framer = HttpFramer()
    (request,) = requests(framer, data)
    assert request.upgrade
    assert request.rest == b"frames"
    assert framer.feed(GET) == []


class TestRecognition:
    @pytest.mark.parametrize("line", [b"GET / HTTP/1.1", b"GET / HTTP/1.0\r", b"CANCEL sip:a HTTP/1.1"])
    def test_http(self, line: bytes) -> None:
        assert is_http(line)

    @pytest.mark.parametrize(
        "line", [b"OPTIONS sip:a SIP/2.0\r", b"HTTP/1.1 200 OK", b"", b"HTTP/1.1", b"GET / HTTP/2"]
    )
    def test_not_http(self, line: bytes) -> None:
        assert not is_http(line)

    def test_sip_stays_sip(self) -> None:
        framer = SwitchingFramer()
        assert requests(framer, OPTIONS, GET[:10]) == [OPTIONS]
        framer.feed(b"\r\n" + GET)
        assert framer.error is not None or framer.rest  # not a request of HTTP, whatever SIP says to it

    def test_http_stays_http(self) -> None:
        found = requests(SwitchingFramer(), GET + OPTIONS)
        assert isinstance(found[0], HttpRequest)
        assert found[1].status == 400

    def test_keep_alives_leave_it_open(self) -> None:
        framer = SwitchingFramer()
        assert requests(framer, b"\r\n\r\n")[0] is PING
        found = requests(framer, b"\r\n\r\nGET", b" / HTTP/1.1\r\n\r\n")
        assert found[0] is PING
        assert isinstance(found[1], HttpRequest)

    def test_an_endless_first_line_is_no_http(self) -> None:
        framer = SwitchingFramer()
        framer.feed(b"x" * http.MAX_FIRST_LINE)
        assert framer.feed(b" HTTP/1.1\r\n\r\n") == []
        assert not framer.idle


class TestReply:
    request = HttpRequest("GET", "/", "1.1", [], b"", True)

    def test_plain(self) -> None:
        data = build_http_reply(200, "OK", self.request, "text/plain", b"abc", b"X: y\r\n")
        assert data == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"

    def test_no_line_can_be_slipped_in(self) -> None:
        data = build_http_reply(200, "O\r\nK: v", self.request, "a\r\nb: c", b"")
        assert data.split(b"\r\n")[:2] == [b"HTTP/1.1 200 O  K: v", b"Content-Type: a  b: c"]

    def test_big_bodies_in_chunks(self) -> None:
        body = bytes(range(256)) * 400
        data = build_http_reply(200, "", self.request, "", body)
        head, _, rest = data.partition(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in head
        assert b"Content-Length" not in head
        whole = b""
        while True:
            size, _, rest = rest.partition(b"\r\n")
            if int(size, 16) == 0:
                break
            whole += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        assert whole == body
        assert rest == b"\r\n"

    def test_old_clients_get_no_chunks(self) -> None:
        old = HttpRequest("GET", "/", "1.0", [], b"", True)
        data = build_http_reply(200, "OK", old, "", b"x" * 100_000)
        assert data.startswith(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 100000\r\n")

    def test_head_and_no_content(self) -> None:
        head = HttpRequest("HEAD", "/", "1.1", [], b"", True)
        assert build_http_reply(200, "OK", head, "", b"abc").endswith(b"Content-Length: 3\r\n\r\n")
        assert build_http_reply(204, "", self.request, "", b"abc") == b"HTTP/1.1 204 No Content\r\n\r\n"

    def test_without_request_it_closes(self) -> None:
        assert b"Connection: close\r\n" in build_http_reply(400, "")
        assert build_http_reply(799, "").startswith(b"HTTP/1.1 799 Status\r\n")
