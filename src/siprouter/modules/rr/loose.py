"""Taking a request along its route set (RFC 3261 sections 16.4, 16.6 (6) and 16.12.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.rr.record import ROUTE_PARAMS
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.names import H_ROUTE
from siprouter.sip.uri import Uri
from siprouter.transport.endpoint import PROTO_IDS, PROTO_UDP, SIP_PORT, Listener
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.rr.rr import RecordRouting

DRIVEN = 1
NOT_DRIVEN = -1


def loose_route(inst: RecordRouting, ctx: Context) -> int:
    """loose_route(): 1 where the next hop comes from the Route headers"""
    msg: Message = ctx.msg
    if ctx.var_map is not None:
        ctx.var_map.pop(ROUTE_PARAMS, None)
    if msg.get(H_ROUTE) is None:
        return NOT_DRIVEN
    try:
        routes = RouteSet(msg)
        if not routes.addresses:
            return NOT_DRIVEN
        uri = ctx.parsed_uri
        if msg.to.tag and is_mine(inst, uri) > 0:
            return after_strict(inst, ctx, routes, uri)
        return after_loose(inst, ctx, routes)
    except PeerError as error:
        inst.log.error("cannot follow the route: %s", error.reason, source="rr")
        return NOT_DRIVEN


def is_mine(inst: RecordRouting, uri: Uri) -> int:
    """1 where a URI leads here, 0 where it does not, -1 where it would but for its user (parameter ignore_user)."""
    listeners = inst.worker.listeners
    if not uri.host or not listeners.is_myself(uri.host, uri.port or SIP_PORT):
        return 0
    return -1 if inst.ignore_user and uri.user == inst.ignore_user else 1


def is_strict(uri: Uri) -> bool:
    """Whether a route leads to a strict router: it lacks the parameter lr."""
    return uri.param("lr") is None


def plain_hop(address: NameAddr) -> str:
    """Where a route leads: its URI, or the one that its maddr parameter means."""
    uri = address.parsed_uri
    maddr = uri.param("maddr")
    if not maddr:
        return address.uri
    return f"sip:{maddr}:{uri.port}" if uri.port else f"sip:{maddr}"


class RouteSet:
    """The routes of a message, in order; those that were taken are to be removed from it."""

    def __init__(self, msg: Message) -> None:
        self.msg = msg
        self.addresses: list[NameAddr] = msg.routes()
        self.first = 0
        self.end = len(self.addresses)

    def is_empty(self) -> bool:
        """Whether all routes were taken."""
        return self.first >= self.end

    def top(self) -> NameAddr:
        """The first route left."""
        return self.addresses[self.first]

    def take_first(self) -> None:
        """Take the first route."""
        self.first += 1

    def take_last(self) -> NameAddr:
        """Take the last route."""
        self.end -= 1
        return self.addresses[self.end]

    def remove_taken(self) -> None:
        """Make the edits: whole lines where nothing of them is left."""
        for header in self.msg.all(H_ROUTE):
            if self.first >= self.end:
                self.msg.delete(header.name_start, header.line_end - header.name_start)
            else:
                self._remove_part(header)

    def _remove_part(self, header: Header) -> None:
        inside = [pos for pos, address in enumerate(self.addresses) if header.start <= address.start < header.end]
        left = [pos for pos in inside if self.first <= pos < self.end]
        if len(left) == len(inside):
            return
        if left:
            self._shorten(header, left[0] - inside[0], inside[-1] - left[-1], left)
        else:
            self.msg.delete(header.name_start, header.line_end - header.name_start)

    def _shorten(self, header: Header, before: int, behind: int, left: list[int]) -> None:
        if before:
            self.msg.delete(header.start, self.addresses[left[0]].start - header.start)
        if behind:
            stop = self.addresses[left[-1]].end
            self.msg.delete(stop, header.end - stop)


def after_strict(inst: RecordRouting, ctx: Context, routes: RouteSet, uri: Uri) -> int:
    """The previous hop put our route into the request URI."""
    top = routes.top().parsed_uri
    if inst.enable_double_rr and top.param("r2") is not None and is_mine(inst, top) > 0:
        force_socket(inst, ctx, top)
        routes.take_first()
        if routes.is_empty():
            routes.remove_taken()
            return NOT_DRIVEN
    address = routes.top()
    if is_strict(address.parsed_uri):
        ctx.set_uri(plain_hop(address))
        routes.take_first()
    else:
        # the next hop follows RFC 3261: put back what the strict router moved to the end
        ctx.dst_uri = plain_hop(address)
        ctx.set_uri(plain_hop(routes.take_last()))
    routes.remove_taken()
    return routed(inst, ctx, uri.params, DRIVEN)


def after_loose(inst: RecordRouting, ctx: Context, routes: RouteSet) -> int:
    """The previous hop left our route where it was: on top."""
    uri = routes.top().parsed_uri
    mine = is_mine(inst, uri)
    if mine < 0:
        return NOT_DRIVEN
    params = ""
    if mine:
        params = uri.params
        routes.take_first()
        if not routes.is_empty() and inst.enable_double_rr and uri.param("r2") is not None:
            force_socket(inst, ctx, routes.top().parsed_uri)
            routes.take_first()
        if routes.is_empty():
            routes.remove_taken()
            return routed(inst, ctx, params, DRIVEN if ctx.msg.to.tag else NOT_DRIVEN)
    address = routes.top()
    if is_strict(address.parsed_uri):
        msg: Message = ctx.msg
        msg.append_header(b"Route: <%b>\r\n" % msg.buf[msg.uri_start : msg.uri_end])
        ctx.set_uri(plain_hop(address))
        routes.take_first()
    else:
        ctx.dst_uri = plain_hop(address)
    routes.remove_taken()
    return routed(inst, ctx, params, DRIVEN)


def routed(inst: RecordRouting, ctx: Context, params: str, result: int) -> int:
    """Remember the parameters of our own route and tell those who want to know."""
    if params:
        ctx.variables()[ROUTE_PARAMS] = params
        for callback in inst.callbacks:
            callback(ctx, params)
    return result


def force_socket(inst: RecordRouting, ctx: Context, uri: Uri) -> None:
    """Send from the socket that the second of our two routes names."""
    proto = PROTO_IDS.get(uri.transport, PROTO_UDP)
    listener = find_listener(inst, uri.host, uri.port or SIP_PORT, proto)
    if listener is None:
        inst.log.warning("no socket for the second route %s", uri.text, source="rr")
    else:
        ctx.force_socket = listener


def find_listener(inst: RecordRouting, host: str, port: int, proto: int) -> Listener | None:
    """The socket with this address, or which advertises it."""
    found: Listener | None = inst.worker.listeners.find(host, port, proto)
    if found is not None:
        return found
    for listener in inst.worker.listeners:
        if listener.proto == proto and listener.via_port == port and listener.via_host.decode() == host:
            advertised: Listener = listener
            return advertised
    return None
