"""Pseudo-variables of From and To. Writing is a pending edit of the header, reading sees the received one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.values import Value, to_text
from siprouter.sip.message import Message
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.uri import Uri
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv


def _from(ctx: Context) -> NameAddr | None:
    try:
        address: NameAddr = ctx.msg.from_
    except PeerError:
        return None
    return address


def _to(ctx: Context) -> NameAddr | None:
    try:
        address: NameAddr = ctx.msg.to
    except PeerError:
        return None
    return address


def _uri(address: NameAddr | None) -> Uri | None:
    if address is None:
        return None
    try:
        return address.parsed_uri
    except PeerError:
        return None


def get_from_uri(inst: Pv, ctx: Context) -> Value:
    """$fu"""
    address = _from(ctx)
    return None if address is None else address.uri


def get_from_user(inst: Pv, ctx: Context) -> Value:
    """$fU"""
    uri = _uri(_from(ctx))
    return None if uri is None else uri.user or None


def get_from_host(inst: Pv, ctx: Context) -> Value:
    """$fd"""
    uri = _uri(_from(ctx))
    return None if uri is None else uri.host or None


def get_from_name(inst: Pv, ctx: Context) -> Value:
    """$fn: with its quotes"""
    address = _from(ctx)
    return None if address is None else address.display or None


def get_from_tag(inst: Pv, ctx: Context) -> Value:
    """$ft"""
    address = _from(ctx)
    return None if address is None else address.tag or None


def get_to_uri(inst: Pv, ctx: Context) -> Value:
    """$tu"""
    address = _to(ctx)
    return None if address is None else address.uri


def get_to_user(inst: Pv, ctx: Context) -> Value:
    """$tU"""
    uri = _uri(_to(ctx))
    return None if uri is None else uri.user or None


def get_to_host(inst: Pv, ctx: Context) -> Value:
    """$td"""
    uri = _uri(_to(ctx))
    return None if uri is None else uri.host or None


def get_to_name(inst: Pv, ctx: Context) -> Value:
    """$tn: with its quotes"""
    address = _to(ctx)
    return None if address is None else address.display or None


def get_to_tag(inst: Pv, ctx: Context) -> Value:
    """$tt"""
    address = _to(ctx)
    return None if address is None else address.tag or None


# writing


def _user_place(address: NameAddr, uri: Uri) -> int:
    """Where the user part begins, or would begin, in the message."""
    return address.uri_start + len(uri.scheme) + 1


def _set_uri(inst: Pv, ctx: Context, address: NameAddr | None, what: str, value: Value) -> None:
    if address is None or value is None:
        inst.refuse(ctx, what, value)
        return
    msg: Message = ctx.msg
    msg.replace(address.uri_start, address.uri_end - address.uri_start, to_bytes(to_text(value)))


def _set_user(inst: Pv, ctx: Context, address: NameAddr | None, what: str, value: Value) -> None:
    """Null takes the user part with its "@" away; a URI without one gets it."""
    uri = _uri(address)
    if address is None or uri is None or not uri.is_sip:
        inst.refuse(ctx, what, value)
        return
    msg: Message = ctx.msg
    start = _user_place(address, uri)
    length = len(to_bytes(uri.user))
    user = to_bytes(to_text(value))
    if not uri.user:
        if user:
            msg.replace(start, 0, user + b"@")
    elif value is None:
        msg.delete(start, length + (0 if uri.password else 1))
    else:
        msg.replace(start, length, user)


def _set_host(inst: Pv, ctx: Context, address: NameAddr | None, what: str, value: Value) -> None:
    uri = _uri(address)
    if address is None or uri is None or not uri.is_sip or value is None:
        inst.refuse(ctx, what, value)
        return
    msg: Message = ctx.msg
    start = _user_place(address, uri)
    if uri.user:
        start = msg.buf.index(b"@", start) + 1
    msg.replace(start, len(uri.host), to_bytes(to_text(value)))


def _set_name(inst: Pv, ctx: Context, address: NameAddr | None, what: str, value: Value) -> None:
    """Null takes the display name away. An address without angle brackets gets them: the name needs them."""
    if address is None:
        inst.refuse(ctx, what, value)
        return
    msg: Message = ctx.msg
    name = to_bytes(to_text(value))
    start, end = address.display_start, address.display_end
    if start < end:
        if value is None and msg.buf[end : end + 1] == b" ":
            end += 1
        msg.replace(start, end - start, name)
    elif name:
        if not address.bracketed:
            name += b" <"
            msg.insert(address.uri_end, b">")
        else:
            name += b" "
        msg.insert(address.start, name)


def set_from_uri(inst: Pv, ctx: Context, value: Value) -> None:
    """$fu = text"""
    _set_uri(inst, ctx, _from(ctx), "$fu", value)


def set_from_user(inst: Pv, ctx: Context, value: Value) -> None:
    """$fU = text; null removes the user part"""
    _set_user(inst, ctx, _from(ctx), "$fU", value)


def set_from_host(inst: Pv, ctx: Context, value: Value) -> None:
    """$fd = text"""
    _set_host(inst, ctx, _from(ctx), "$fd", value)


def set_from_name(inst: Pv, ctx: Context, value: Value) -> None:
    """$fn = text; null removes the display name"""
    _set_name(inst, ctx, _from(ctx), "$fn", value)


def set_to_uri(inst: Pv, ctx: Context, value: Value) -> None:
    """$tu = text"""
    _set_uri(inst, ctx, _to(ctx), "$tu", value)


def set_to_user(inst: Pv, ctx: Context, value: Value) -> None:
    """$tU = text; null removes the user part"""
    _set_user(inst, ctx, _to(ctx), "$tU", value)


def set_to_host(inst: Pv, ctx: Context, value: Value) -> None:
    """$td = text"""
    _set_host(inst, ctx, _to(ctx), "$td", value)


def set_to_name(inst: Pv, ctx: Context, value: Value) -> None:
    """$tn = text; null removes the display name"""
    _set_name(inst, ctx, _to(ctx), "$tn", value)
