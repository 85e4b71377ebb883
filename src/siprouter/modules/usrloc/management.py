"""The MI commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.usrloc.contact import (
    FOUND,
    MAX_EXPIRES,
    Contact,
    check_order,
    find_contact,
    insert_contact,
    parse_q,
    q_text,
    replace_contact,
)
from siprouter.modules.usrloc.domain import DELETE, INSERT, UPDATE, Domain
from siprouter.modules.usrloc.dump import BATCH, SlotCounter, expires_text
from siprouter.rpc.mi import BAD_ARGUMENT, MISSING_ARGUMENTS, MiNode, MiReply
from siprouter.util.errors import SipRouterError

if TYPE_CHECKING:
    from siprouter.modules.usrloc.state import Usrloc

MI_CSEQ = 1
MI_CALL_ID = "dfjrewr12386fd6-343@openser.mi"
MI_USER_AGENT = "SIP Router MI Server"
_MAX_NUMBER = 0xFFFFFFFF


class _Refused(SipRouterError):
    """Carries the reply out of the helpers."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.reply = MiReply(code, reason)


def _find(inst: Usrloc, table: str, aor: str) -> tuple[Domain, str]:
    domain = inst.domains.get(table)
    if domain is None:
        raise _Refused(404, "Table not found")
    fixed = inst.fix_aor(aor)
    if fixed is None:
        raise _Refused(400, "Domain missing in AOR")
    return domain, fixed


def remove_aor(inst: Usrloc, *args: str) -> MiReply:
    """`ul_rm table aor`"""
    if len(args) != 2:
        return MiReply(400, MISSING_ARGUMENTS)
    try:
        domain, aor = _find(inst, args[0], args[1])
    except _Refused as refused:
        return refused.reply
    domain.delete(aor)
    return MiReply()


def remove_contact(inst: Usrloc, *args: str) -> MiReply:
    """`ul_rm_contact table aor contact`"""
    if len(args) != 3:
        return MiReply(400, MISSING_ARGUMENTS)
    try:
        domain, aor = _find(inst, args[0], args[1])
    except _Refused as refused:
        return refused.reply
    with domain.atomic():
        contacts = domain.get(aor)
        if not contacts:
            return MiReply(404, "AOR not found")
        index = find_contact(contacts, args[2], MI_CALL_ID, None, inst.matching_mode)
        if index < 0:
            return MiReply(404, "Contact not found")
        domain.store(aor, contacts[:index] + contacts[index + 1 :], [(DELETE, contacts[index])])
    return MiReply()


def flush(inst: Usrloc, *args: str) -> MiReply:
    """`ul_flush`: what the timer does, now."""
    if args:
        return MiReply(400, MISSING_ARGUMENTS)
    for domain in inst.domains.values():
        domain.sweep()
    return MiReply()


def add_contact(inst: Usrloc, *args: str) -> MiReply:
    """`ul_add table aor contact expires q unused flags cflags methods`: 0 as `expires` makes it permanent."""
    if len(args) != 9:
        return MiReply(400, MISSING_ARGUMENTS)
    try:
        domain, aor = _find(inst, args[0], args[1])
        expires, flags, cflags, methods = (_number(args[index]) for index in (3, 6, 7, 8))
        q = parse_q(args[4])
    except _Refused as refused:
        return refused.reply
    except ValueError:
        return MiReply(400, BAD_ARGUMENT)
    now = int(domain.clock())
    absolute = min(expires + now, MAX_EXPIRES) if expires else 0
    contact = Contact(
        args[2], absolute, q, MI_CALL_ID, MI_CSEQ, flags, cflags, MI_USER_AGENT, None, None, None, methods, now
    )
    with domain.atomic():
        return _add(inst, domain, aor, contact, now)


def _add(inst: Usrloc, domain: Domain, aor: str, contact: Contact, now: int) -> MiReply:
    contacts = domain.get(aor)
    newest_first = bool(inst.desc_time_order)
    index = find_contact(contacts, contact.uri, MI_CALL_ID, None, inst.matching_mode)
    if index < 0:
        domain.store(aor, insert_contact(contacts, contact, newest_first), [(INSERT, contact)])
        return MiReply()
    order = check_order(contacts[index], MI_CALL_ID, MI_CSEQ + 1, inst.matching_mode, now, inst.cseq_delay)
    if order != FOUND:
        return MiReply(500, "Server Internal Error")
    domain.store(aor, replace_contact(contacts, index, contact, newest_first), [(UPDATE, contact)])
    return MiReply()


def _number(text: str) -> int:
    """An unsigned 32-bit decimal number. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) > _MAX_NUMBER:
        raise ValueError(text)
    return int(text)


def show_contact(inst: Usrloc, *args: str) -> MiReply:
    """`ul_show_contact table aor`"""
    if len(args) != 2:
        return MiReply(400, MISSING_ARGUMENTS)
    try:
        domain, aor = _find(inst, args[0], args[1])
    except _Refused as refused:
        return refused.reply
    if not domain.get(aor):
        return MiReply(404, "AOR not found")
    contacts = domain.valid(aor)
    if not contacts:
        return MiReply(404, "AOR has no contacts")
    reply = MiReply()
    now = domain.clock()
    for contact in contacts:
        reply.add("Contact", _describe(contact, now))
    return reply


def _describe(contact: Contact, now: float) -> str:
    left = int(contact.expires - now) if contact.expires else 0
    text = (
        f"<{contact.uri}>;q={q_text(contact.q)};expires={left};flags=0x{contact.flags:X};cflags=0x{contact.cflags:X};"
        f"socket=<{contact.socket or 'NULL'}>;methods=0x{contact.methods:X}"
    )
    for name, value in (("received", contact.received), ("user_agent", contact.user_agent), ("path", contact.path)):
        if value:
            text += f";{name}=<{value}>"
    return text


async def dump(inst: Usrloc, *args: str) -> MiReply:
    """`ul_dump [brief]`"""
    if len(args) > 1:
        return MiReply(400, MISSING_ARGUMENTS)
    brief = bool(args) and args[0].lower() == "brief"
    reply = MiReply()
    for domain in list(inst.domains.values()):
        node = reply.add("Domain", domain.name).attribute("table", inst.slots)
        slots = SlotCounter(inst.slots)
        now = domain.clock()
        for aor, contacts in domain.records():
            slots.add(aor)
            aor_node = node.add("AOR", aor)
            for contact in () if brief else contacts:
                _add_contact(aor_node, contact, now)
            if slots.records % BATCH == 0:
                await inst.worker.sleep(0)
        node.attribute("records", slots.records).attribute("max_slot", slots.fullest)
    return reply


def _add_contact(parent: MiNode, contact: Contact, now: float) -> None:
    node = parent.add("Contact", contact.uri).attribute("Q", q_text(contact.q))
    node.add("Expires", expires_text(contact, now))
    node.add("Callid", contact.call_id)
    node.add("Cseq", contact.cseq)
    for name, value in (("User-agent", contact.user_agent), ("Received", contact.received), ("Path", contact.path)):
        if value:
            node.add(name, value)
    node.add("State", "CS_NEW")
    node.add("Flags", contact.flags)
    node.add("Cflags", contact.cflags)
    if contact.socket is not None:
        node.add("Socket", contact.socket)
    node.add("Methods", contact.methods)
