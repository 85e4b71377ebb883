"""Contacts hidden in the user part of a URI of ours: `sip:prefix*user*password*host*port*protocol@public`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.message import Message
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.siputils.state import SipUtils

PARTS = 6


def encode(uri: Uri, prefix: str, public: str, separator: str) -> str | None:
    """The URI that stands for `uri`; None where it holds the separator, or is no sip URI."""
    port = str(uri.port) if uri.port else ""
    parts = (prefix, uri.user, uri.password, uri.host, port, uri.param("transport") or "")
    if not uri.is_sip or any(separator in part for part in parts):
        return None
    return f"{uri.scheme}:{separator.join(parts)}@{public}"


def decode(text: str, separator: str) -> str | None:
    """The URI that `text` stands for, with the parameters that were added to it; None where it stands for none."""
    scheme, colon, rest = text.partition(":")
    inside, at, behind = rest.partition("@")
    parts = inside.split(separator)
    if not colon or not at or len(parts) != PARTS or ";" in inside or ">" in inside:
        return None
    _, user, password, host, port, proto = parts
    if not host or (password and not user):
        return None
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    where = f"{host}:{port}" if port else host
    transport = f";transport={proto}" if proto else ""
    params = behind.find(";")
    decoded = f"{scheme}:{credentials}{where}{transport}{behind[params:] if params >= 0 else ''}"
    try:
        parse_uri(decoded)
    except PeerError:
        return None
    return decoded


def _change_contacts(inst: SipUtils, ctx: Context, name: str, prefix: str | None, public: str) -> int:
    """Encode (`prefix` given) or decode all contacts; one that cannot be changed stays, with an error in the log."""
    msg: Message = ctx.msg
    try:
        contacts = msg.contacts()
    except PeerError:
        contacts = []
    if not contacts:
        inst.log.error("%s(): no Contact, or a malformed one", name, source="siputils")
        return -1
    for contact in contacts:
        if contact.star:
            continue
        try:
            if prefix is None:
                changed = decode(contact.uri, inst.separator)
            else:
                changed = encode(contact.parsed_uri, prefix, public, inst.separator)
        except PeerError:
            changed = None
        if changed is None:
            inst.log.error("%s(): cannot change the contact %s", name, contact.uri, source="siputils")
        else:
            msg.replace(contact.uri_start, contact.uri_end - contact.uri_start, to_bytes(changed))
    return 1


def encode_contact(inst: SipUtils, ctx: Context, prefix: str, public: str) -> int:
    """encode_contact(prefix, public address)"""
    return _change_contacts(inst, ctx, "encode_contact", prefix, public)


def decode_contact_header(inst: SipUtils, ctx: Context) -> int:
    """decode_contact_header()"""
    return _change_contacts(inst, ctx, "decode_contact_header", None, "")


def decode_contact(inst: SipUtils, ctx: Context) -> int:
    """decode_contact(): the request URI"""
    decoded = decode(ctx.uri, inst.separator)
    if decoded is None:
        inst.log.error("decode_contact(): %s is no encoded contact", ctx.uri, source="siputils")
    else:
        ctx.set_uri(decoded)
    return 1
