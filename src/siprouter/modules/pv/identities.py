"""Pseudo-variables of headers that say who somebody is, and of credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.route_info import AUTHORIZED
from siprouter.core.values import Value
from siprouter.sip.auth import AuthParams, parse_auth
from siprouter.sip.message import Message
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.names import (
    H_AUTHORIZATION,
    H_DIVERSION,
    H_P_ASSERTED_IDENTITY,
    H_P_PREFERRED_IDENTITY,
    H_PROXY_AUTHORIZATION,
    H_REFER_TO,
    H_REMOTE_PARTY_ID,
    M_ACK,
    M_CANCEL,
)
from siprouter.sip.uri import Uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv


def _first(ctx: Context, header_id: int) -> NameAddr | None:
    """The first address of the headers of this id; None where there is none, or one is malformed."""
    msg: Message = ctx.msg
    try:
        addresses = msg.addresses(header_id)
    except PeerError:
        return None
    return addresses[0] if addresses else None


def _first_uri(ctx: Context, header_id: int) -> Value:
    address = _first(ctx, header_id)
    return None if address is None else address.uri


def get_pai(inst: Pv, ctx: Context) -> Value:
    """$ai"""
    return _first_uri(ctx, H_P_ASSERTED_IDENTITY)


def get_rpid(inst: Pv, ctx: Context) -> Value:
    """$re"""
    return _first_uri(ctx, H_REMOTE_PARTY_ID)


def get_refer_to(inst: Pv, ctx: Context) -> Value:
    """$rt"""
    return _first_uri(ctx, H_REFER_TO)


def get_diversion(inst: Pv, ctx: Context) -> Value:
    """$di"""
    return _first_uri(ctx, H_DIVERSION)


def _diversion_param(ctx: Context, name: str) -> Value:
    address = _first(ctx, H_DIVERSION)
    return None if address is None else address.params.get(name)


def get_diversion_reason(inst: Pv, ctx: Context) -> Value:
    """$dir"""
    return _diversion_param(ctx, "reason")


def get_diversion_privacy(inst: Pv, ctx: Context) -> Value:
    """$dip"""
    return _diversion_param(ctx, "privacy")


def get_ppi(inst: Pv, ctx: Context) -> Value:
    """$pu"""
    return _first_uri(ctx, H_P_PREFERRED_IDENTITY)


def get_ppi_name(inst: Pv, ctx: Context) -> Value:
    """$pn"""
    address = _first(ctx, H_P_PREFERRED_IDENTITY)
    return None if address is None else address.display or None


def _ppi_uri(ctx: Context) -> Uri | None:
    address = _first(ctx, H_P_PREFERRED_IDENTITY)
    try:
        return None if address is None else address.parsed_uri
    except PeerError:
        return None


def get_ppi_user(inst: Pv, ctx: Context) -> Value:
    """$pU"""
    uri = _ppi_uri(ctx)
    return None if uri is None else uri.user or None


def get_ppi_host(inst: Pv, ctx: Context) -> Value:
    """$pd"""
    uri = _ppi_uri(ctx)
    return None if uri is None else uri.host or None


# credentials: of Proxy-Authorization, else of Authorization


def _credentials(ctx: Context) -> AuthParams | None:
    msg: Message = ctx.msg
    if msg.method_id in (M_ACK, M_CANCEL):
        return None
    header = msg.get(H_PROXY_AUTHORIZATION) or msg.get(H_AUTHORIZATION)
    if header is None:
        return None
    try:
        found = parse_auth(msg.value(header))
    except PeerError:
        return None
    return found if found.is_digest else None


def get_auth_user(inst: Pv, ctx: Context) -> Value:
    """$au: without a domain"""
    found = _credentials(ctx)
    return None if found is None else found.user


def get_auth_name(inst: Pv, ctx: Context) -> Value:
    """$aU: the whole user name"""
    found = _credentials(ctx)
    return None if found is None else found.username


def get_auth_domain(inst: Pv, ctx: Context) -> Value:
    """$ad: what follows the "@" of the user name"""
    found = _credentials(ctx)
    return None if found is None else found.domain


def get_auth_realm(inst: Pv, ctx: Context) -> Value:
    """$ar"""
    found = _credentials(ctx)
    return None if found is None else found.realm


def get_auth_uri(inst: Pv, ctx: Context) -> Value:
    """$adu: null where it is empty"""
    found = _credentials(ctx)
    return None if found is None else found.get("uri") or None


def get_account(inst: Pv, ctx: Context) -> Value:
    """$Au: user@realm of credentials that were found right, else user@domain of From"""
    authorized: AuthParams | None = ctx.vars.get(AUTHORIZED)
    if authorized is not None and authorized.username:
        return f"{authorized.user}@{authorized.realm}" if authorized.realm else authorized.user
    try:
        uri: Uri = ctx.msg.from_.parsed_uri
    except PeerError:
        return None
    return f"{uri.user}@{uri.host}"
