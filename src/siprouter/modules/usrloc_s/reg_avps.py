"""Attributes that are kept with the contact they were registered with: those with the flag `reg_avp_flag`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.modules.usrloc_s.contact import SavedAvp, find_by_uri, of_ser

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.usrloc.domain import Domain
    from siprouter.modules.usrloc_s.state import SerUsrloc

KEPT_CLASSES = (CLASS_USER | TRACK_FROM, CLASS_USER | TRACK_TO, CLASS_URI | TRACK_FROM, CLASS_URI | TRACK_TO)


def registration_avps(inst: SerUsrloc, ctx: Context) -> tuple[SavedAvp, ...]:
    """The attributes of the user and the URI that have the flag, the oldest value of a name first."""
    store = ctx.avp_store
    if not inst.reg_flag or store is None:
        return ()
    return tuple(
        [
            (klass, name, value, store.flags[klass, name])
            for (klass, name), values in store.lists.items()
            if klass in KEPT_CLASSES and store.flags.get((klass, name), 0) & inst.reg_flag
            for value in reversed(values)
        ]
    )


def read_reg_avps(inst: SerUsrloc, ctx: Context, domain: Domain, uid: str | None) -> int:
    """Puts the attributes of a contact, the one that the request URI is, in the place of those of the same names.

    1: done, or attributes are not kept; -1: `uid` has no such contact.
    """
    if not inst.reg_flag:
        return 1
    contacts = () if uid is None else of_ser(domain.valid(uid))
    index = find_by_uri(contacts, ctx.uri)
    if index < 0:
        inst.worker.log.warning("read_reg_avps(): %s has no contact %s", uid, ctx.uri, source="usrloc")
        return -1
    saved = contacts[index].avps
    avps = ctx.avps
    for klass, name in {(klass, name) for klass, name, _, _ in saved}:
        avps.delete_all(name, klass)
    for klass, name, value, flags in saved:
        avps.add(name, value, klass)
        avps.flags[klass, name] = flags
    return 1
