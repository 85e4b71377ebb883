"""Applying a registration to the bindings of an address of record: all of it or nothing (RFC 3261 section 10.3)."""

from __future__ import annotations

from siprouter.modules.registrar.rejection import INVALID_CSEQ, TOO_MANY, Rejected
from siprouter.modules.registrar.request import Registration, Wanted
from siprouter.modules.usrloc.contact import (
    OUT_OF_ORDER,
    RETRANSMISSION,
    Contact,
    Contacts,
    check_order,
    find_contact,
    insert_contact,
    replace_contact,
)
from siprouter.modules.usrloc.domain import DELETE, INSERT, UPDATE, Change

INSERTED = 1
UPDATED = 2
REMOVED = 3
LISTED = 4


class Rules:
    """How bindings are matched and ordered; `max_contacts` 0: no limit; `replace`: a contact throws out the others.

    Immutable.
    """

    __slots__ = ("cseq_delay", "matching_mode", "max_contacts", "newest_first", "replace")

    def __init__(
        self,
        matching_mode: int = 0,
        cseq_delay: int = 20,
        newest_first: bool = False,
        max_contacts: int = 0,
        replace: bool = False,
    ) -> None:
        self.matching_mode = matching_mode
        self.cseq_delay = cseq_delay
        self.newest_first = newest_first
        self.max_contacts = max_contacts
        self.replace = replace


class Outcome:
    """The new bindings, what happened to each, and what happened last (INSERTED, UPDATED, REMOVED; 0: nothing)."""

    __slots__ = ("changes", "code", "contacts")

    contacts: Contacts
    changes: list[Change]
    code: int


def make_outcome(contacts: Contacts, changes: list[Change], code: int = 0) -> Outcome:
    """An Outcome of these."""
    outcome = Outcome.__new__(Outcome)
    outcome.contacts = contacts
    outcome.changes = changes
    outcome.code = code
    return outcome


def remove_all(contacts: Contacts, reg: Registration) -> Outcome:
    """``Contact: *``. Raises Rejected where one of the bindings was made by a later request of the same Call-ID."""
    for contact in contacts:
        if contact.call_id == reg.call_id and contact.cseq > reg.cseq:
            raise Rejected(*INVALID_CSEQ)
    return make_outcome((), [(DELETE, contact) for contact in contacts], REMOVED)


def apply_registration(contacts: Contacts, reg: Registration, rules: Rules) -> Outcome:
    """What becomes of `contacts`, none of them expired. Raises Rejected; then nothing has changed."""
    outcome = make_outcome(contacts, [])
    touched: list[Contact] = []
    for wanted in reg.contacts:
        index = find_contact(outcome.contacts, wanted.uri, reg.call_id, reg.path, rules.matching_mode)
        found = outcome.contacts[index] if index >= 0 else None
        if found is not None and found not in touched:
            order = check_order(found, reg.call_id, reg.cseq, rules.matching_mode, reg.now, rules.cseq_delay)
            if order == OUT_OF_ORDER:
                raise Rejected(*INVALID_CSEQ)
            if order == RETRANSMISSION:
                if wanted.expires and rules.replace:
                    break
                continue
        if wanted.expires == 0:
            if index >= 0:
                _remove(outcome, index)
            continue
        touched.append(_put(outcome, index, reg, wanted, rules))
        if rules.replace:
            _remove_others(outcome, touched[-1])
            break
    if rules.max_contacts and rules.max_contacts < len(outcome.contacts) > len(contacts):
        raise Rejected(*TOO_MANY)
    return outcome


def _remove(outcome: Outcome, index: int) -> None:
    contacts = outcome.contacts
    outcome.changes.append((DELETE, contacts[index]))
    outcome.contacts = contacts[:index] + contacts[index + 1 :]
    outcome.code = REMOVED


def _remove_others(outcome: Outcome, kept: Contact) -> None:
    outcome.changes += [(DELETE, contact) for contact in outcome.contacts if contact is not kept]
    outcome.contacts = (kept,)


def _put(outcome: Outcome, index: int, reg: Registration, wanted: Wanted, rules: Rules) -> Contact:
    """Inserts the contact, or puts it in the place of number `index`."""
    contact = Contact.__new__(Contact)
    contact.fill(
        wanted.uri,
        wanted.expires,
        wanted.q,
        reg.call_id,
        reg.cseq,
        reg.flags,
        reg.cflags,
        reg.user_agent,
        wanted.received,
        reg.path,
        reg.socket,
        wanted.methods,
        reg.now,
    )
    if index < 0:
        outcome.contacts = insert_contact(outcome.contacts, contact, rules.newest_first)
        outcome.changes.append((INSERT, contact))
        outcome.code = INSERTED
    else:
        outcome.contacts = replace_contact(outcome.contacts, index, contact, rules.newest_first)
        outcome.changes.append((UPDATE, contact))
        outcome.code = UPDATED
    return contact
