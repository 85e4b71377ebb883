"""The transaction user: runs reply and failure routes, builds messages, tries further targets."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.outgoing import build_own_reply, flagged
from siprouter.core.routes import FAILURE, TM_ONREPLY
from siprouter.core.send_flags import reply_flags
from siprouter.modules.tm import build
from siprouter.modules.tm.blacklisting import note_503, note_failure
from siprouter.modules.tm.fork import try_next_target
from siprouter.modules.tm.hints import REPLIED, Hints, hints_of
from siprouter.sip.build import build_forward_reply
from siprouter.sip.names import H_PROXY_AUTHENTICATE, H_WWW_AUTHENTICATE
from siprouter.transaction.base import DROPPED, PENDING
from siprouter.transaction.events import (
    LOCAL_RESPONSE_IN,
    ON_FAILURE,
    ON_FAILURE_RO,
    RESPONSE_IN,
)
from siprouter.transaction.server import F_AUTO_100, F_LOCAL
from siprouter.transport.endpoint import is_stream
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.routes import CompiledRoute
    from siprouter.modules.tm.build import BranchInfo
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.branch import Branch
    from siprouter.transaction.transaction import Transaction

NO_BRANCH = -1


class ScriptUser:
    """See `transaction.base.TransactionUser`. A `reply` is the Context of a received reply."""

    def __init__(self, tm: Tm) -> None:
        self.tm = tm
        self.worker = tm.worker
        self.tag_secret = tm.worker.random_bytes(16)

    # --- running routes

    def run(self, route: CompiledRoute, ctx: Context) -> int:
        """Run a route that does not wait; its return code, -1 when it raised."""
        try:
            result = route.run(ctx)
            if isinstance(result, int):
                return result
            steps = result.__await__()
            if route.immediate is not None:
                steps.close()
                return self.run(route.immediate, ctx)
            try:
                next(steps)
            except StopIteration as end:  # it could have waited, and did not
                return int(end.value)
            steps.close()
            self.worker.log.error("route %s may not wait here", route.name, source="tm")
        except Exception:
            self.worker.log.exception("route %s failed", route.name, source="tm")
        return -1

    def begin(self, route: CompiledRoute, ctx: Context) -> Awaitable[int] | None:
        """Run a route that may wait: None where it is through, else what `finish` takes."""
        try:
            result = route.run(ctx)
        except Exception:
            self.worker.log.exception("route %s failed", route.name, source="tm")
            return None
        return None if isinstance(result, int) else result

    async def finish(self, running: Awaitable[int], route: CompiledRoute) -> None:
        """Let a route that waits come to its end."""
        try:
            await running
        except Exception:
            self.worker.log.exception("route %s failed", route.name, source="tm")

    async def run_waiting(self, route: CompiledRoute, ctx: Context) -> None:
        """Run a route that may wait to its end."""
        running = self.begin(route, ctx)
        if running is not None:
            await self.finish(running, route)

    # --- replies

    def attach(self, ctx: Context, transaction: Transaction, branch: Branch) -> None:
        """Let the context of a reply share what belongs to the transaction."""
        ctx.transaction = transaction
        ctx.branch_index = branch.index
        if isinstance(transaction.context, Context):
            request: Context = transaction.context
            ctx.script = request.script
            ctx.flags = request.flags
            ctx.script_flags = request.script_flags
            ctx.avp_store = request.shared_avps()
        if branch.info is not None:
            info: BranchInfo = branch.info
            ctx.branch_flags = info.flags
        kind = LOCAL_RESPONSE_IN if transaction.flags & F_LOCAL else RESPONSE_IN
        if transaction.watched & kind:
            self.event(kind, transaction, transaction.request, ctx, ctx.msg.status)

    def reply_received(self, transaction: Transaction, branch: Branch, reply: Context, _now: float) -> int:
        """Run the reply route of the transaction."""
        route: CompiledRoute | None = transaction.on_reply
        if route is None:
            return self.status_of(branch, reply)
        reply.route_type = TM_ONREPLY
        running = self.begin(route, reply)
        if running is not None:
            self.worker.spawn(self.wait_for_reply_route(running, route, transaction, branch, reply), "onreply_route")
            return PENDING
        return self.after_reply_route(transaction, branch, reply)

    async def wait_for_reply_route(
        self, running: Awaitable[int], route: CompiledRoute, transaction: Transaction, branch: Branch, reply: Context
    ) -> None:
        """Let a reply route that waits finish, then go on with the reply."""
        await self.finish(running, route)
        status = self.after_reply_route(transaction, branch, reply)
        transaction.resume_reply(branch, reply, status, self.worker.now())

    def after_reply_route(self, transaction: Transaction, branch: Branch, reply: Context) -> int:
        """Take over flags; the status to go on with, or DROPPED (provisional replies only)."""
        if isinstance(transaction.context, Context):
            request: Context = transaction.context
            request.flags = reply.flags
        if branch.info is not None:
            info: BranchInfo = branch.info
            info.flags = reply.branch_flags
        if reply.dropped and reply.msg.status < 200:
            return DROPPED
        return self.status_of(branch, reply)

    def status_of(self, branch: Branch, reply: Context) -> int:
        """The status to go on with; the source of a 503 is blacklisted where blst_503 says so."""
        status = int(reply.msg.status)
        if status == 503 and self.tm.cfg.blst_503:
            note_503(self.tm, branch, reply)
        return status

    # --- failure

    def branches_failed(self, transaction: Transaction, branch: Branch, now: float) -> int:
        """Run the callbacks and the failure route."""
        reply = branch.reply
        if transaction.watched & ON_FAILURE_RO:
            self.event(ON_FAILURE_RO, transaction, transaction.request, reply, branch.status)
        if transaction.watched & ON_FAILURE:
            self.event(ON_FAILURE, transaction, transaction.request, reply, branch.status)
        route: CompiledRoute | None = transaction.on_failure
        transaction.on_failure = None
        if route is None or transaction.context is None:
            return 0
        ctx = self.failure_context(transaction, branch, now)
        running = self.begin(route, ctx)
        if running is not None:
            self.worker.spawn(self.wait_for_failure_route(running, route, transaction, ctx), "failure_route")
            return PENDING
        self.leave_failure(transaction, ctx)
        return 0

    async def wait_for_failure_route(
        self, running: Awaitable[int], route: CompiledRoute, transaction: Transaction, ctx: Context
    ) -> None:
        """Let a failure route that waits finish, then go on with what it left."""
        try:
            await self.finish(running, route)
        finally:
            self.leave_failure(transaction, ctx)
        transaction.resume_failure(self.worker.now())

    def failure_context(self, transaction: Transaction, branch: Branch | None, now: float) -> Context:
        """The request as it was when it was relayed first, with the winning reply."""
        first: Context = transaction.context
        hints: Hints = first.tm
        hints.save(first)
        ctx = Context(self.worker, first.script, first.msg, first.source, now, FAILURE)
        ctx.flags = first.flags
        ctx.script_flags = first.script_flags
        ctx.avps = first.avps
        ctx.var_map = first.var_map
        ctx.hops = first.hops
        ctx.reply_headers = list(first.reply_headers) if first.reply_headers else None
        ctx.force_rport = first.force_rport
        ctx.send_flags = first.send_flags
        ctx.new_uri = hints.new_uri
        ctx.dst_uri = hints.dst_uri
        ctx.path = hints.path
        ctx.instance = hints.instance
        ctx.force_socket = hints.force_socket
        ctx.uri_consumed = True
        ctx.transaction = transaction
        ctx.tm = Hints(hints.key)
        ctx.tm.new_uri = hints.new_uri
        ctx.tm.dst_uri = hints.dst_uri
        ctx.tm.edits = first.msg.edits
        ctx.msg.edits = list(hints.edits)
        if branch is not None:
            ctx.tm.picked = branch
            ctx.code = branch.status
            ctx.reply = None if branch.reply is None else branch.reply.msg
            ctx.branch_flags = branch.info.flags if branch.info is not None else 0
        return ctx

    def leave_failure(self, transaction: Transaction, ctx: Context) -> None:
        """A failure route has ended: flags stay with the transaction, edits do not."""
        first = transaction.context
        ctx.msg.edits = ctx.tm.edits
        if first is not None:
            first.flags = ctx.flags
            first.tm.error = ctx.tm.error or first.tm.error

    def failover(self, transaction: Transaction, branch: Branch, why: int, now: float) -> bool:
        """Blacklist the target of a branch as the settings say, and try the next one."""
        note_failure(self.tm, transaction, branch, why, now)
        context = transaction.context
        if context is not None and hasattr(context, "next_target"):
            return bool(context.next_target(branch, now))
        return try_next_target(self.tm, transaction, branch, now)

    def all_failed(self, transaction: Transaction, now: float) -> None:
        """No reply is left to relay: send the error that the last relay met, or 500."""
        first = transaction.context
        if first is None or transaction.flags & F_LOCAL:
            transaction.release(now)
            return
        status, reason = first.tm.error or (500, "Server Internal Error")
        self.reply_locally(transaction, first, status, reason, now)

    # --- replies of our own

    def to_tag(self, transaction: Transaction) -> str:
        """The tag of all our replies in a transaction; nobody else can guess it."""
        if not transaction.to_tag:
            digest = hash((self.tag_secret, transaction.tid))
            high = digest >> 32 & 0xFFFFFFFF
            low = digest & 0xFFFFFFFF
            transaction.to_tag = f"{high:08x}{low:08x}"
        return transaction.to_tag

    def reply_locally(
        self,
        transaction: Transaction,
        ctx: Context,
        status: int,
        reason: str | None,
        now: float,
        headers: bytes = b"",
        body: bytes = b"",
    ) -> bool:
        """Send a reply of our own upstream, built with the reply headers of `ctx`. False: too late."""
        if transaction.request is None or transaction.target is None:
            return False
        tag = self.to_tag(transaction) if status >= 180 else ""
        data = build_own_reply(ctx, transaction.request, status, reason, tag, headers, body)
        if status >= 200:
            hints = hints_of(ctx)
            hints.done |= REPLIED
        return transaction.reply(status, data, now)

    def send_trying(self, transaction: Transaction, ctx: Context) -> None:
        """The automatic 100 to an INVITE."""
        if transaction.is_invite and transaction.flags & F_AUTO_100 and transaction.status < 100:
            self.reply_locally(transaction, ctx, 100, self.tm.cfg.auto_inv_100_reason, self.worker.now())

    # --- building

    def build_local(self, transaction: Transaction, status: int, reason: str | None, headers: list[bytes]) -> bytes:
        """A reply of our own that stands for those of the branches."""
        tag = self.to_tag(transaction)
        return build_own_reply(transaction.context, transaction.request, status, reason, tag, b"".join(headers))

    def build_relayed(self, transaction: Transaction, _branch: Branch, reply: Context) -> bytes:
        """A reply without our Via; what its onreply route said of sending goes for the transaction from now on."""
        target = transaction.target
        if target is not None and reply.send_flags:
            target = transaction.target = flagged(target, reply_flags(reply.send_flags))
        return build_forward_reply(reply.msg, None, target is not None and is_stream(target.proto))

    def build_ack(self, branch: Branch, reply: Context) -> bytes:
        """The ACK for a final reply other than 2xx."""
        return build.build_hop_ack(self.tm, branch, reply.msg)

    def build_cancel(self, branch: Branch, reason: bytes) -> bytes:
        """The CANCEL of a branch."""
        return build.build_hop_cancel(self.tm, branch, reason)

    def reply_tag(self, reply: Context) -> str:
        """The To tag of a reply."""
        try:
            return str(reply.msg.to.tag)
        except PeerError:
            return ""

    def challenges(self, reply: Context) -> list[bytes]:
        """The challenge lines of a reply."""
        msg = reply.msg
        return [msg.line(header) for header in msg.headers if header.id in (H_WWW_AUTHENTICATE, H_PROXY_AUTHENTICATE)]

    # --- the rest

    def local_result(
        self, transaction: Transaction, branch: Branch, reply: Context | None, status: int, now: float
    ) -> None:
        """A reply to a request of our own."""
        handler = transaction.context
        if handler is not None and hasattr(handler, "local_result"):
            handler.local_result(transaction, branch, reply, status, now)

    def event(self, kind: int, transaction: Transaction, request: Any, reply: Any, status: int) -> None:
        """Tell those who watch; what one of them raises is logged."""
        message = None if reply is None else reply.msg
        for mask, callback in list(transaction.watchers or ()):
            if mask & kind:
                try:
                    callback(kind, transaction, request, message, status)
                except Exception:
                    self.worker.log.exception("a callback for a transaction failed", source="tm")

    def global_event(self, kind: int, transaction: Transaction, request: Any, reply: Any, status: int) -> None:
        """Tell those who watch all transactions."""
        for mask, callback in self.tm.global_watchers:
            if mask & kind:
                try:
                    callback(kind, transaction, request, reply, status)
                except Exception:
                    self.worker.log.exception("a callback for new transactions failed", source="tm")

    def destroyed(self, transaction: Transaction) -> None:
        """Cut the ties between transaction and contexts, so that all go at once."""
        context = transaction.context
        transaction.context = None
        if isinstance(context, Context):
            ctx: Context = context
            ctx.transaction = None
        for branch in transaction.branches:
            branch.reply = None
