"""fix_nated_register() and the select @nathelper.rewrite_contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.received import received_with_socket
from siprouter.modules.nathelper.contacts import host_range
from siprouter.script.select_parts import URI_PARTS, nameaddr_part, uri_part
from siprouter.transport.endpoint import PROTO_TLS, SIP_PORT, SIPS_PORT, url_host
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper_s.state import SerNathelper


def fix_nated_register(inst: SerNathelper, ctx: Context) -> int:
    """Adds the source to all Contacts, ``;received="sip:ip:port;dstip=…;dstport=…"``; -1 where one is malformed."""
    param = to_bytes(f';received="{received_with_socket(ctx.source)}"')
    try:
        contacts = ctx.msg.contacts()
    except PeerError:
        inst.worker.log.error("fix_nated_register(): bad Contact", source="nathelper")
        return -1
    for contact in contacts:
        if not contact.star:
            ctx.msg.insert(contact.end, param)
    return 1


def rewrite_contact(inst: SerNathelper, ctx: Context, index: int) -> str | None:
    """Contact number `index` (1: the first) as fix_nated_contact() would make it; None where there is none.

    The port is left out where it is the usual one.
    """
    msg = ctx.msg
    try:
        contacts = msg.contacts()
        if not 1 <= index <= len(contacts) or contacts[index - 1].star:
            return None
        contact = contacts[index - 1]
        uri = contact.parsed_uri
    except PeerError:
        return None
    if not uri.is_sip:
        return None
    source = ctx.source
    host = url_host(source.ip)
    if source.port != (SIPS_PORT if source.proto == PROTO_TLS else SIP_PORT):
        host += f":{source.port}"
    start, end = host_range(msg, contact, uri)
    return to_str(msg.buf[contact.start : start] + to_bytes(host) + msg.buf[end : contact.end])


def rewrite_contact_part(inst: SerNathelper, ctx: Context, index: int, part: str) -> str | None:
    """`name`, `uri` or `params` of such a contact."""
    if part not in ("name", "uri", "params"):
        return None
    return nameaddr_part(inst.worker, rewrite_contact(inst, ctx, index), part)


def rewrite_contact_below(
    inst: SerNathelper, ctx: Context, index: int, part: str, rest: tuple[str | int, ...]
) -> str | None:
    """What is below: ``uri.host``, ``uri.params.lr``, ``params.q`` …; None for anything else."""
    names = [str(name) for name in rest]
    text = rewrite_contact(inst, ctx, index)
    if part == "params" and len(names) == 1:
        return nameaddr_part(inst.worker, text, part, names[0])
    if part != "uri" or text is None:
        return None
    uri = nameaddr_part(inst.worker, text, "uri")
    if len(names) == 1 and names[0] in URI_PARTS:
        return uri_part(inst.worker, uri, names[0])
    return uri_part(inst.worker, uri, "params", names[1]) if len(names) == 2 and names[0] == "params" else None
