"""The instance of xmlrpc: which HTTP requests it takes, and the functions that run commands for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.http import HttpExchange, UrlFilter, http_exchange
from siprouter.rpc.answer import XmlRpcStyle, answer_xmlrpc
from siprouter.rpc.xmlrpc import XmlRpcError, build_fault, build_response, parse_call
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.routes import CompiledRoute
    from siprouter.core.values import Value
    from siprouter.core.worker import Worker

CONTENT_TYPE = "text/xml"
METHODS = ("GET", "POST")
LEFT_TO_OTHERS = 1


class XmlRpc:
    """One instance per worker."""

    route: str | None
    autoconversion: int
    escape_cr: int
    double_lf_to_crlf: int
    mode: int
    url_match: str | None
    url_skip: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.filter: UrlFilter
        self.style = XmlRpcStyle()

    def configure(self) -> None:
        """Join the HTTP requests unless mode says otherwise. Raises OperatorError."""
        self.filter = UrlFilter("xmlrpc", self.url_match, self.url_skip)
        self.style = XmlRpcStyle(self.autoconversion != 0, self.escape_cr != 0, self.double_lf_to_crlf != 0)
        if self.mode != LEFT_TO_OTHERS:
            self.worker.hooks.http_in.append(self.handle)

    def start(self) -> None:
        """The script is compiled: the route must be there. Raises OperatorError."""
        if self.mode != LEFT_TO_OTHERS and self.find_route() is None:
            what = f"route[{self.route}]" if self.route else "main route"
            raise OperatorError(f"module xmlrpc: there is no {what} for the requests")

    def find_route(self) -> CompiledRoute | None:
        """The route that handles requests, in the present version of the script."""
        script = self.worker.script
        if script is None:
            return None
        return script.routes.get(self.route) if self.route else script.request_route

    def handle(self, exchange: HttpExchange) -> bool:
        """Run the route for a request that passes the filters. Raises MessageError."""
        if exchange.request.method not in METHODS or not self.filter.takes(exchange.path):
            return False
        route = self.find_route()
        if route is None:
            return False
        exchange.run(exchange.context(), route)
        return True

    def reply(self, ctx: Context, body: bytes) -> int:
        """Send a document as the answer, by HTTP or by SIP as the request came; 1 or -1."""
        exchange = http_exchange(ctx)
        if exchange is not None:
            return 1 if exchange.reply_from(ctx, 200, "OK", CONTENT_TYPE, body) else -1
        headers = f"Content-Type: {CONTENT_TYPE}\r\n".encode()
        return 1 if self.worker.module("sl").send(ctx, 200, "OK", headers, body) else -1


async def dispatch_rpc(xmlrpc: XmlRpc, ctx: Context) -> int:
    """Run the command that the body names, and answer: 1, or -1 where no answer can be sent."""
    return xmlrpc.reply(ctx, await answer_xmlrpc(xmlrpc.worker, ctx.msg.body, xmlrpc.style))


def xmlrpc_reply(xmlrpc: XmlRpc, ctx: Context, code: Value, reason: Value) -> int:
    """Answer with a fault (codes from 300), or with the reason as the only value."""
    text = str(code).strip()
    if not text.isdecimal() or not 100 <= int(text) <= 699:
        xmlrpc.worker.log.error("xmlrpc_reply: bad code %r", text, source="xmlrpc")
        return -1
    status, words = int(text), "" if reason is None else str(reason)
    escape_cr = xmlrpc.style.escape_cr
    body = build_fault(status, words, escape_cr) if status >= 300 else build_response(words, escape_cr)
    return xmlrpc.reply(ctx, body)


def select_method(_xmlrpc: XmlRpc, ctx: Context) -> str | None:
    """@xmlrpc.method: None where the body is no XML-RPC call."""
    try:
        return parse_call(ctx.msg.body)[0]
    except XmlRpcError:
        return None
