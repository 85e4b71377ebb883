"""Pings: what is sent, how, and which contacts get one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.outgoing import NextHop, Target, literal_target, next_hop, via_line
from siprouter.modules.nathelper.pinger import Pinger
from siprouter.transport.endpoint import PROTO_UDP, Endpoint, Listener
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

CRLF_PING = b"\r\n\r\n"
FROM_URI = "sip:registrar@127.0.0.1:9"
BRANCH_PREFIX = "z9hG4bK-GnIp-"


class PingSender:
    """Sends one ping to a URI: line ends, or a request called `method`, through `tm` where that is given.

    `forced` is the socket to send from where the caller knows none.
    """

    def __init__(self, worker: Worker, method: str = "", tm: Any = None, forced: Listener | None = None) -> None:
        self.worker = worker
        self.method = method
        self.tm = tm
        self.forced = forced
        self._branch = BRANCH_PREFIX + worker.random_bytes(4).hex()
        self._count = 0

    def ping(self, uri: str, socket: Listener | None = None) -> bool:
        """False where the URI is no usable one; what fails later is logged."""
        try:
            hop = next_hop(uri)
            if self.tm is not None:
                self.tm.request(self.method, uri, f"<{FROM_URI}>", f"<{uri}>", socket=socket or self.forced)
                return True
        except PeerError as error:
            self.worker.log.error("cannot ping %s: %s", uri, error, source="nathelper")
            return False
        target = literal_target(hop)
        if target is not None:
            return self._send(uri, target, socket)
        if self.worker.resolver is not None:
            self.worker.spawn(self._resolve(uri, hop, socket), "nathelper ping")
        return True

    async def _resolve(self, uri: str, hop: NextHop, socket: Listener | None) -> None:
        try:
            plan = await self.worker.resolver.plan(hop.host, hop.port, hop.proto, hop.secure)
        except PeerError as error:
            self.worker.log.warning("cannot ping %s: %s", uri, error, source="nathelper")
            return
        found = plan.next()
        if found is not None:
            self._send(uri, Target(found.proto or PROTO_UDP, found.ip, found.port), socket)

    def _send(self, uri: str, target: Target, socket: Listener | None) -> bool:
        listener: Listener | None = self.worker.listeners.choose(target.proto, target.ip, socket or self.forced)
        if listener is None:
            self.worker.log.error("no socket to ping %s from", target.ip, source="nathelper")
            return False
        data = self._request(uri, listener) if self.method else CRLF_PING
        return bool(self.worker.outlet.send(data, Endpoint(target.proto, target.ip, target.port, 0, listener)))

    def _request(self, uri: str, listener: Listener) -> bytes:
        number = self._next_number()
        lines = (
            f"From: <{FROM_URI}>;tag=1",
            f"To: <{uri}>",
            f"Call-ID: {number.removeprefix(BRANCH_PREFIX)}",
            f"CSeq: 1 {self.method}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        )
        head = to_bytes(f"{self.method} {uri} SIP/2.0\r\n")
        return head + via_line(listener, number) + to_bytes("\r\n".join(lines)) + CRLF_PING

    def _next_number(self) -> str:
        """A branch that no request had yet; its Call-ID is one of which the reply comes back to this worker."""
        while True:
            self._count += 1
            number = f"{self._branch}-{self._count:x}"
            if self.worker.owns(number.removeprefix(BRANCH_PREFIX)):
                return number

    def absorb(self, ctx: Context) -> bool:
        """True for a reply to one of our stateless requests: it ends here."""
        branch: str = ctx.msg.via.branch
        return branch.startswith(self._branch)


class SerPinger(Pinger):
    """Pings the contacts that this server is responsible for, whatever protocol they are reached by."""

    def __init__(self, worker: Worker, usrloc: Any, interval: int, needed_flags: int, sender: PingSender) -> None:
        super().__init__(worker, usrloc, interval, needed_flags)
        self.sender = sender
        self.server_id: int = usrloc.server_id()

    def ping(self, contact: Any) -> None:
        """Pings a contact where it was last seen."""
        if contact.server_id == self.server_id:
            self.sender.ping(contact.received or contact.uri, self.usrloc.listener(contact.socket))
