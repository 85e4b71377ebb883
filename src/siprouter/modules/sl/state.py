"""The instance of sl: stateless replies, and the ACKs that they bring about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.counters import Counter
from siprouter.core.http import http_exchange
from siprouter.core.observe import route_for
from siprouter.core.outgoing import build_own_reply, reply_target
from siprouter.core.routes import REQUEST
from siprouter.core.send_flags import reply_flags
from siprouter.modules.sl.stats import bucket
from siprouter.sip.names import M_ACK, M_INVITE

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.http import HttpExchange
    from siprouter.core.worker import Worker
    from siprouter.sip.message import Message

# How long after the last reply to an INVITE its ACK may come (seconds): as long as the caller may repeat the INVITE
ACK_WAIT = 32.0
_TAG_BITS = 0x7FFFFFFFFFFFFFFF  # what C's long holds of a hash without its sign


class Sl:
    """Other modules use `send` (stateless) and `send_reply` (stateful where there is a transaction)."""

    default_code: int
    default_reason: str
    bind_tm: int
    stats: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.secret = worker.random_bytes(16)
        self.acks_until = 0.0
        self.tm: Any = None
        self._sent: dict[int, Counter] = {}

    def configure(self) -> None:
        """All modules are loaded."""
        if self.bind_tm:
            self.tm = self.worker.modules.get("tm")
        self.worker.hooks.request_in.insert(0, self.absorb_ack)

    def to_tag(self, msg: Message) -> str:
        """The To tag of our replies to a request; its ACK brings it back, and nobody else can make it."""
        value = hash((self.secret, msg.call_id, msg.from_.tag, msg.cseq.number)) & _TAG_BITS
        return f"{value:016x}.sl"

    def send(
        self, ctx: Context, status: int, reason: str | None = None, headers: bytes = b"", body: bytes = b""
    ) -> bool:
        """Reply statelessly, with the reply headers of `ctx` and the lines `headers`. False: it could not be sent.

        ACKs are never answered.
        """
        msg = ctx.msg
        if ctx.var_map is not None:
            exchange = http_exchange(ctx)
            if exchange is not None:
                return self.send_http(ctx, exchange, status, reason, body)
        if msg.method_id == M_ACK or not msg.is_request:
            self.stats.failures.inc()
            return False
        data = build_own_reply(ctx, msg, status, reason, self.to_tag(msg), headers, body)
        target = reply_target(self.worker, msg, ctx.source, ctx.force_rport, reply_flags(ctx.send_flags))
        if not self.worker.outlet.send(data, target):
            self.stats.failures.inc()
            return False
        if msg.method_id == M_INVITE and status >= 200:
            self.acks_until = self.worker.now() + ACK_WAIT
        self._count(status).inc()
        if status < 200:
            self.stats["1xx_replies"].inc()
        return True

    def send_http(self, ctx: Context, exchange: HttpExchange, status: int, reason: str | None, body: bytes) -> bool:
        """Reply to an HTTP request: what the script says with SIP's functions goes out as HTTP."""
        if not exchange.reply_from(ctx, status, reason or "", "", body):
            self.stats.failures.inc()
            return False
        self._count(status).inc()
        return True

    def _count(self, status: int) -> Counter:
        """The counter of replies with this status."""
        found = self._sent.get(status)
        if found is None:
            found = self._sent[status] = self.stats[f"{bucket(status)}_replies"]
        return found

    def send_reply(
        self, ctx: Context, status: int, reason: str | None = None, headers: bytes = b"", body: bytes = b""
    ) -> int:
        """Like `send`, but within the transaction where there is one; 1 or -1."""
        if self.tm is not None and ctx.transaction is not None:
            done: bool = self.tm.reply(ctx, status, reason, headers, body)
        else:
            done = self.send(ctx, status, reason, headers, body)
        return 1 if done else -1

    def absorb_ack(self, ctx: Context) -> bool:
        """An ACK for one of our stateless replies ends here."""
        msg = ctx.msg
        if msg.method_id != M_ACK or ctx.now > self.acks_until or msg.to.tag != self.to_tag(msg):
            return False
        self.stats["received_ACKs"].inc()
        script = self.worker.script
        route = None if script is None else script.event_routes.get("sl:filtered-ack")
        if route is not None:
            ctx.route_type = REQUEST
            result = route_for(ctx, route).run(ctx)
            if not isinstance(result, int):
                self.worker.spawn(wait_for(result), "sl:filtered-ack")
        return True


async def wait_for(running: Any) -> None:
    """Let an event route that waits finish."""
    await running
