"""`ul.dump` and the parts of a dump that MI shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.values import wrap_int
from siprouter.modules.usrloc.contact import EXPIRED_TIME, Contact
from siprouter.rpc.values import Pairs
from siprouter.util.hashing import core_hash
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.modules.usrloc.domain import Domain
    from siprouter.modules.usrloc.state import Usrloc

BATCH = 500
"""addresses of record between two pauses of a dump: a few milliseconds"""
NOT_SET = "[not set]"


def expires_text(contact: Contact, now: float) -> str | int:
    """Seconds left, or a word."""
    if contact.expires == 0:
        return "permanent"
    if contact.expires == EXPIRED_TIME:
        return "deleted"
    if now > contact.expires:
        return "expired"
    return int(contact.expires - now)


class SlotCounter:
    """The fullest slot of the hash table that SIP Router would have."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.counts: dict[int, int] = {}
        self.records = 0

    def add(self, aor: str) -> None:
        """One more record."""
        slot = core_hash(to_bytes(aor), b"", self.slots)
        self.counts[slot] = self.counts.get(slot, 0) + 1
        self.records += 1

    @property
    def fullest(self) -> int:
        """How many records it holds."""
        return max(self.counts.values(), default=0)


async def dump(inst: Usrloc, call: Any, brief: str = "") -> list[Pairs]:
    """RPC `ul.dump [brief]`: one structure for each table. Pauses now and then, so that calls go on meanwhile."""
    return [await _dump_domain(inst, domain, brief == "brief") for domain in list(inst.domains.values())]


async def _dump_domain(inst: Usrloc, domain: Domain, brief: bool) -> Pairs:
    aors = Pairs()
    slots = SlotCounter(inst.slots)
    now = domain.clock()
    for aor, contacts in domain.records():
        slots.add(aor)
        aors.add("AoR", aor)
        if not brief:
            aors.add("Contacts", Pairs([("Contact", _contact(contact, now)) for contact in contacts]))
        if slots.records % BATCH == 0:
            await inst.worker.sleep(0)
    stats = Pairs([("Records", slots.records), ("Max-Slots", slots.fullest)])
    return Pairs([("Domain", domain.name), ("Size", inst.slots), ("AoRs", aors), ("Stats", stats)])


def _contact(contact: Contact, now: float) -> Pairs:
    return Pairs(
        [
            ("Address", contact.uri),
            ("Expires", expires_text(contact, now)),
            ("Q", float(contact.q)),
            ("Call-ID", contact.call_id),
            ("CSeq", wrap_int(contact.cseq)),
            ("User-Agent", contact.user_agent or NOT_SET),
            ("Received", contact.received or NOT_SET),
            ("Path", contact.path or NOT_SET),
            ("State", "CS_NEW"),  # not in a database
            ("Flags", wrap_int(contact.flags)),
            ("CFlags", wrap_int(contact.cflags)),
            ("Socket", contact.socket or NOT_SET),
            ("Methods", wrap_int(contact.methods)),
        ]
    )
