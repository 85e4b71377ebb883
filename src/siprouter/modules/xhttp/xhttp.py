"""The instance of xhttp: which requests it takes, and the event route that answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.http import HttpExchange, UrlFilter, http_exchange
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.values import Value
    from siprouter.core.worker import Worker

EVENT = "xhttp:request"


class XHttp:
    """One instance per worker."""

    url_match: str | None
    url_skip: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.filter: UrlFilter

    def configure(self) -> None:
        """Join the requests. Raises OperatorError."""
        self.filter = UrlFilter("xhttp", self.url_match, self.url_skip)
        self.worker.hooks.http_in.append(self.handle)

    def handle(self, exchange: HttpExchange) -> bool:
        """Run the event route for a request that passes the filters. Raises MessageError."""
        script = self.worker.script
        route = None if script is None else script.event_routes.get(EVENT)
        if route is None or not self.filter.takes(exchange.path):
            return False
        exchange.run(exchange.context(), route)
        return True


def get_url(_xhttp: XHttp, ctx: Context) -> Value:
    """$hu: null for SIP messages."""
    exchange = http_exchange(ctx)
    return None if exchange is None else str(exchange.path)


def xhttp_reply(xhttp: XHttp, ctx: Context, code: Value, reason: str, content_type: str, body: str) -> int:
    """Answer: 1, or -1 where there is nothing (more) to answer."""
    exchange = http_exchange(ctx)
    log = xhttp.worker.log
    if exchange is None:
        log.error("xhttp_reply: %s is no HTTP request", ctx.msg.method, source="xhttp")
        return -1
    text = str(code).strip()
    if not text.isdecimal() or not 200 <= int(text) <= 599:
        log.error("xhttp_reply: bad status %r", text, source="xhttp")
        return -1
    return 1 if exchange.reply_from(ctx, int(text), reason, content_type, to_bytes(body)) else -1
