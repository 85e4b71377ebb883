"""What a REGISTER asks for: its contacts with their absolute expiry, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siprouter.core.received import received_with_socket, receiving_socket
from siprouter.modules.registrar.rejection import (
    AOR_PARSE,
    CALL_ID_LENGTH,
    CONTACT_LENGTH,
    INVALID_Q,
    STAR_CONTACTS,
    STAR_EXPIRES,
    Rejected,
)
from siprouter.modules.registrar.request import (
    MAX_CALL_ID,
    MAX_CONTACT,
    MAX_RECEIVED,
    NO_USER_AGENT,
    contact_expires,
    header_expires,
    read_contacts,
    user_agent,
)
from siprouter.modules.usrloc.contact import parse_q
from siprouter.modules.usrloc_s.contact import FL_NAT, SavedAvp
from siprouter.modules.usrloc_s.reg_avps import registration_avps
from siprouter.sip.errors import MessageError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar_s.state import SerRegistrar
    from siprouter.sip.message import Message
    from siprouter.sip.nameaddr import NameAddr

UNKNOWN_AGENT = "Unknown"
INSTANCE = "+sip.instance"


@dataclass(slots=True)
class Wanted:
    """One Contact of the request. `expires` is seconds since the epoch, 0 to remove the binding."""

    uri: str
    expires: int
    q: int
    received: str | None
    socket: str | None
    instance: str | None


@dataclass(slots=True)
class Registration:
    """A whole REGISTER; `star` stands for the removal of all bindings. `flags` are FL_NAT and FL_MEM."""

    call_id: str
    cseq: int
    now: int
    flags: int
    star: bool = False
    contacts: list[Wanted] = field(default_factory=list)
    user_agent: str = UNKNOWN_AGENT
    aor: str = ""
    server_id: int = 0
    avps: tuple[SavedAvp, ...] = ()


def read_registration(inst: SerRegistrar, ctx: Context, flags: int) -> Registration:
    """Reads the message of `ctx`. `flags` are the storage flags for its contacts. Raises Rejected."""
    msg: Message = ctx.msg
    now = int(inst.worker.wall_clock())
    if ctx.flags & inst.save_nat:
        flags |= FL_NAT
    reg = Registration(msg.call_id, msg.cseq.number, now, flags)
    if len(reg.call_id) > MAX_CALL_ID:
        raise Rejected(*CALL_ID_LENGTH)
    contacts = read_contacts(msg)
    default = header_expires(msg, now)
    if any(contact.star for contact in contacts):
        if default != 0:
            raise Rejected(*STAR_EXPIRES)
        if len(contacts) > 1:
            raise Rejected(*STAR_CONTACTS)
        reg.star = True
    elif contacts:
        _read_common(inst, ctx, reg)
        reg.contacts = [_wanted(inst, ctx, contact, default, reg) for contact in contacts]
    return reg


def _read_common(inst: SerRegistrar, ctx: Context, reg: Registration) -> None:
    agent = user_agent(ctx.msg)
    if agent != NO_USER_AGENT:
        reg.user_agent = agent
    try:
        reg.aor = inst.aor_text(ctx)
    except MessageError:
        raise Rejected(*AOR_PARSE) from None
    if len(reg.aor) > MAX_CONTACT:
        raise Rejected(*CONTACT_LENGTH)
    reg.server_id = inst.responsible_server(ctx)
    reg.avps = registration_avps(inst.usrloc, ctx)


def _wanted(inst: SerRegistrar, ctx: Context, contact: NameAddr, default: int, reg: Registration) -> Wanted:
    uri = contact.uri
    params = contact.params
    instance = params.get(INSTANCE) or None
    received, socket = _source(inst, ctx, params.get("received") or None, reg)
    if any(text is not None and len(text) > MAX_CONTACT for text in (uri, instance)):
        raise Rejected(*CONTACT_LENGTH)
    if received is not None and len(received) > MAX_RECEIVED:
        raise Rejected(*CONTACT_LENGTH)
    try:
        q = parse_q(params["q"]) if params.get("q") else inst.default_q
    except ValueError:
        raise Rejected(*INVALID_Q) from None
    expires = contact_expires(inst, params.get("expires") or "", default, reg.now)
    return Wanted(uri, expires, q, received, socket, instance)


def _source(inst: SerRegistrar, ctx: Context, param: str | None, reg: Registration) -> tuple[str | None, str | None]:
    """Where a contact is reached, as another server noted it in `param` or as we see it; and the name of the socket."""
    listener = ctx.source.listener
    received = None
    if param is not None and inst.trusts_received(ctx):
        received = param
        listener = receiving_socket(inst.worker, param) or listener
    elif reg.flags & FL_NAT and ctx.msg.is_request:
        received = received_with_socket(ctx.source)
    return received, None if listener is None else listener.name
