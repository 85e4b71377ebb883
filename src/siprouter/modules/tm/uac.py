"""Requests of our own (RFC 3261 section 8.1): building, sending, failover, results, and the ACK for a 2xx."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context
from siprouter.core.forward import plan_for
from siprouter.core.observe import route_for
from siprouter.core.outgoing import NextHop, SingleTarget, Target, endpoint_for, next_hop, user_agent_line, via_line
from siprouter.core.routes import LOCAL
from siprouter.modules.tm.fork import Resumed
from siprouter.sip.build import build_forward, build_request
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import H_RECORD_ROUTE
from siprouter.transaction.branch import B_TRIED, Branch
from siprouter.transaction.events import LOCAL_COMPLETED, LOCAL_REQUEST_IN, LOCAL_RESPONSE_OUT
from siprouter.transaction.server import F_DISABLE_FAILOVER
from siprouter.transport.endpoint import Endpoint, Listener
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.modules.tm.state import Tm
    from siprouter.transaction.transaction import Transaction

DEFAULT_CSEQ = 10
LOCAL_ROUTE_NAME = "tm:local-request"

ACK_BY_RFC = 0
ACK_LIKE_INVITE = 1
ACK_TO_SOURCE = 2

# status, reply (None: one that we made up)
OnReply = Callable[["LocalRequest", int, Message | None], None]


@dataclass
class Wanted:
    """What a request of ours is to be. `from_` and `to` are header values; `headers` whole lines."""

    method: str
    uri: str
    from_: str
    to: str
    headers: bytes = b""
    body: bytes = b""
    call_id: str = ""
    cseq: int = 0
    next_hop: str = ""
    routes: list[str] = field(default_factory=list)
    socket: Listener | None = None
    on_reply: OnReply | None = None


def new_call_id(tm: Tm) -> str:
    """A Call-ID of ours: what comes back with it comes to this worker."""
    host = own_host(tm)
    while True:
        found = f"{tm.worker.random_bytes(12).hex()}@{host}"
        if tm.worker.owns(found):
            return found


class LocalRequest:
    """A request of ours on its way; the `context` of its transaction.

    `status` is 0 until the first reply, `reply` the final one. `on_reply(self, status, reply)` is called for the final
    reply, and for provisional ones with parameter pass_provisional_replies.
    """

    def __init__(self, tm: Tm, wanted: Wanted) -> None:
        self.tm = tm
        self.wanted = wanted
        self.status = 0
        self.reply: Message | None = None
        self.reply_source: Endpoint | None = None
        self.on_reply = wanted.on_reply
        self.transaction: Transaction | None = None
        self.call_id = wanted.call_id or new_call_id(tm)
        self.cseq = wanted.cseq or DEFAULT_CSEQ
        self.from_ = wanted.from_
        if ";tag=" not in wanted.from_.rpartition(">")[2].lower():
            self.from_ = f"{wanted.from_};tag={tm.worker.random_bytes(8).hex()}"
        self.acks: dict[str, tuple[bytes, Endpoint]] = {}

    # --- sending

    def start(self) -> Transaction:
        """Make the transaction and send, at once or when the next hop is resolved. Raises PeerError."""
        tm, wanted = self.tm, self.wanted
        now = tm.worker.now()
        hop = next_hop(wanted.next_hop or (route_uri(wanted.routes[0]) if wanted.routes else wanted.uri))
        transaction = tm.table.create_local(None, wanted.method, now)
        transaction.context = self
        self.transaction = transaction
        if tm.global_mask & LOCAL_REQUEST_IN:
            tm.user.global_event(LOCAL_REQUEST_IN, transaction, None, None, 0)
        branch = transaction.add_branch(now)
        plan = plan_for(tm.worker, hop)
        if plan is None:
            transaction.await_target(branch)
            tm.worker.spawn(self.resolve(branch, hop), "uac")
        elif not self.send(branch, plan, now):
            transaction.release(now)
            raise PeerError(477, "Next Hop Not Reached")
        return transaction

    async def resolve(self, branch: Branch, hop: NextHop) -> None:
        """Look the next hop up, then send; 478 when there is none."""
        worker = self.tm.worker
        transaction = self.transaction
        assert transaction is not None
        try:
            if worker.resolver is None:
                raise PeerError(478, "Unresolvable Destination")
            plan = await worker.resolver.plan(hop.host, hop.port, hop.proto, hop.secure)
        except PeerError:
            transaction.fail(branch, 478, worker.now())
            return
        if branch.owner is not None and branch.status == 0 and not self.send(branch, plan, worker.now()):
            branch.status = 0
            transaction.fail(branch, 477, worker.now())

    def send(self, branch: Branch, plan: Any, now: float) -> bool:
        """Send to the first target that takes it. False: none did, and the branch has ended."""
        transaction = self.transaction
        assert transaction is not None
        worker = self.tm.worker
        branch.plan = plan
        target: Target | None = plan.next()
        while target is not None:
            to = endpoint_for(worker, target, self.wanted.socket, None)
            if to is not None:
                data = self.build(branch, to)
                if transaction.start(branch, data, to, now):
                    return True
                branch.state = branch.status = 0
            target = plan.next()
        transaction.abandon(branch)
        return False

    def build(self, branch: Branch, to: Endpoint) -> bytes:
        """The request, after the event route tm:local-request."""
        wanted = self.wanted
        assert to.listener is not None
        lines = b"".join(f"Route: {route}\r\n".encode("utf-8", "surrogateescape") for route in wanted.routes)
        headers = lines + wanted.headers.replace(b"!!", sent_by(to.listener))
        if getattr(self.tm.worker.settings, "server_signature", 1):
            headers += user_agent_line(self.tm.worker)
        data = build_request(
            wanted.method,
            wanted.uri,
            via_line(to.listener, branch.via_branch),
            self.from_,
            wanted.to,
            self.call_id,
            self.cseq,
            headers,
            wanted.body,
        )
        return self.run_local_route(data, to)

    def run_local_route(self, data: bytes, to: Endpoint) -> bytes:
        """Let event_route[tm:local-request] edit the request; `data` as it came where there is none."""
        tm = self.tm
        transaction = self.transaction
        script = tm.worker.script
        route = None if script is None else script.event_routes.get(LOCAL_ROUTE_NAME)
        if route is None or transaction is None:
            return data
        msg = parse_message(data)
        ctx = Context(
            tm.worker, script, msg, Endpoint(to.proto, *own_address(to), 0, to.listener), tm.worker.now(), LOCAL
        )
        ctx.dst_uri = self.wanted.next_hop or None
        ctx.transaction = transaction
        tm.user.run(route_for(ctx, route), ctx)
        if not msg.edits and ctx.new_uri is None:
            return data
        return build_forward(msg, ctx.new_uri, b"")

    def next_target(self, branch: Branch, now: float) -> bool:
        """Failover: a new branch to the next target."""
        transaction = self.transaction
        plan = branch.plan
        if transaction is None or plan is None or branch.flags & B_TRIED or transaction.flags & F_DISABLE_FAILOVER:
            return False
        branch.flags |= B_TRIED
        if not getattr(self.tm.worker.settings, "use_dns_failover", 0) or now >= transaction.end_of_life:
            return False
        peek = plan.next()
        if peek is None:
            return False
        try:
            fresh = transaction.add_branch(now)
        except PeerError:
            return False
        return self.send(fresh, Resumed(peek, plan), now)

    # --- results

    def local_result(
        self, transaction: Transaction, branch: Branch, reply: Context | None, status: int, _now: float
    ) -> None:
        """A reply, or a status of our own making."""
        message: Message | None = None if reply is None else reply.msg
        if reply is not None and transaction.is_invite and 200 <= status < 300:
            if not self.acknowledge(branch, reply):
                return
        final = status >= 200
        if final and self.status >= 200 and not (transaction.is_invite and status < 300):
            return
        self.status = status
        if final:
            self.reply = message
            self.reply_source = None if reply is None else reply.source
        elif not self.tm.cfg.pass_provisional_replies:
            return
        kind = LOCAL_COMPLETED if final else LOCAL_RESPONSE_OUT
        if transaction.watched & kind:
            self.tm.user.event(kind, transaction, transaction.request, reply, status)
        if self.on_reply is not None:
            self.on_reply(self, status, message)

    def acknowledge(self, branch: Branch, reply: Context) -> bool:
        """Send the ACK for a 2xx. False: this 2xx only repeats one that was acknowledged already (RFC 6026)."""
        tag = self.tm.user.reply_tag(reply)
        known = self.acks.get(tag)
        if known is not None:
            self.tm.worker.outlet.send(*known)
            return False
        made = self.build_ack(branch, reply)
        if made is not None:
            self.acks[tag] = made
            self.tm.worker.outlet.send(*made)
        return True

    def build_ack(self, branch: Branch, reply: Context) -> tuple[bytes, Endpoint] | None:
        """The ACK for a 2xx and where it goes (13.2.2.4, parameter local_ack_mode); None when that is unknown."""
        msg: Message = reply.msg
        try:
            uri, hop, routes = dialog_route(msg)
        except PeerError as error:
            self.tm.log.error("cannot acknowledge a 2xx: %s", error.reason, source="tm")
            return None
        to = self.ack_endpoint(branch, reply, hop)
        if to is None or to.listener is None:
            self.tm.log.error("no way to send the ACK for a 2xx to %s", hop, source="tm")
            return None
        lines = b"".join(f"Route: {route}\r\n".encode("utf-8", "surrogateescape") for route in routes)
        via = via_line(to.listener, f"{branch.via_branch}a")
        to_value = str(msg.to.text)
        return build_request("ACK", uri, via, self.from_, to_value, self.call_id, self.cseq, lines), to

    def ack_endpoint(self, branch: Branch, reply: Context, hop: str) -> Endpoint | None:
        """Where the ACK goes."""
        mode = self.tm.cfg.local_ack_mode
        if mode == ACK_LIKE_INVITE:
            return branch.target
        if mode == ACK_TO_SOURCE:
            return Endpoint(*_address(reply.source), reply.source.connection, reply.source.listener)
        try:
            plan = plan_for(self.tm.worker, next_hop(hop)) or SingleTarget(Target(*_address(branch.target)))
        except PeerError:
            return None
        target = plan.next()
        return None if target is None else endpoint_for(self.tm.worker, target, self.wanted.socket, None)


def _address(endpoint: Endpoint | None) -> tuple[int, str, int]:
    assert endpoint is not None
    return endpoint.proto, endpoint.ip, endpoint.port


def own_address(to: Endpoint) -> tuple[str, int]:
    """Our address and port for a request to `to`."""
    assert to.listener is not None
    return to.listener.address, to.listener.port


def sent_by(listener: Listener) -> bytes:
    """`address:port`, what `!!` in given headers stands for."""
    return b"%b:%d" % (listener.via_host, listener.via_port)


def own_host(tm: Tm) -> str:
    """An address of ours for Call-IDs."""
    for listener in tm.worker.listeners:
        return str(listener.address)
    return "localhost"


def route_uri(route: str) -> str:
    """The URI in a Route value."""
    start, end = route.find("<"), route.find(">")
    return route[start + 1 : end] if 0 <= start < end else route.strip()


def dialog_route(reply: Message) -> tuple[str, str, list[str]]:
    """(request URI, next hop, Route values) for requests in the dialog that a 2xx made (12.1.2, 12.2.1.1).

    Raises PeerError where there is no Contact or a header is malformed.
    """
    contacts = reply.contacts()
    if not contacts:
        raise PeerError(400, "No Contact in the reply")
    target = str(contacts[0].uri)
    addresses = list(reversed(reply.addresses(H_RECORD_ROUTE)))
    if not addresses:
        return target, target, []
    uris = [str(address.uri) for address in addresses]
    if addresses[0].parsed_uri.param("lr") is not None:
        return target, uris[0], [f"<{uri}>" for uri in uris]
    return uris[0], uris[0], [f"<{uri}>" for uri in [*uris[1:], target]]


def start_request(tm: Tm, wanted: Wanted) -> LocalRequest:
    """Send a request of our own. Raises PeerError when it cannot go."""
    local = LocalRequest(tm, wanted)
    local.start()
    return local
