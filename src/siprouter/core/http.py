"""HTTP requests that arrive on SIP ports: one exchange from the request to its one reply, and the script's view of it.

The script reads an HTTP request as if it were SIP: the header fields that SIP wants and HTTP does not have are made up.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.observe import route_for
from siprouter.core.send_flags import reply_flags
from siprouter.sip.errors import MessageError
from siprouter.sip.message import Message, parse_message
from siprouter.transport.endpoint import PROTO_NAMES, PROTO_TLS, PROTO_WSS, SEND_CLOSE, SEND_REUSE_ONLY, Endpoint
from siprouter.transport.http import HttpRequest, build_http_reply
from siprouter.util.errors import OperatorError
from siprouter.util.regex import Regex
from siprouter.util.regex_syntax import RegexError

if TYPE_CHECKING:
    from siprouter.core.routes import CompiledRoute
    from siprouter.core.worker import Worker

KEY = "http"
"""`ctx.vars` holds the exchange under this name"""
MAX_WAITING = 32
"""requests that a client may send on a connection before it has read the first reply"""

_MADE_UP = frozenset(
    ("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "max-forwards", "content-length", "l",
     "route", "record-route", "transfer-encoding", "trailer")
)  # fmt: skip
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


class HttpExchange:
    """A request and its reply. Handlers (`hooks.http_in`) answer at once, or run a route that answers later."""

    __slots__ = ("_line", "answered", "request", "source", "worker")

    def __init__(self, worker: Worker, request: HttpRequest, source: Endpoint, line: HttpLine) -> None:
        self.worker = worker
        self.request = request
        self.source = source
        self.answered = False
        self._line = line

    @property
    def path(self) -> str:
        """The target as on the request's first line: path and query."""
        return self.request.target

    def reply(
        self,
        status: int,
        reason: str = "",
        content_type: str = "",
        body: bytes = b"",
        headers: bytes = b"",
        close: bool = False,
    ) -> bool:
        """Answer; False where that was done before or the connection is gone. `headers` are whole lines with CRLF."""
        if self.answered:
            return False
        self.answered = True
        close = close or not self.request.keep_alive
        data = build_http_reply(status, reason, self.request, content_type, body, headers, not close)
        sent = self._send(data, close)
        self._line.ended(self)
        return sent

    def hand_over(self, data: bytes) -> bool:
        """The reply that ends HTTP on this connection (101); what comes next on it is no request. False: it is gone."""
        self.answered = True
        self._line.waiting.clear()
        sent = self._send(data, False)
        self._line.ended(self)
        return sent

    def _send(self, data: bytes, close: bool) -> bool:
        source = self.source
        flags = SEND_REUSE_ONLY | (SEND_CLOSE if close else 0)
        to = Endpoint(source.proto, source.ip, source.port, source.connection, source.listener, flags)
        sent: bool = self.worker.outlet.send(data, to)
        return sent

    def context(self) -> Context:
        """The request as the script sees it. Raises MessageError for header fields that cannot be."""
        worker = self.worker
        msg = sip_view(self.request, self.source, worker.random_bytes(8).hex())
        ctx = Context(worker, worker.script, msg, self.source, worker.now())
        ctx.vars[KEY] = self
        return ctx

    def reply_from(self, ctx: Context, status: int, reason: str, content_type: str = "", body: bytes = b"") -> bool:
        """Answer with the reply header fields that the script added, and close where it asked for that."""
        close = bool(reply_flags(ctx.send_flags) & SEND_CLOSE)
        return self.reply(status, reason, content_type, body, b"".join(ctx.reply_headers or ()), close)

    def run(self, ctx: Context, route: CompiledRoute) -> None:
        """Run a route that answers, now or, where it waits, beside other messages. 404 where it does not."""
        try:
            result = route_for(ctx, route).run(ctx)
        except Exception as error:
            self.failed(ctx, error)
            return
        if isinstance(result, int):
            self.finish()
        else:
            self.worker.spawn(self._wait(ctx, result), "http")

    async def _wait(self, ctx: Context, running: Awaitable[int]) -> None:
        try:
            await running
            self.finish()
        except Exception as error:
            self.failed(ctx, error)

    def finish(self) -> None:
        """Who handled the request has come to an end."""
        if not self.answered:
            self.reply(404, "Not Found")

    def failed(self, ctx: Context, error: Exception) -> None:
        """A route raised: 500 for the client, the place in the configuration for the log."""
        self.worker.services["receiver"].failed(ctx, error)


class HttpLine:
    """The requests of one connection, which are answered in their order (RFC 9112 9.3.2)."""

    __slots__ = ("_all", "key", "refused", "running", "waiting")

    def __init__(self, key: object, lines: dict[object, HttpLine]) -> None:
        self.key = key
        self._all = lines
        self.running: HttpExchange | None = None
        self.refused = False
        self.waiting: deque[HttpExchange] = deque()

    def ended(self, exchange: HttpExchange) -> None:
        """`exchange` has its reply: the next one's turn."""
        if self.running is not exchange:
            return
        self.running = None
        if self.waiting:
            following = self.waiting.popleft()
            self.running = following
            following.worker.spawn(self._begin_later(following), "http")
        else:
            self._all.pop(self.key, None)

    async def _begin_later(self, exchange: HttpExchange) -> None:
        self.begin(exchange)

    def begin(self, exchange: HttpExchange) -> None:
        """Give the request to the first handler that takes it."""
        self.running = exchange
        worker = exchange.worker
        try:
            for handle in worker.hooks.http_in:
                if handle(exchange):
                    return
            exchange.reply(404, "Not Found")
        except MessageError as error:
            exchange.reply(400, "Bad Request", close=True)
            worker.log.warning("HTTP request from %s refused: %s", exchange.source, error.reason)
        except Exception:
            worker.log.exception("HTTP request from %s", exchange.source)
            exchange.reply(500, "Internal Server Error", close=True)


class HttpDoor:
    """Where the requests of all connections of a worker come in."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._lines: dict[object, HttpLine] = {}

    def receive(self, request: HttpRequest, source: Endpoint) -> None:
        """One request; waits for its turn where an earlier one of the connection is not answered yet."""
        line = self._lines.get(source.connection)
        if line is None:
            line = self._lines[source.connection] = HttpLine(source.connection, self._lines)
        exchange = HttpExchange(self._worker, request, source, line)
        if line.refused:
            return
        if line.running is None and not line.waiting:
            line.begin(exchange)
        elif len(line.waiting) < MAX_WAITING:
            line.waiting.append(exchange)
        else:
            self._worker.log.warning("%s sends HTTP requests without reading replies", source)
            line.waiting.clear()
            line.refused = True
            exchange._send(build_http_reply(503, "Service Unavailable", None), True)


class UrlFilter:
    """The parameters url_match and url_skip of a module: skip goes before match; without either everything passes."""

    def __init__(self, module: str, match: str | None, skip: str | None) -> None:
        """Raises OperatorError for what is no regular expression."""
        self.match = _compile(module, "url_match", match)
        self.skip = _compile(module, "url_skip", skip)

    def takes(self, url: str) -> bool:
        """Whether a request with this URL is ours."""
        if self.skip is not None and self.skip.matches(url):
            return False
        return self.match is None or self.match.matches(url)


def _compile(module: str, name: str, text: str | None) -> Regex | None:
    if not text:
        return None
    try:
        return Regex(text)
    except RegexError as error:
        raise OperatorError(f"parameter {name} of module {module} is no regular expression: {error}") from None


def http_exchange(ctx: Context) -> Any:
    """The exchange that a context belongs to, or None: it is a SIP message."""
    return None if ctx.var_map is None else ctx.var_map.get(KEY)


def sip_view(request: HttpRequest, source: Endpoint, unique: str) -> Message:
    """`request` as a SIP message: URI with the Host, Via of the connection, other mandatory fields made up.

    Raises MessageError.
    """
    host = request.get("host")
    if not _HOST.fullmatch(host):
        host = "localhost"
    target = request.target
    scheme = "https" if source.proto in (PROTO_TLS, PROTO_WSS) else "http"
    uri = target if target.startswith(("http://", "https://")) else f"{scheme}://{host}{target}"
    ip = f"[{source.ip}]" if ":" in source.ip else source.ip
    lines = [
        f"{request.method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{PROTO_NAMES[source.proto].upper()} {ip}:{source.port};branch=z9hG4bK{unique}",
        f"From: <{scheme}://{ip}>;tag={unique}",
        f"To: <{scheme}://{host}>",
        f"Call-ID: {unique}",
        f"CSeq: 1 {request.method}",
    ]
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    fields = [b"%b: %b" % (name.encode(), value) for name, value in request.headers if name not in _MADE_UP]
    fields.append(b"Content-Length: %d" % len(request.body))
    return parse_message(b"\r\n".join((head, *fields)) + b"\r\n\r\n" + request.body)
