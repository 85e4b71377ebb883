"""A binding with what SER keeps beside the rest, and the flags of bindings."""

from __future__ import annotations

from typing import cast

from siprouter.core.values import Value
from siprouter.modules.usrloc.contact import Contact, Contacts

FL_NAT = 1
FL_PERMANENT = 1 << 7
FL_MEM = 1 << 8

SavedAvp = tuple[int, str | int, Value, int]
"""class, name, value and flags of an attribute that is kept with a binding"""


class SerContact(Contact):
    """A binding of SER. `aor` is the address of record as text, `instance` the value of ``+sip.instance``, `server_id`
    the server that is responsible, `avps` the attributes of the registration.

    `flags` are FL_NAT, FL_PERMANENT, FL_MEM (memory only); `cflags` is 1 where FL_NAT is set. `expires` is 0 where
    FL_PERMANENT is set. `path` is not used.
    """

    __slots__ = ("aor", "avps", "instance", "server_id")

    def __init__(
        self,
        uri: str,
        expires: int,
        q: int,
        call_id: str,
        cseq: int,
        flags: int,
        cflags: int,
        user_agent: str,
        received: str | None,
        path: str | None,
        socket: str | None,
        methods: int,
        last_modified: int,
        aor: str,
        instance: str | None,
        server_id: int,
        avps: tuple[SavedAvp, ...],
    ) -> None:
        super().__init__(
            uri,
            expires,
            q,
            call_id,
            cseq,
            flags,
            cflags,
            user_agent,
            received,
            path,
            socket,
            methods,
            last_modified,
        )
        self.aor = aor
        self.instance = instance
        self.server_id = server_id
        self.avps = avps

    def to_row(self) -> tuple[object, ...]:
        """All fields in the order of the constructor."""
        return (*super().to_row(), self.aor, self.instance, self.server_id, self.avps)


SerContacts = tuple[SerContact, ...]


def of_ser(contacts: Contacts) -> SerContacts:
    """Bindings from a table of this module, which holds nothing else."""
    return cast(SerContacts, contacts)


def find_by_instance(contacts: SerContacts, uri: str, instance: str | None) -> int:
    """Index of the first binding with this instance or this URI, -1 where there is none."""
    for index, contact in enumerate(contacts):
        if contact.uri == uri or (instance is not None and contact.instance == instance):
            return index
    return -1


def find_by_uri(contacts: SerContacts, uri: str) -> int:
    """Index of the binding with this URI, -1 where there is none."""
    return find_by_instance(contacts, uri, None)


def insert_by_q(contacts: SerContacts, contact: SerContact, newest_first: bool) -> SerContacts:
    """`contacts` with a new one in its place: in front, or behind those with the same or a higher q."""
    index = 0
    if not newest_first:
        while index < len(contacts) and contacts[index].q >= contact.q:
            index += 1
    return (*contacts[:index], contact, *contacts[index:])


def put_contact(contacts: SerContacts, index: int, contact: SerContact, newest_first: bool) -> SerContacts:
    """`contacts` with another one in the place of number `index`; it moves only where its q is another one.

    An index of -1 adds it.
    """
    if index < 0:
        return insert_by_q(contacts, contact, newest_first)
    if newest_first or contacts[index].q == contact.q:
        return (*contacts[:index], contact, *contacts[index + 1 :])
    return insert_by_q(contacts[:index] + contacts[index + 1 :], contact, False)
