"""Pseudo-variables of the request URI, as it is now and as received, of the destination URI and of the next hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core import rewrite
from siprouter.core.access import PvAccess
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value, to_text
from siprouter.modules.pv.message import unknown_name
from siprouter.sip.uri import Uri
from siprouter.transport.endpoint import Listener
from siprouter.transport.listen import parse_listen
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv

DEFAULT_PORT = "5060"
DEFAULT_PROTO = "UDP"
NEXT_HOP_NAMES = ("u", "U", "d", "p", "P")


def port_text(uri: Uri) -> str:
    """The port of a URI, the default one where it has none."""
    return str(uri.port) if uri.port else DEFAULT_PORT


def proto_text(uri: Uri) -> str:
    """The transport parameter of a URI as written, "UDP" where it has none."""
    return uri.param("transport") or DEFAULT_PROTO


def _present(ctx: Context) -> Uri | None:
    """The request URI as it is now; None in replies and where it cannot be parsed."""
    if not ctx.msg.is_request:
        return None
    try:
        return ctx.parsed_uri
    except PeerError:
        return None


def _original(ctx: Context) -> Uri | None:
    """The request URI as received."""
    if not ctx.msg.is_request:
        return None
    try:
        uri: Uri = ctx.msg.parsed_uri
    except PeerError:
        return None
    return uri


def get_ru(inst: Pv, ctx: Context) -> Value:
    """$ru"""
    return None if _present(ctx) is None else ctx.uri


def get_ruri_user(inst: Pv, ctx: Context) -> Value:
    """$rU"""
    uri = _present(ctx)
    return None if uri is None else uri.user or None


def get_ruri_host(inst: Pv, ctx: Context) -> Value:
    """$rd"""
    uri = _present(ctx)
    return None if uri is None else uri.host or None


def get_ruri_port(inst: Pv, ctx: Context) -> Value:
    """$rp"""
    uri = _present(ctx)
    return None if uri is None else port_text(uri)


def get_ruri_proto(inst: Pv, ctx: Context) -> Value:
    """$rP"""
    uri = _present(ctx)
    return None if uri is None else proto_text(uri)


def set_ru(inst: Pv, ctx: Context, value: Value) -> None:
    """$ru = text; null is refused"""
    if value is None:
        inst.refuse(ctx, "$ru", value)
    else:
        ctx.set_uri(to_text(value))


def set_ruri_user(inst: Pv, ctx: Context, value: Value) -> None:
    """$rU = text; null removes the user part"""
    if not rewrite.set_user(ctx, to_text(value)):
        inst.refuse(ctx, "$rU", value)


def set_ruri_host(inst: Pv, ctx: Context, value: Value) -> None:
    """$rd = text; null is refused"""
    if value is None or not rewrite.set_host(ctx, to_text(value)):
        inst.refuse(ctx, "$rd", value)


def set_ruri_port(inst: Pv, ctx: Context, value: Value) -> None:
    """$rp = number or text; null removes the port"""
    if not rewrite.set_port(ctx, to_text(value)):
        inst.refuse(ctx, "$rp", value)


def get_ou(inst: Pv, ctx: Context) -> Value:
    """$ou"""
    uri: str = ctx.msg.uri
    return None if _original(ctx) is None else uri


def get_original_user(inst: Pv, ctx: Context) -> Value:
    """$oU"""
    uri = _original(ctx)
    return None if uri is None else uri.user or None


def get_original_host(inst: Pv, ctx: Context) -> Value:
    """$od"""
    uri = _original(ctx)
    return None if uri is None else uri.host or None


def get_original_port(inst: Pv, ctx: Context) -> Value:
    """$op"""
    uri = _original(ctx)
    return None if uri is None else port_text(uri)


def get_original_proto(inst: Pv, ctx: Context) -> Value:
    """$oP"""
    uri = _original(ctx)
    return None if uri is None else proto_text(uri)


def get_du(inst: Pv, ctx: Context) -> Value:
    """$du"""
    return ctx.dst_uri


def set_du(inst: Pv, ctx: Context, value: Value) -> None:
    """$du = text; null removes it"""
    ctx.dst_uri = None if value is None else to_text(value)


def _destination(inst: Pv, ctx: Context) -> Uri | None:
    return None if ctx.dst_uri is None else inst.uri(ctx.dst_uri)


def get_dst_host(inst: Pv, ctx: Context) -> Value:
    """$dd"""
    uri = _destination(inst, ctx)
    return None if uri is None else uri.host or None


def get_dst_port(inst: Pv, ctx: Context) -> Value:
    """$dp"""
    uri = _destination(inst, ctx)
    return None if uri is None else port_text(uri)


def get_dst_proto(inst: Pv, ctx: Context) -> Value:
    """$dP"""
    uri = _destination(inst, ctx)
    return None if uri is None else proto_text(uri)


def next_hop(ctx: Context) -> str:
    """Where the request goes: the destination URI, else the request URI."""
    return ctx.dst_uri or ctx.uri


def bind_nh(inst: Pv, inner: InnerName) -> PvAccess:
    """$nh(u|U|d|p|P)"""
    name = inner.text
    if name not in NEXT_HOP_NAMES:
        raise unknown_name(inner, "nh", NEXT_HOP_NAMES)
    if name == "u":
        return PvAccess(lambda ctx: next_hop(ctx) if ctx.msg.is_request else None)

    def get(ctx: Context) -> Value:
        uri = inst.uri(next_hop(ctx)) if ctx.msg.is_request else None
        if uri is None:
            return None
        if name == "U":
            return uri.user or None
        if name == "d":
            return uri.host or None
        return port_text(uri) if name == "p" else proto_text(uri)

    return PvAccess(get)


# sockets


def find_listener(inst: Pv, text: str) -> Listener | None:
    """The listener that `[proto:]host[:port]` names, or None (logged)."""
    try:
        spec = parse_listen(text)
    except OperatorError as error:
        inst.log.error("invalid socket %r: %s", text, error.message, source="pv")
        return None
    listener: Listener | None = inst.worker.listeners.find(spec.host, spec.port, spec.proto)
    if listener is None:
        inst.log.warning("no socket found to match %s", text, source="pv")
    return listener


def get_force_socket(inst: Pv, ctx: Context) -> Value:
    """$fs: proto:address:port"""
    name: str | None = None if ctx.force_socket is None else ctx.force_socket.name
    return name


def set_force_socket(inst: Pv, ctx: Context, value: Value) -> None:
    """$fs = "[proto:]address[:port]"; null resets it; an unknown socket changes nothing"""
    if value is None:
        ctx.force_socket = None
        return
    listener = find_listener(inst, to_text(value))
    if listener is not None:
        ctx.force_socket = listener
