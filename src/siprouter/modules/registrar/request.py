"""What a REGISTER asks for: its contacts with their absolute expiry, and what they have in common."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from siprouter.modules.registrar.methods import methods_mask
from siprouter.modules.registrar.path import read_path
from siprouter.modules.registrar.rejection import (
    CALL_ID_LENGTH,
    CONTACT_LENGTH,
    INVALID_Q,
    PARSE,
    PARSE_CONTACT,
    PARSE_EXPIRES,
    STAR_CONTACTS,
    STAR_EXPIRES,
    Rejected,
)
from siprouter.modules.usrloc.contact import ALL_METHODS, MAX_EXPIRES, parse_q
from siprouter.sip.names import H_ALLOW, H_CONTACT, H_EXPIRES, H_USER_AGENT
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar
    from siprouter.sip.message import Message
    from siprouter.sip.nameaddr import NameAddr

MAX_CONTACT = 512
MAX_RECEIVED = 512
MAX_CALL_ID = 512
MAX_USER_AGENT = 255
NO_USER_AGENT = "n/a"


class Limits(Protocol):
    """What says how long contacts live: the settings `min_expires` and `max_expires` in `cfg`, and the default."""

    cfg: Any

    def default_expiry(self) -> int: ...


@dataclass(slots=True)
class Wanted:
    """One Contact of the request. `expires` is seconds since the epoch, 0 to remove the binding."""

    uri: str
    expires: int
    q: int
    methods: int
    received: str | None


@dataclass(slots=True)
class Registration:
    """A whole REGISTER; `star` stands for the removal of all bindings."""

    call_id: str
    cseq: int
    now: int
    star: bool = False
    contacts: list[Wanted] = field(default_factory=list)
    socket: str | None = None
    user_agent: str = NO_USER_AGENT
    path: str | None = None
    flags: int = 0
    cflags: int = 0


def read_registration(inst: Registrar, ctx: Context, flags: int) -> Registration:
    """Reads the message of `ctx`. `flags` are the storage flags for its contacts. Raises Rejected."""
    msg: Message = ctx.msg
    now = int(inst.worker.wall_clock())
    reg = Registration(msg.call_id, msg.cseq.number, now, flags=flags, cflags=ctx.branch_flags)
    if len(reg.call_id) > MAX_CALL_ID:
        raise Rejected(*CALL_ID_LENGTH)
    contacts = read_contacts(msg)
    default = header_expires(inst, msg, now)
    if any(contact.star for contact in contacts):
        if default > 0:
            raise Rejected(*STAR_EXPIRES)
        if len(contacts) > 1:
            raise Rejected(*STAR_CONTACTS)
        reg.star = True
        return reg
    if not contacts:
        return reg
    reg.socket = inst.received_socket(ctx)
    reg.user_agent = user_agent(msg)
    path_received = None
    if inst.use_path:
        path, path_received = read_path(inst, ctx)
        reg.path = None if path is None else sys.intern(path)
    if path_received:
        reg.cflags |= inst.usrloc.nat_flag
    else:
        path_received = None
    allowed = _allowed_methods(msg)
    for contact in contacts:
        reg.contacts.append(_wanted(inst, ctx, contact, default, allowed, path_received, now))
    return reg


def read_contacts(msg: Message) -> list[NameAddr]:
    """The contacts of the message, each with a URI or a star. Raises Rejected."""
    try:
        contacts = msg.contacts()
        for contact in contacts:
            if not contact.star and not contact.parsed_uri.scheme:
                raise Rejected(*PARSE_CONTACT)
    except PeerError as error:
        raise Rejected(*PARSE_CONTACT) from error
    if not contacts and msg.get(H_CONTACT) is not None:
        raise Rejected(*PARSE_CONTACT)
    return contacts


def _wanted(
    inst: Registrar,
    ctx: Context,
    contact: NameAddr,
    default_expires: int,
    allowed: int,
    path_received: str | None,
    now: int,
) -> Wanted:
    uri = contact.uri
    params = contact.params
    received = path_received or params.get("received") or inst.received_from_avp(ctx) or None
    if len(uri) > MAX_CONTACT or (received is not None and len(received) > MAX_RECEIVED):
        raise Rejected(*CONTACT_LENGTH)
    try:
        q = parse_q(params["q"]) if params.get("q") else inst.cfg.default_q
    except ValueError:
        raise Rejected(*INVALID_Q) from None
    methods = allowed
    if "methods" in params:
        try:
            methods = methods_mask(params["methods"])
        except ValueError:
            raise Rejected(*PARSE) from None
    expires = contact_expires(inst, params.get("expires") or "", default_expires, now)
    return Wanted(uri, expires, q, methods, received)


def header_expires(inst: Limits, msg: Message, now: int) -> int:
    """Absolute expiry that the Expires header gives, or the default one; 0 to remove."""
    header = msg.get(H_EXPIRES)
    if header is None:
        return now + inst.default_expiry()
    text = msg.value(header)
    if not text:
        raise Rejected(*PARSE_EXPIRES)
    seconds = parse_seconds(text.split()[0])
    if seconds is None:
        return now + inst.default_expiry()
    return min(now + seconds, MAX_EXPIRES) if seconds else 0


def parse_seconds(text: str) -> int | None:
    """Delta seconds (RFC 3261 section 20.19): None for anything but up to ten digits."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return int(text)
    return None


def contact_expires(inst: Limits, text: str, default: int, now: int) -> int:
    """Absolute expiry of one contact within the limits; 0 to remove it."""
    if text:
        seconds = parse_seconds(text)
        if seconds is None:
            seconds = inst.default_expiry()
        expires = min(now + seconds, MAX_EXPIRES) if seconds else 0
    else:
        expires = default
    if expires == 0:
        return 0
    least: int = now + inst.cfg.min_expires
    expires = max(expires, least)
    if inst.cfg.max_expires:
        most: int = now + inst.cfg.max_expires
        expires = min(expires, most)
    return expires


def user_agent(msg: Message) -> str:
    """The User-Agent header, NO_USER_AGENT where it is absent or too long."""
    header = msg.get(H_USER_AGENT)
    if header is None or not 0 < header.end - header.start < MAX_USER_AGENT:
        return NO_USER_AGENT
    return sys.intern(msg.value(header))  # few different ones for many contacts


def _allowed_methods(msg: Message) -> int:
    """The methods of the Allow headers as bits; all where there are none, or none that can be read."""
    headers = msg.all(H_ALLOW)
    if not headers:
        return ALL_METHODS
    mask = 0
    for header in headers:
        try:
            mask |= methods_mask(msg.value(header))
        except ValueError:
            return ALL_METHODS
    return mask
