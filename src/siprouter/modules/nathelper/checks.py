"""nat_uac_test() and is_rfc1918(): signs of a NAT between us and the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.nathelper.contacts import first_contact
from siprouter.modules.nathelper.sdp import find_sdp
from siprouter.sip.sdp import parse_sdp
from siprouter.transport.endpoint import PROTO_WS, PROTO_WSS, SIP_PORT
from siprouter.util.address import is_private_ipv4, parse_ip, same_ip

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper.state import Nathelper
    from siprouter.sip.message import Message

PRIVATE_CONTACT = 1
OTHER_VIA_HOST = 2
PRIVATE_VIA = 4
PRIVATE_SDP = 8
OTHER_VIA_PORT = 16
PRIVATE_SOURCE = 32
WEBSOCKET = 64


def is_private(host: str) -> bool:
    """True for an address of RFC 1918."""
    packed = parse_ip(host)
    return packed is not None and is_private_ipv4(packed)


def nat_uac_test(inst: Nathelper, ctx: Context, tests: int) -> int:
    """1 where any of the tests, a sum of the numbers above, finds a sign of NAT; else -1."""
    msg: Message = ctx.msg
    via = msg.via
    source = ctx.source
    if tests & OTHER_VIA_PORT and source.port != (via.port or SIP_PORT):
        return 1
    if tests & OTHER_VIA_HOST and (via.received or not same_ip(via.host, source.ip)):
        return 1
    if tests & PRIVATE_CONTACT:
        contact = first_contact(msg)
        if contact is not None and is_private(contact.parsed_uri.host):
            return 1
    if tests & PRIVATE_SDP and has_private_sdp(msg):
        return 1
    if tests & PRIVATE_VIA and is_private(via.host):
        return 1
    if tests & PRIVATE_SOURCE and is_private(source.ip):
        return 1
    return 1 if tests & WEBSOCKET and source.proto in (PROTO_WS, PROTO_WSS) else -1


def has_private_sdp(msg: Message) -> bool:
    """True where the first c= line of the session description has an address of RFC 1918."""
    place = find_sdp(msg)
    if place is None:
        return False
    connections = parse_sdp(msg.buf[place[0] : place[1]]).connections
    return bool(connections) and is_private(connections[0].address)


def is_rfc1918(inst: Nathelper, ctx: Context, address: str) -> int:
    """1 for an address of RFC 1918, else -1."""
    return 1 if is_private(address) else -1
