"""The RPC commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.modules.usrloc.contact import MAX_EXPIRES, Q_UNSET
from siprouter.modules.usrloc.domain import DELETE, INSERT, UPDATE, Domain
from siprouter.modules.usrloc.state import NO_DB
from siprouter.modules.usrloc_s.contact import (
    FL_NAT,
    FL_PERMANENT,
    SerContact,
    SerContacts,
    find_by_uri,
    of_ser,
    put_contact,
)
from siprouter.rpc.values import Pairs, RpcError

if TYPE_CHECKING:
    from siprouter.modules.usrloc_s.state import SerUsrloc

RPC_CALL_ID = "RPC-Call-ID"
RPC_USER_AGENT = "SER-RPC"
RPC_CSEQ = 42
BATCH = 500
"""users between two pauses of a dump"""
MAX_FLAGS = 0xFFFFFFFF


def _table(inst: SerUsrloc, name: str, code: int = 400) -> Domain:
    domain = inst.domains.get(name)
    if domain is None:
        raise RpcError(code, "Table Not Found")
    return domain


def stats(inst: SerUsrloc, call: Any) -> list[Pairs]:
    """`usrloc.stats`: users and expired contacts of each table."""
    return [
        Pairs([("domain", domain.name), ("users", domain.users.get()), ("expired", domain.expires.get())])
        for domain in inst.domains.values()
    ]


def delete_uid(inst: SerUsrloc, call: Any, table: str, uid: str) -> None:
    """`usrloc.delete_uid table uid`"""
    _table(inst, table).delete(uid)


def delete_contact(inst: SerUsrloc, call: Any, table: str, uid: str, uri: str) -> None:
    """`usrloc.delete_contact table uid contact`"""
    domain = _table(inst, table, 404)
    with domain.atomic():
        contacts = of_ser(domain.get(uid))
        if not contacts:
            raise RpcError(404, "AOR Not Found")
        index = find_by_uri(contacts, uri)
        if index < 0:
            raise RpcError(404, "Contact Not Found")
        domain.store(uid, contacts[:index] + contacts[index + 1 :], [(DELETE, contacts[index])])


def flush(inst: SerUsrloc, call: Any) -> None:
    """`usrloc.flush`: what the timer does, now."""
    for domain in inst.domains.values():
        domain.sweep()
    if inst.db_mode != NO_DB:
        inst.storage.write_soon()


def add_contact(
    inst: SerUsrloc,
    call: Any,
    table: str,
    uid: str,
    uri: str,
    expires: int,
    q: float,
    flags: int,
    server_id: int = -1,
) -> None:
    """`usrloc.add_contact table uid contact expires q flags [server_id]`: adds a contact, or replaces it.

    `flags` are a sum of 1 (behind NAT), 128 (permanent), 256 (never written to a database).
    """
    domain = _table(inst, table)
    if not (uid and uri) or expires < 0 or not 0 <= flags <= MAX_FLAGS or not (q == Q_UNSET or 0 <= q <= 1):
        raise RpcError(400, "Bad Contact")
    permanent = flags & FL_PERMANENT
    if expires == 0 and not permanent:
        raise RpcError(500, "Error while adding Contact")
    with domain.atomic():
        _store(inst, domain, uid, uri, expires, q, flags, server_id)


def _store(
    inst: SerUsrloc, domain: Domain, uid: str, uri: str, expires: int, q: float, flags: int, server_id: int
) -> None:
    now = int(domain.clock())
    contacts, changes = domain.split(domain.get(uid), now)
    known = of_ser(contacts)
    index = find_by_uri(known, uri)
    if index >= 0:
        flags |= known[index].flags
    contact = SerContact(
        uri,
        0 if flags & FL_PERMANENT else min(now + expires, MAX_EXPIRES),
        Q_UNSET if q == Q_UNSET else int(q * 1000 + 0.5),
        RPC_CALL_ID,
        RPC_CSEQ,
        flags,
        flags & FL_NAT,
        RPC_USER_AGENT,
        None,
        None,
        None,
        0,
        now,
        "",
        None,
        inst.server_id() if server_id == -1 else server_id,
        (),
    )
    stored = put_contact(known, index, contact, bool(inst.desc_time_order))
    domain.store(uid, stored, [*changes, (INSERT if index < 0 else UPDATE, contact)])


def show_contacts(inst: SerUsrloc, call: Any, table: str, uid: str) -> list[Pairs]:
    """`usrloc.show_contacts table uid`"""
    domain = _table(inst, table)
    if not domain.get(uid):
        raise RpcError(404, "AOR Not Found")
    contacts = of_ser(domain.valid(uid))
    if not contacts:
        raise RpcError(404, "No Registered Contacts Found")
    return _describe_all(contacts, domain.clock())


def _describe_all(contacts: SerContacts, now: float) -> list[Pairs]:
    return [
        Pairs(
            [
                ("contact", contact.uri),
                ("q", contact.q / 1000 if contact.q >= 0 else float(Q_UNSET)),
                ("expires", int(contact.expires - now) if contact.expires else 0),
                ("ua", contact.user_agent),
                ("recv", contact.received or ""),
            ]
        )
        for contact in contacts
    ]


async def dump(inst: SerUsrloc, call: Any) -> list[Pairs]:
    """`usrloc.dump`: one structure for each table. Pauses now and then, so that calls go on meanwhile."""
    return [await _dump_domain(inst, domain) for domain in list(inst.domains.values())]


async def _dump_domain(inst: SerUsrloc, domain: Domain) -> Pairs:
    users = Pairs()
    now = domain.clock()
    for uid, contacts in domain.records():
        known = [("contact", one) for one in _describe_all(of_ser(contacts), now)]
        users.add("user", Pairs([("uid", uid), ("contacts", Pairs(known))]))
        if len(users) % BATCH == 0:
            await inst.worker.sleep(0)
    return Pairs([("domain", domain.name), ("size", inst.slots), ("users", users)])
