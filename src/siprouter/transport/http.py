"""HTTP/1.0 and 1.1 on stream connections: bytes to whole requests, replies to bytes (RFC 9112). No I/O.

llhttp (by httptools) reads the octets; this file bounds what it may collect. Requests come out whole, their chunks
joined. A connection speaks SIP or HTTP from its first line to its end: that both could alternate would let one be
smuggled inside the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import httptools

from siprouter.sip.errors import MessageError
from siprouter.sip.framing import Framer as SipFramer

MAX_HEAD = 65536
MAX_TARGET = 8192
MAX_HEADERS = 200
MAX_BODY = 1 << 20
MAX_FIRST_LINE = 16384
CHUNKED_FROM = 1 << 16
"""a body of this size or more goes out in chunks, where the client knows them (RFC 9112 7.1)"""
CHUNK = 1 << 14

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class HttpRequest:
    """One request: `target` as on its first line, names of header fields in lower case, the body without framing."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, bytes]]
    body: bytes
    keep_alive: bool
    upgrade: bool = False
    """the client asks for another protocol; what follows on the connection is no HTTP if it gets that"""
    rest: bytes = b""
    """octets behind a request with `upgrade`"""

    def get(self, name: str) -> str:
        """The first value of a header field, `name` in lower case; "" where it is absent."""
        for known, value in self.headers:
            if known == name:
                return value.decode("utf-8", "surrogateescape")
        return ""


@dataclass(slots=True)
class HttpRefusal:
    """A request that cannot be read on: the status to answer before the connection closes."""

    status: int
    reason: str


class _TooBig(Exception):
    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason


HttpItem = HttpRequest | HttpRefusal | bytes


class HttpFramer:
    """Cuts a connection's octets into requests; see transport.stream.Framer. `feed` gives at most one HttpRefusal."""

    def __init__(self) -> None:
        self.error: MessageError | None = None
        self.rest = b""
        self._refused = False
        self._parser = httptools.HttpRequestParser(self)
        self._done: list[HttpItem] = []
        self._clear()

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return not self._begun

    def feed(self, data: bytes) -> list[HttpItem]:
        """The requests that `data` completes, `CONTINUE` where a client waits for it, or a refusal."""
        if self._refused:
            return []
        found = self._done = []
        try:
            if not self._headers_done:
                self._head += len(data)
            self._parser.feed_data(data)
            if not self._headers_done and self._head > MAX_HEAD:
                raise _TooBig(431, "Request Header Fields Too Large")
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, _TooBig):
                self._refuse(cause.status, cause.reason)
            else:
                self._refuse(400, "Bad Request")
        except _TooBig as error:
            self._refuse(error.status, error.reason)
        return found

    def _refuse(self, status: int, reason: str) -> None:
        self._refused = True
        self._done.append(HttpRefusal(status, reason))

    def _upgraded(self, rest: bytes) -> None:
        """The parser stops behind a request that asks for another protocol, whatever becomes of that wish."""
        last = self._done[-1] if self._done else None
        if isinstance(last, HttpRequest):
            last.rest = rest
        self._refused = True  # nothing behind it can be read as HTTP

    def _clear(self) -> None:
        self._begun = False
        self._head = 0
        self._headers_done = False
        self._target = b""
        self._headers: list[tuple[str, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0

    # what the parser calls

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begun = True

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._target += url
        if len(self._target) > MAX_TARGET:
            raise _TooBig(414, "URI Too Long")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field."""
        self._headers.append((name.decode("ascii", "replace").lower(), value))
        if len(self._headers) > MAX_HEADERS:
            raise _TooBig(431, "Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """The empty line."""
        self._headers_done = True
        expects = any(name == "expect" and value.lower() == b"100-continue" for name, value in self._headers)
        if expects and self._parser.get_http_version() == "1.1":
            self._done.append(CONTINUE)

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        self._size += len(data)
        if self._size > MAX_BODY:
            raise _TooBig(413, "Content Too Large")
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        parser = self._parser
        request = HttpRequest(
            parser.get_method().decode("ascii", "replace"),
            self._target.decode("utf-8", "surrogateescape"),
            parser.get_http_version(),
            self._headers,
            b"".join(self._body),
            parser.should_keep_alive(),
            parser.should_upgrade(),
        )
        self._clear()
        self._done.append(request)


class SwitchingFramer:
    """SIP or HTTP, as the first line of the connection says: HTTP where it ends with "HTTP/1.0" or "HTTP/1.1"."""

    def __init__(self, need_length: bool = True) -> None:
        self._framer: SipFramer | HttpFramer | None = None
        self._sip = SipFramer(need_length=need_length)
        self._start = b""

    @property
    def error(self) -> MessageError | None:
        """See transport.stream.Framer."""
        return self._sip.error

    @property
    def idle(self) -> bool:
        """Whether no message is under way."""
        return not self._start if self._framer is None else self._framer.idle

    @property
    def rest(self) -> bytes:
        """See transport.stream.Framer."""
        return self._sip.rest

    def feed(self, data: bytes) -> list[bytes] | list[HttpItem]:
        """See transport.stream.Framer and HttpFramer."""
        if self._framer is not None:
            return self._framer.feed(data)
        data = self._start + data
        begin = len(data) - len(data.lstrip(b"\r\n"))
        if begin == len(data):  # keep-alives: still anything may follow
            return self._sip.feed(data)
        end = data.find(b"\n", begin, begin + MAX_FIRST_LINE)
        if end < 0 and len(data) - begin < MAX_FIRST_LINE:
            pings = self._sip.feed(data[:begin]) if begin else []
            self._start = data[begin:]
            return pings
        self._start = b""
        if is_http(data[begin : max(end, 0)]):
            self._framer = HttpFramer()
            return self._framer.feed(data[begin:])
        self._framer = self._sip
        return self._sip.feed(data)


def is_http(line: bytes) -> bool:
    """Whether a first line (its end may be missing) is that of an HTTP request."""
    return line.rstrip(b"\r").endswith((b" HTTP/1.1", b" HTTP/1.0"))


def build_http_reply(
    status: int,
    reason: str,
    request: HttpRequest | None = None,
    content_type: str = "",
    body: bytes = b"",
    headers: bytes = b"",
    keep_alive: bool = True,
) -> bytes:
    """A reply. `headers` are whole lines; without `request` (it could not be read) the connection closes behind it.

    Control characters in `reason` and `content_type` become spaces, so that no line can be added by them.
    """
    version = request.version if request is not None else "1.1"
    keep_alive = keep_alive and request is not None and request.keep_alive
    lines = [f"HTTP/{version} {status} {_one_line(reason) or _phrase(status)}\r\n"]
    if content_type:
        lines.append(f"Content-Type: {_one_line(content_type)}\r\n")
    if not keep_alive:
        lines.append("Connection: close\r\n")
    elif version == "1.0":
        lines.append("Connection: keep-alive\r\n")
    chunked = len(body) >= CHUNKED_FROM and version == "1.1" and request is not None
    if status >= 200 and status not in (204, 304):
        lines.append("Transfer-Encoding: chunked\r\n" if chunked else f"Content-Length: {len(body)}\r\n")
    else:
        body = b""
    head = "".join(lines).encode("utf-8", "surrogateescape") + headers + b"\r\n"
    if request is not None and request.method == "HEAD":
        return head
    return head + (_chunks(body) if chunked and body else body)


def _chunks(body: bytes) -> bytes:
    parts = []
    for start in range(0, len(body), CHUNK):
        part = body[start : start + CHUNK]
        parts.append(b"%x\r\n%b\r\n" % (len(part), part))
    return b"".join(parts) + b"0\r\n\r\n"


def _one_line(text: str) -> str:
    return "".join(char if char >= " " and char != "\x7f" else " " for char in text).strip()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
