"""Conditions on the message: `method == …`, `uri == myself`, `src_ip == 10.0.0.0/8` and their kin.

Texts compare without regard to case, as 3.1 does here. A message part that is missing or malformed equals nothing.
"""

from __future__ import annotations

from typing import Any

from siprouter.core.context import Context
from siprouter.core.route_info import SENDING, Sending
from siprouter.core.values import Value, str_to_int
from siprouter.script.runtime import matches, text
from siprouter.sip.uri import Uri
from siprouter.transport.endpoint import PROTO_UDP, SIP_PORT
from siprouter.util.address import Network, parse_ip
from siprouter.util.errors import PeerError, SipRouterError
from siprouter.util.regex import Regex

AF_INET = 2
AF_INET6 = 10
MAX_ADDRESSES = 16


# --- texts


def get_method(ctx: Context) -> str:
    """The method; of a reply that of its CSeq."""
    method: str = ctx.msg.method
    return method


def get_uri(ctx: Context) -> str:
    """The present request URI; of a reply its status code."""
    msg = ctx.msg
    if not msg.is_request:
        return str(msg.status)
    return ctx.uri


def get_from_uri(ctx: Context) -> str | None:
    """The URI of From, None when malformed."""
    try:
        uri: str = ctx.msg.from_.uri
    except PeerError:
        return None
    return uri


def get_to_uri(ctx: Context) -> str | None:
    """The URI of To, None when malformed."""
    try:
        uri: str = ctx.msg.to.uri
    except PeerError:
        return None
    return uri


def same_text(left: str | None, right: Value) -> bool:
    """Equal without regard to case; a number as `right` compares as number."""
    if left is None:
        return False
    if type(right) is str:
        return left == right or (len(left) == len(right) and left.lower() == right.lower())
    if right is None:
        return False
    return str_to_int(left) == right


def found_in(regex: Regex, left: str | None) -> bool:
    """Whether a pattern known when loading is found."""
    return left is not None and regex.matches(left)


def text_matches(left: str | None, right: Value) -> bool:
    """Whether the pattern `right` is found."""
    return left is not None and matches(left, text(right))


# --- myself


def _is_mine(ctx: Context, uri: Uri | None) -> bool:
    return uri is not None and ctx.worker.is_myself(uri.host, uri.port or SIP_PORT)


def uri_is_mine(ctx: Context) -> bool:
    """`uri == myself`."""
    try:
        return _is_mine(ctx, ctx.parsed_uri)
    except PeerError:
        return False


def from_is_mine(ctx: Context) -> bool:
    """`from_uri == myself`."""
    try:
        return _is_mine(ctx, ctx.msg.from_.parsed_uri)
    except PeerError:
        return False


def to_is_mine(ctx: Context) -> bool:
    """`to_uri == myself`."""
    try:
        return _is_mine(ctx, ctx.msg.to.parsed_uri)
    except PeerError:
        return False


def ip_is_mine(ctx: Context, ip: str) -> bool:
    """`src_ip == myself` and its kin."""
    return bool(ip) and ctx.worker.is_myself(ip)


# --- addresses


def get_src_ip(ctx: Context) -> str:
    """The address that the message came from."""
    ip: str = ctx.source.ip
    return ip


def get_dst_ip(ctx: Context) -> str:
    """The address of ours that the message came to."""
    listener = ctx.source.listener
    return "" if listener is None else listener.address


def _sending(ctx: Context) -> Sending | None:
    if ctx.var_map is None:
        return None
    found: Sending | None = ctx.var_map.get(SENDING)
    return found


def _sending_listener(ctx: Context) -> Any:
    sending = _sending(ctx)
    return None if sending is None else sending.to.listener


def get_snd_ip(ctx: Context) -> str:
    """The address that a message is sent from (onsend_route)."""
    listener = _sending_listener(ctx)
    return "" if listener is None else listener.address


def get_to_ip(ctx: Context) -> str:
    """The address that a message is sent to (onsend_route)."""
    sending = _sending(ctx)
    return "" if sending is None else sending.to.ip


def in_network(ip: str, network: Network) -> bool:
    """Whether `ip` is in a network known when loading."""
    return network.contains(ip)


async def ip_is_host(ctx: Context, ip: str, host: Value) -> bool:
    """Whether `ip` is the address, in the network, or one of the addresses of the name `host`. Waits for the name."""
    name = text(host)
    try:
        return Network.parse(name).contains(ip)
    except ValueError:
        pass
    packed = parse_ip(ip)
    return packed is not None and any(parse_ip(found) == packed for found in await addresses_of(ctx, name))


async def addresses_of(ctx: Context, host: str) -> list[str]:
    """The addresses of a host name, none where it cannot be resolved."""
    resolver = ctx.worker.resolver
    found: list[str] = []
    if resolver is None or not host:
        return found
    try:
        plan = resolver.plan_now(host, SIP_PORT, PROTO_UDP, False)
        if plan is None:
            plan = await resolver.plan(host, SIP_PORT, PROTO_UDP, False)
    except SipRouterError:
        return found
    while len(found) < MAX_ADDRESSES:
        target = plan.next()
        if target is None:
            break
        found.append(target.ip)
    return found


async def ip_matches(ctx: Context, ip: str, pattern: Value) -> bool:
    """`src_ip =~ "…"`: an address or network, a pattern for the address as text, or a host name."""
    pattern = text(pattern)
    try:
        return Network.parse(pattern).contains(ip)
    except ValueError:
        return matches(ip, pattern) or await ip_is_host(ctx, ip, pattern)


# --- numbers


def get_src_port(ctx: Context) -> int:
    """The port that the message came from."""
    port: int = ctx.source.port
    return port


def get_dst_port(ctx: Context) -> int:
    """The port of ours that the message came to."""
    listener = ctx.source.listener
    return 0 if listener is None else listener.port


def get_proto(ctx: Context) -> int:
    """The protocol that the message came over."""
    proto: int = ctx.source.proto
    return proto


def get_af(ctx: Context) -> int:
    """The address family that the message came over: 2 or 10."""
    return AF_INET6 if ":" in ctx.source.ip else AF_INET


def get_msg_len(ctx: Context) -> int:
    """The size of the message: as received, in an onsend_route as sent."""
    sending = _sending(ctx)
    return len(ctx.msg.buf) if sending is None else len(sending.data)


def get_snd_port(ctx: Context) -> int:
    """The port that a message is sent from (onsend_route)."""
    listener = _sending_listener(ctx)
    return 0 if listener is None else listener.port


def get_to_port(ctx: Context) -> int:
    """The port that a message is sent to (onsend_route)."""
    sending = _sending(ctx)
    return 0 if sending is None else sending.to.port


def get_snd_proto(ctx: Context) -> int:
    """The protocol that a message is sent over (onsend_route)."""
    sending = _sending(ctx)
    return 0 if sending is None else sending.to.proto


def get_snd_af(ctx: Context) -> int:
    """The address family that a message is sent over (onsend_route)."""
    ip = get_to_ip(ctx)
    if not ip:
        return 0
    return AF_INET6 if ":" in ip else AF_INET


TEXTS = {"method": get_method, "uri": get_uri, "from_uri": get_from_uri, "to_uri": get_to_uri}
MINE = {"uri": uri_is_mine, "from_uri": from_is_mine, "to_uri": to_is_mine}
ADDRESSES = {"src_ip": get_src_ip, "dst_ip": get_dst_ip, "snd_ip": get_snd_ip, "to_ip": get_to_ip}
NUMBERS = {
    "src_port": get_src_port,
    "dst_port": get_dst_port,
    "snd_port": get_snd_port,
    "to_port": get_to_port,
    "af": get_af,
    "snd_af": get_snd_af,
    "to_af": get_snd_af,
    "msg:len": get_msg_len,
    "proto": get_proto,
    "snd_proto": get_snd_proto,
    "to_proto": get_snd_proto,
}
