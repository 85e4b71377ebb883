"""From received bytes to the script and back: the one door for every message of a worker.

A message that raises anything costs that message alone: the caller gets a SIP error, the log one record with the
configuration line, and the counters of the group `core` say what happened.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.http import HttpDoor, http_exchange
from siprouter.core.outgoing import build_own_reply, reply_target
from siprouter.core.route_info import ERROR as ERROR_KEY
from siprouter.core.route_info import ERROR_CLASS_PARSER, ERROR_LEVEL_MEDIUM, ErrorInfo
from siprouter.core.routes import CORE_ONREPLY, ERROR, REQUEST
from siprouter.core.send_flags import reply_flags
from siprouter.server.replies import forward_reply
from siprouter.server.waiting import finish
from siprouter.sip.errors import MessageError
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import M_ACK
from siprouter.sip.uri import parse_uri
from siprouter.transport.endpoint import Endpoint
from siprouter.util.errors import NOWHERE, PeerError, SourceLocation
from siprouter.util.log import describe_error

if TYPE_CHECKING:
    from siprouter.core.routes import CompiledRoute, Script
    from siprouter.core.worker import Worker
    from siprouter.transport.http import HttpRequest

SERVER_ERROR = (500, "Server Internal Error")


class MessageReceiver:
    """Takes whole messages from the transports (see transport.stream.Receiver) and runs them through the worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._http = HttpDoor(worker)
        hooks = worker.hooks  # the lists grow in place
        self._message_in = hooks.message_in
        self._request_in = hooks.request_in
        self._entry = hooks.entry
        self._reply_in = hooks.reply_in
        self._script_start = hooks.script_start
        self._script_end = hooks.script_end
        self._now = worker.now
        count = worker.counters.declare
        self._bad_requests = count("core", "err_requests", "requests too bad to process")
        self._bad_replies = count("core", "err_replies", "replies too bad to process")
        self._bad_uris = count("core", "bad_URIs_rcvd", "requests with a broken request URI")
        self._bad_headers = count("core", "bad_msg_hdr", "messages with a broken header")
        self._dropped_requests = count("core", "drop_requests", "requests dropped")
        self._dropped_replies = count("core", "drop_replies", "replies dropped")
        self._forwarded_replies = count("core", "fwd_replies", "replies forwarded without a transaction")

    def receive(self, data: bytes, source: Endpoint) -> None:
        """One whole message. Never raises."""
        worker = self.worker
        try:
            for change in self._message_in:
                changed = change(data, source)
                if changed is not None:
                    data = changed
            msg = parse_message(data)
        except MessageError as error:
            self._refuse(data, source, error)
            return
        except Exception:
            self._bad_requests.inc()
            worker.log.exception("message of %d bytes from %s", len(data), source)
            return
        ctx = Context(worker, worker.script, msg, source, self._now())
        try:
            if msg.is_request:
                self._request(ctx)
            else:
                self._reply(ctx)
        except Exception as error:
            self.failed(ctx, error)

    def reject(self, rest: bytes, source: Endpoint, error: MessageError) -> None:
        """The beginning of a message that a stream cannot go on with: answer it if that is possible."""
        self._refuse(rest, source, answerable(rest, error))

    def receive_http(self, request: HttpRequest, source: Endpoint) -> None:
        """One HTTP request on a SIP port. Never raises."""
        self._http.receive(request, source)

    # --- requests

    def _request(self, ctx: Context) -> None:
        for absorb in self._request_in:
            if absorb(ctx):
                return
        for choose in self._entry:
            choose(ctx)
        script = ctx.script
        if script is None or script.request_route is None:
            self._dropped_requests.inc()
            return
        self._run(ctx, script.request_route)

    def _run(self, ctx: Context, route: CompiledRoute) -> None:
        """Run a route, now or, where it may wait, beside other messages."""
        for begin in self._script_start:
            begin(ctx)
        result = route.run(ctx)
        if isinstance(result, int):
            self._ended(ctx)
        else:
            self.worker.spawn(self._run_waiting(ctx, result), "route")

    async def _run_waiting(self, ctx: Context, running: Awaitable[int]) -> None:
        try:
            await finish(running, ctx, self.worker.services.get("before_wait"))
            self._ended(ctx)
        except Exception as error:
            self.failed(ctx, error)

    def _ended(self, ctx: Context) -> None:
        """The request or core reply route is through."""
        for end in self._script_end:
            end(ctx)
        if not ctx.msg.is_request:
            self._after_reply_route(ctx)

    # --- replies

    def _reply(self, ctx: Context) -> None:
        ctx.route_type = CORE_ONREPLY
        for choose in self._entry:
            choose(ctx)
        script = ctx.script
        route = None if script is None else script.reply_route
        if route is not None:
            self._run(ctx, route)
        else:
            self._after_reply_route(ctx)

    def _after_reply_route(self, ctx: Context) -> None:
        """Hand a reply to its transaction, or forward it by its Via."""
        if ctx.dropped:
            self._dropped_replies.inc()
            return
        for handle in self._reply_in:
            if handle(ctx):
                return
        if forward_reply(ctx):
            self._forwarded_replies.inc()
        else:
            self._dropped_replies.inc()

    # --- errors

    def _refuse(self, data: bytes, source: Endpoint, error: MessageError) -> None:
        """A message that could not be parsed: count it, say so, answer where the sender can be told."""
        worker = self.worker
        msg = error.message
        is_reply = data.startswith(b"SIP/")
        (self._bad_replies if is_reply else self._bad_requests).inc()
        if isinstance(msg, Message):
            (self._bad_uris if has_bad_uri(msg) else self._bad_headers).inc()
        worker.log.warning("bad message from %s: %s", source, error.reason)
        if not isinstance(msg, Message) or not msg.is_request or msg.method_id == M_ACK:
            return
        ctx = Context(worker, worker.script, msg, source, worker.now())
        ctx.vars[ERROR_KEY] = ErrorInfo(ERROR_CLASS_PARSER, ERROR_LEVEL_MEDIUM, "parser", error.status, error.reason)
        try:
            if not self._error_route(ctx):
                self._answer(ctx, error.status, error.reason)
        except Exception:
            worker.log.exception("cannot answer a bad message from %s", source)

    def _error_route(self, ctx: Context) -> bool:
        """Run error_route for a request that could not be parsed; False where there is none."""
        for choose in self._entry:
            choose(ctx)
        script = ctx.script
        route = None if script is None else script.error_route
        if route is None or route.waits:
            return False
        ctx.route_type = ERROR
        route.run(ctx)
        return True

    def failed(self, ctx: Context, error: Exception) -> None:
        """Something raised while a message was handled: one log record, and a SIP error for a request."""
        worker = self.worker
        msg = ctx.msg
        where = script_location(error, ctx.script)
        if isinstance(error, PeerError):
            status, reason = error.status, error.reason
            worker.log.warning("%s from %s refused: %s", msg.method, ctx.source, error, location=where)
        else:
            status, reason = SERVER_ERROR
            what = describe_error(error)
            worker.log.error("%s %s from %s failed: %s", msg.method, msg.call_id, ctx.source, what, location=where)
        (self._bad_requests if msg.is_request else self._bad_replies).inc()
        exchange = http_exchange(ctx)
        if exchange is not None:
            exchange.reply(status, reason, close=True)
            return
        if not msg.is_request or msg.method_id == M_ACK:
            return
        try:
            if ctx.transaction is None or ctx.route_type != REQUEST:
                self._answer(ctx, status, reason)
            else:
                worker.modules["tm"].reply(ctx, status, reason)
            for end in worker.hooks.script_end:
                end(ctx)
        except Exception:
            worker.log.exception("cannot answer %s from %s", msg.method, ctx.source)

    def _answer(self, ctx: Context, status: int, reason: str) -> None:
        """A stateless reply."""
        worker = self.worker
        tag = worker.random_bytes(8).hex()
        data = build_own_reply(ctx, ctx.msg, status, reason, tag)
        target = reply_target(worker, ctx.msg, ctx.source, ctx.force_rport, reply_flags(ctx.send_flags))
        worker.outlet.send(data, target)


def answerable(rest: bytes, error: MessageError) -> MessageError:
    """What a framer refused, with the message as far as it can be read."""
    if error.message is not None:
        return error
    try:
        message: object = parse_message(rest)
    except MessageError as refused:
        message = refused.message
    return MessageError(error.status, error.reason, message)


def has_bad_uri(msg: Message) -> bool:
    """Whether it is a request whose request URI cannot be parsed."""
    if not msg.is_request:
        return False
    try:
        parse_uri(msg.uri)
    except PeerError:
        return True
    return False


def script_location(error: BaseException, script: Script | None) -> SourceLocation:
    """The innermost place in the configuration of `script` that the traceback of `error` goes through."""
    found = NOWHERE
    if script is None:
        return found
    files, native = script.files, script.native_lines
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if name in files:
            found = SourceLocation(name, line, 1)
        elif line in native.get(name, ()):
            found = SourceLocation(*native[name][line], 1)
    return found


def receiver_for(worker: Worker) -> Any:
    """The receiver of a worker, made once."""
    receiver = worker.services.get("receiver")
    if receiver is None:
        receiver = worker.services["receiver"] = MessageReceiver(worker)
    return receiver
