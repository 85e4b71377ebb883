"""Taking a request along its route set (RFC 3261 sections 16.4, 16.6 (6) and 16.12.1), as SER does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.rr.loose import (
    DRIVEN,
    NOT_DRIVEN,
    RouteSet,
    force_socket,
    is_mine,
    is_strict,
    routed,
)
from siprouter.modules.rr.record import ROUTE_PARAMS
from siprouter.sip.message import Message
from siprouter.sip.names import H_ROUTE
from siprouter.sip.uri import Uri
from siprouter.transport.endpoint import SIP_PORT
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.rr_s.rr import SerRecordRouting


def loose_route(inst: SerRecordRouting, ctx: Context) -> int:
    """loose_route(): 1 where the next hop comes from the Route headers"""
    msg: Message = ctx.msg
    if ctx.var_map is not None:
        ctx.var_map.pop(ROUTE_PARAMS, None)
    if msg.get(H_ROUTE) is None:
        return NOT_DRIVEN
    try:
        routes = RouteSet(msg)
        return NOT_DRIVEN if routes.is_empty() else _follow(inst, ctx, routes)
    except PeerError as error:
        inst.log.error("cannot follow the route: %s", error.reason, source="rr")
        return NOT_DRIVEN


def _follow(inst: SerRecordRouting, ctx: Context, routes: RouteSet) -> int:
    """Whether the hop before was a strict router shows in what leads here: request URI, first route or both."""
    uri = ctx.parsed_uri
    top = routes.top().parsed_uri
    mine = is_mine(inst, top) > 0
    # an ignored user matters in routes only
    to_me = bool(uri.host) and inst.worker.is_myself(uri.host, uri.port or SIP_PORT)
    if mine and not (to_me and is_double(inst, top)):
        return after_loose(inst, ctx, routes, to_me)
    if not to_me:
        inst.store_next(ctx, routes.top().uri)
        inst.log.warning("neither the request URI nor the first route leads here", source="rr")
        return NOT_DRIVEN
    if not ctx.msg.to.tag:
        inst.log.warning("a preloaded route of a strict router", source="rr")
        return NOT_DRIVEN
    return after_strict(inst, ctx, routes, uri, mine)


def is_double(inst: SerRecordRouting, uri: Uri) -> bool:
    """Whether a route is the first of the two that double record-routing makes."""
    return bool(inst.enable_double_rr) and uri.param("r2") is not None


def after_loose(inst: SerRecordRouting, ctx: Context, routes: RouteSet, to_me: bool) -> int:
    """The previous hop left our route on top; `to_me`: the request URI leads here, too, so the script has to decide."""
    own = routes.top().parsed_uri
    inst.store_user(ctx, own)
    inst.restore_cookie(ctx, own)
    routes.take_first()
    double = is_double(inst, own)
    if double and not routes.is_empty():
        if inst.force_send_socket:
            force_socket(inst, ctx, routes.top().parsed_uri)
        routes.take_first()
    if routes.is_empty():
        routes.remove_taken()
        return routed(inst, ctx, own.params, NOT_DRIVEN if to_me else DRIVEN)
    address = routes.top()
    inst.store_next(ctx, address.uri)
    if is_strict(address.parsed_uri):
        msg: Message = ctx.msg
        msg.append_header(b"Route: <%b>\r\n" % msg.buf[msg.uri_start : msg.uri_end])
        ctx.set_uri(address.uri)
        routes.take_first()
    else:
        ctx.dst_uri = address.uri
        ctx.uri_consumed = False
    routes.remove_taken()
    return routed(inst, ctx, own.params, DRIVEN)


def after_strict(inst: SerRecordRouting, ctx: Context, routes: RouteSet, own: Uri, mine: bool) -> int:
    """The previous hop put our route, `own`, into the request URI; `mine`: the first one left is the second of ours."""
    inst.restore_cookie(ctx, own)
    if mine:
        inst.store_user(ctx, routes.top().parsed_uri)
        routes.take_first()
        if routes.is_empty():
            routes.remove_taken()
            return routed(inst, ctx, own.params, NOT_DRIVEN)
    address = routes.top()
    inst.store_next(ctx, address.uri)
    if is_strict(address.parsed_uri):
        ctx.set_uri(address.uri)
        routes.take_first()
    else:
        # the next hop follows RFC 3261: put back what the strict router moved to the end
        ctx.dst_uri = address.uri
        ctx.set_uri(routes.take_last().uri)
    routes.remove_taken()
    return routed(inst, ctx, own.params, DRIVEN)
