"""Applying a registration to the bindings of a user: all of it or nothing (RFC 3261 section 10.3)."""

from __future__ import annotations

from dataclasses import dataclass

from siprouter.modules.registrar.rejection import TOO_MANY, Rejected
from siprouter.modules.registrar_s.request import Registration, Wanted
from siprouter.modules.usrloc.domain import DELETE, INSERT, UPDATE, Change
from siprouter.modules.usrloc_s.contact import (
    FL_MEM,
    FL_NAT,
    FL_PERMANENT,
    SerContact,
    SerContacts,
    find_by_instance,
    put_contact,
)


@dataclass(slots=True)
class Outcome:
    """The new bindings, and what happened to each."""

    contacts: SerContacts
    changes: list[Change]


def apply_registration(
    contacts: SerContacts, reg: Registration, max_contacts: int = 0, newest_first: bool = False
) -> Outcome:
    """What becomes of `contacts`, none of them expired. Raises Rejected; then nothing has changed."""
    if reg.star:
        return Outcome((), [(DELETE, contact) for contact in contacts])
    outcome = Outcome(contacts, [])
    for wanted in reg.contacts:
        index = find_by_instance(outcome.contacts, wanted.uri, wanted.instance)
        if wanted.expires == 0:
            if index >= 0:
                _remove(outcome, index)
            continue
        _put(outcome, index, _contact(reg, wanted, outcome.contacts[index].flags if index >= 0 else 0), newest_first)
    if max_contacts and max_contacts < len(outcome.contacts) > len(contacts):
        raise Rejected(*TOO_MANY)
    return outcome


def _remove(outcome: Outcome, index: int) -> None:
    contacts = outcome.contacts
    outcome.changes.append((DELETE, contacts[index]))
    outcome.contacts = contacts[:index] + contacts[index + 1 :]


def _put(outcome: Outcome, index: int, contact: SerContact, newest_first: bool) -> None:
    """A phone that was known by its instance may come with another URI, and take that of another binding.

    What keeps bindings by their URI needs to hear that those are gone before it hears of the new one.
    """
    old = outcome.contacts[index] if index >= 0 else None
    moved = old is not None and old.uri != contact.uri
    contacts = put_contact(outcome.contacts, index, contact, newest_first)
    twins = [one for one in contacts if one.uri == contact.uri and one is not contact]
    gone = [old, *twins] if moved else twins
    outcome.changes += [(DELETE, one) for one in gone if one is not None]
    outcome.changes.append((INSERT if old is None or moved else UPDATE, contact))
    outcome.contacts = tuple([one for one in contacts if one not in twins]) if twins else contacts


def _contact(reg: Registration, wanted: Wanted, old_flags: int) -> SerContact:
    flags = old_flags & ~(FL_NAT | FL_MEM) | reg.flags
    return SerContact(
        wanted.uri,
        0 if flags & FL_PERMANENT else wanted.expires,
        wanted.q,
        reg.call_id,
        reg.cseq,
        flags,
        flags & FL_NAT,
        reg.user_agent,
        wanted.received,
        None,
        wanted.socket,
        0,
        reg.now,
        reg.aor,
        wanted.instance,
        reg.server_id,
        reg.avps,
    )
