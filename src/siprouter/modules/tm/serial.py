"""Serial forking by q: t_load_contacts() and t_next_contacts()."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.context import Branch
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NONE

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.tm.state import Tm

NOTHING_LEFT = -2


def encode(branch: Branch, last: bool) -> str:
    """One contact as an AVP value: URI, destination URI, path, socket, branch flags, and whether its class ends."""
    socket = branch.force_socket.name if branch.force_socket is not None else ""
    parts = (
        branch.uri,
        branch.dst_uri or "",
        branch.path or "",
        socket,
        str(branch.flags),
        "1" if last else "0",
        branch.instance or "",
    )
    return "\n".join(parts)


def decode(tm: Tm, text: str) -> tuple[Branch, bool] | None:
    """The inverse of `encode`; what is missing at the end is empty. None for a value without URI."""
    parts = [*text.split("\n"), *[""] * 7][:7]
    if not parts[0]:
        return None
    flags = int(parts[4]) if parts[4].isdigit() else 0
    branch = Branch(
        parts[0], -1, parts[1] or None, parts[2] or None, find_socket(tm, parts[3]), flags, parts[6] or None
    )
    return branch, parts[5] != "0"


def find_socket(tm: Tm, name: str) -> Any:
    """The listener called `proto:address:port`, None where there is none."""
    if not name:
        return None
    proto, _, rest = name.partition(":")
    host, _, port = rest.rpartition(":")
    if proto not in PROTO_IDS or not port.isdigit():
        return None
    return tm.worker.listeners.find(host.strip("[]"), int(port), PROTO_IDS.get(proto, PROTO_NONE))


def t_load_contacts(tm: Tm, ctx: Context) -> int:
    """Move the destination set, sorted by q, to the AVP; nothing to do where all q are equal."""
    if tm.contacts_key is None:
        tm.log.error("t_load_contacts: parameter contacts_avp is not set", source="tm")
        return -1
    if not ctx.branch_list:
        return 1
    contacts = list(ctx.branch_list)
    if not ctx.uri_consumed:
        own = Branch(ctx.uri, ctx.q, ctx.dst_uri, ctx.path, ctx.force_socket, ctx.branch_flags, ctx.instance)
        contacts.insert(0, own)
    if len({contact.q for contact in contacts}) == 1:
        return 1
    contacts.sort(key=lambda contact: -contact.q)
    klass, name = tm.contacts_key
    for index in range(len(contacts) - 1, -1, -1):
        last = index == len(contacts) - 1 or contacts[index + 1].q != contacts[index].q
        ctx.avps.add(name, encode(contacts[index], last), klass)
    ctx.branch_list = None
    return 1


def t_next_contacts(tm: Tm, ctx: Context) -> int:
    """Make the contacts with the highest q left the destination set: 1, or -2 when none is left."""
    if tm.contacts_key is None:
        tm.log.error("t_next_contacts: parameter contacts_avp is not set", source="tm")
        return -1
    klass, name = tm.contacts_key
    first = True
    while True:
        value = ctx.avps.get(name, 0, klass)
        if value is None:
            return NOTHING_LEFT if first else 1
        if first and tm.fr_inv_next and ctx.transaction is not None:
            ctx.transaction.set_fr(tm.fr_inv_next, 0.0, tm.worker.now())
        ctx.avps.delete(name, klass)
        decoded = decode(tm, str(value))
        if decoded is None:
            tm.log.error("t_next_contacts: no contact: %r", value, source="tm")
            return -1
        branch, last = decoded
        if first:
            ctx.set_uri(branch.uri)
            ctx.dst_uri = branch.dst_uri
            ctx.path = branch.path
            ctx.force_socket = branch.force_socket
            ctx.branch_flags = branch.flags
            ctx.instance = branch.instance
            first = False
        elif not ctx.append_branch(branch):
            return -1
        if last:
            return 1
