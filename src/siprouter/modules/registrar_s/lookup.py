"""lookup_contacts() and registered()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.context import Branch, Context
from siprouter.modules.registrar_s.attributes import user_id
from siprouter.modules.usrloc_s.contact import FL_NAT, SerContact, SerContacts, of_ser
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.modules.registrar_s.state import SerRegistrar
    from siprouter.modules.usrloc.domain import Domain

FAILED = -1
UNKNOWN = -3
NONE_LEFT = -5


def _contacts(domain: Domain, uid: str, aor: str) -> SerContacts:
    """The contacts of a user that have not expired, those of an address of record where it is not ""."""
    contacts = of_ser(domain.valid(uid))
    wanted = aor.lower()
    return tuple([one for one in contacts if one.aor.lower() == wanted]) if aor else contacts


def lookup(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None = "") -> int:
    """Makes the contacts of the user the destinations of the request.

    1: found; -1: the message names no user, or `aor` has no value; -3: unknown user; -5: no contact is left.
    """
    try:
        uid = user_id(ctx)
    except PeerError as error:
        inst.worker.log.debug("lookup: %s", error, source="registrar")
        return FAILED
    if aor is None:
        return FAILED
    if not domain.get(uid):
        return UNKNOWN
    contacts = _contacts(domain, uid, aor)
    if not contacts:
        return NONE_LEFT
    _set_destination(inst, ctx, contacts[0])
    used = contacts[:1]
    if inst.cfg.append_branches:
        for contact in contacts[1:]:
            if not _append_branch(inst, ctx, contact):
                break
            used += (contact,)
    if any(contact.flags & FL_NAT for contact in used):
        ctx.flags |= inst.load_nat
    return 1


def _uri_with_received(contact: SerContact) -> str:
    return f'{contact.uri};received="{contact.received}"'


def _set_destination(inst: SerRegistrar, ctx: Context, contact: SerContact) -> None:
    ctx.q = contact.q
    if contact.received and inst.received_to_uri:
        ctx.set_uri(_uri_with_received(contact))
        return
    ctx.set_uri(contact.uri)
    if contact.received:
        ctx.dst_uri = contact.received
    listener = inst.usrloc.listener(contact.socket)
    if listener is not None:
        ctx.force_socket = listener


def _append_branch(inst: SerRegistrar, ctx: Context, contact: SerContact) -> bool:
    if contact.received and inst.received_to_uri:
        branch = Branch(_uri_with_received(contact), contact.q)
    else:
        listener = inst.usrloc.listener(contact.socket)
        branch = Branch(contact.uri, contact.q, contact.received, None, listener)
    if ctx.append_branch(branch):
        return True
    inst.worker.log.error("lookup: too many branches, contact %s left out", contact.uri, source="registrar")
    return False


def registered(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None = "") -> int:
    """1 where the user has a contact (of the address of record `aor`), else -1."""
    try:
        uid = user_id(ctx)
    except PeerError as error:
        inst.worker.log.debug("registered: %s", error, source="registrar")
        return -1
    return 1 if aor is not None and _contacts(domain, uid, aor) else -1
