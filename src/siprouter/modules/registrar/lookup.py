"""lookup() and registered()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.context import Branch, Context
from siprouter.modules.registrar.methods import BITS_BY_ID
from siprouter.modules.usrloc.contact import Contact
from siprouter.sip.nameaddr import parse_nameaddr
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.modules.registrar.state import Registrar
    from siprouter.modules.usrloc.domain import Domain

NOT_FOUND = -1
METHOD_NOT_ALLOWED = -2
FAILED = -3


def path_destination(path: str) -> str:
    """The first URI of a path vector, where requests along it go. Raises PeerError."""
    data = to_bytes(path)
    return parse_nameaddr(data, 0, len(data), True).uri


def next_hop(contact: Contact) -> str | None:
    """Where requests for a contact go: the first hop of its path, else where it was received from, else None.

    Raises PeerError.
    """
    return path_destination(contact.path) if contact.path else contact.received


def lookup(inst: Registrar, ctx: Context, domain: Domain) -> int:
    """Makes the contacts of the request URI the destinations of the request.

    1: found; -1: no contact; -2: none that allows the method; -3: error.
    """
    try:
        contacts = domain.valid(inst.aor(ctx))
    except PeerError as error:
        inst.worker.log.error("lookup(): %s", error, source="registrar")
        return FAILED
    if not contacts:
        return NOT_FOUND
    if inst.method_filtering:
        bit: int = BITS_BY_ID[ctx.msg.method_id]
        contacts = tuple([contact for contact in contacts if contact.methods & bit])
        if not contacts:
            return METHOD_NOT_ALLOWED
    try:
        _set_destination(inst, ctx, contacts[0])
    except PeerError as error:
        inst.worker.log.error("lookup(): bad path of contact %s: %s", contacts[0].uri, error, source="registrar")
        return FAILED
    if inst.settings["append_branches"]:
        for index in range(1, len(contacts)):
            _append_branch(inst, ctx, contacts[index])
    return 1


def _set_destination(inst: Registrar, ctx: Context, contact: Contact) -> None:
    hop = next_hop(contact)
    ctx.set_uri(contact.uri)
    ctx.dst_uri = hop
    if contact.path:
        ctx.path = contact.path
    ctx.q = contact.q
    ctx.branch_flags |= contact.cflags
    listener = inst.usrloc.listener(contact.socket)
    if listener is not None:
        ctx.force_socket = listener


def _append_branch(inst: Registrar, ctx: Context, contact: Contact) -> None:
    try:
        hop = next_hop(contact)
    except PeerError as error:
        inst.worker.log.error("lookup(): bad path of contact %s: %s", contact.uri, error, source="registrar")
        return
    listener = inst.usrloc.listener(contact.socket)
    branch = Branch(contact.uri, contact.q, hop, contact.path, listener, contact.cflags)
    if not ctx.append_branch(branch):
        inst.worker.log.error("lookup(): too many branches, contact %s left out", contact.uri, source="registrar")


def registered(inst: Registrar, ctx: Context, domain: Domain) -> int:
    """1 where the request URI has a contact (of the Call-ID in `reg_callid_avp`, where that is set), else -1."""
    try:
        contacts = domain.valid(inst.aor(ctx))
    except PeerError as error:
        inst.worker.log.error("registered(): %s", error, source="registrar")
        return -1
    call_id = inst.wanted_call_id(ctx)
    if call_id is None:
        return 1 if contacts else -1
    for contact in contacts:
        if contact.call_id == call_id:
            return 1
    return -1
