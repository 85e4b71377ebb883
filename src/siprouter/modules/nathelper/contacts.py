"""Contacts of phones behind NAT: fix_nated_contact(), add_contact_alias(), handle_ruri_alias() and their kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.nathelper.source import alias_destination, alias_param, received_uri
from siprouter.sip.uri import Uri
from siprouter.transport.endpoint import SIP_PORT, url_host
from siprouter.util.address import same_ip
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper.state import Nathelper
    from siprouter.sip.message import Message
    from siprouter.sip.nameaddr import NameAddr

NOTHING_TO_DO = 2


def first_contact(msg: Message) -> NameAddr | None:
    """The first Contact with a SIP URI; None where there is none, or the header is malformed."""
    try:
        contacts = msg.contacts()
        if contacts and not contacts[0].star and contacts[0].parsed_uri.is_sip:
            return contacts[0]
    except PeerError:
        pass
    return None


def host_range(msg: Message, contact: NameAddr, uri: Uri) -> tuple[int, int]:
    """Where ``host[:port]`` of a contact's URI is in the message."""
    start = contact.uri_start
    at = msg.buf.find(b"@", start, contact.uri_end) if uri.user else -1
    start = at + 1 if at >= 0 else msg.buf.find(b":", start, contact.uri_end) + 1
    end = start + len(to_bytes(uri.host))
    if msg.buf[end : end + 1] == b":":
        end += 1
        while end < contact.uri_end and 48 <= msg.buf[end] <= 57:
            end += 1
    return start, end


def is_edited(msg: Message, start: int, end: int) -> bool:
    """True where a pending edit touches these octets: what is read there is not what will be sent."""
    return any(edit.start <= end and edit.start + edit.length >= start for edit in msg.edits)


def fix_nated_contact(inst: Nathelper, ctx: Context) -> int:
    """Puts the source address and port in place of those of the first Contact; -1 where there is no usable one."""
    msg = ctx.msg
    contact = first_contact(msg)
    if contact is None:
        return -1
    start, end = host_range(msg, contact, contact.parsed_uri)
    if is_edited(msg, start, end):
        inst.worker.log.error("fix_nated_contact(): the Contact was changed already", source="nathelper")
        return -1
    msg.replace(start, end - start, to_bytes(f"{url_host(ctx.source.ip)}:{ctx.source.port}"))
    return 1


def add_contact_alias(inst: Nathelper, ctx: Context) -> int:
    """Adds ``;alias=ip~port~protocol`` to the first Contact where it differs from the source.

    1: added; 2: nothing to do; -1: error.
    """
    msg = ctx.msg
    if not msg.find("Contact"):
        return NOTHING_TO_DO
    contact = first_contact(msg)
    if contact is None:
        inst.worker.log.error("add_contact_alias(): bad Contact", source="nathelper")
        return -1
    uri = contact.parsed_uri
    if same_ip(uri.host, ctx.source.ip) and (uri.port or SIP_PORT) == ctx.source.port:
        return NOTHING_TO_DO
    start, end = host_range(msg, contact, uri)
    if is_edited(msg, start, end):
        inst.worker.log.error("add_contact_alias(): the Contact was changed already", source="nathelper")
        return -1
    alias = to_bytes(alias_param(ctx.source))
    if contact.bracketed:
        msg.insert(end, alias)
    else:
        msg.insert(contact.uri_start, b"<")
        msg.insert(contact.uri_end, alias + b">")
    return 1


def handle_ruri_alias(inst: Nathelper, ctx: Context) -> int:
    """Takes the alias parameter out of the request URI and makes its address the destination.

    1: done; 2: there is no alias; -1: error.
    """
    try:
        uri = ctx.parsed_uri
    except PeerError:
        inst.worker.log.error("handle_ruri_alias(): bad request URI", source="nathelper")
        return -1
    params = uri.params.split(";") if uri.params else []
    alias = next((param for param in params if param.startswith("alias=")), None)
    if alias is None:
        return NOTHING_TO_DO
    try:
        destination = alias_destination(alias[6:])
    except ValueError as error:
        inst.worker.log.error("handle_ruri_alias(): %s", error, source="nathelper")
        return -1
    params.remove(alias)
    ctx.dst_uri = destination
    ctx.set_uri(uri.replaced(params=";".join(params)))
    return 1


def add_received_param(inst: Nathelper, ctx: Context, in_uri: int = 0) -> int:
    """Adds ``;received="sip:ip:port"`` to all Contacts, behind them or (`in_uri`) inside their URIs."""
    param = to_bytes(f';received="{received_uri(ctx.source)}"')
    try:
        contacts = ctx.msg.contacts()
    except PeerError:
        inst.worker.log.error("add_rcv_param(): bad Contact", source="nathelper")
        return -1
    for contact in contacts:
        if not contact.star:
            ctx.msg.insert(contact.uri_end if in_uri else contact.end, param)
    return 1


def fix_nated_register(inst: Nathelper, ctx: Context) -> int:
    """Stores the URI of the source in the AVP `received_avp`, for registrar."""
    if inst.received is None:
        message = "fix_nated_register(): the parameter received_avp must be set, to the same AVP as in registrar"
        inst.worker.log.error(message, source="nathelper")
        return -1
    inst.received.set(ctx, received_uri(ctx.source))  # type: ignore[misc]  # avp_param() saw to it
    return 1
