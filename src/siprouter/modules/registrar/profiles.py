"""reg_fetch_contacts(), reg_free_contacts() and ``$ulc(profile=>attribute)``: contacts for the script to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.values import Value, wrap_int
from siprouter.modules.usrloc.contact import Contact, Contacts
from siprouter.util.errors import PeerError
from siprouter.util.hashing import core_hash
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.pvars import InnerName
    from siprouter.modules.registrar.state import Registrar
    from siprouter.modules.usrloc.domain import Domain

PROFILES = "registrar.profiles"
"""key of `ctx.vars`: profiles by name"""


@dataclass(frozen=True, slots=True)
class Profile:
    """What was fetched: the contacts of one address of record."""

    domain: str
    aor: str
    contacts: Contacts


Attribute = Callable[[Profile, Contact], Value]

ATTRIBUTES: dict[str, Attribute] = {
    "aor": lambda profile, contact: profile.aor,
    "domain": lambda profile, contact: profile.domain,
    "aorhash": lambda profile, contact: wrap_int(core_hash(to_bytes(profile.aor))),
    "addr": lambda profile, contact: contact.uri,
    "path": lambda profile, contact: contact.path or "",
    "received": lambda profile, contact: contact.received or "",
    "expires": lambda profile, contact: wrap_int(contact.expires),
    "callid": lambda profile, contact: contact.call_id,
    "q": lambda profile, contact: contact.q,
    "cseq": lambda profile, contact: wrap_int(contact.cseq),
    "flags": lambda profile, contact: wrap_int(contact.flags),
    "cflags": lambda profile, contact: wrap_int(contact.cflags),
    "user_agent": lambda profile, contact: contact.user_agent,
    "socket": lambda profile, contact: contact.socket,
    "modified": lambda profile, contact: wrap_int(contact.last_modified),
    "methods": lambda profile, contact: wrap_int(contact.methods),
    "count": lambda profile, contact: len(profile.contacts),
}


def fetch(inst: Registrar, ctx: Context, domain: Domain, uri: str, name: str) -> int:
    """reg_fetch_contacts(): 1, or -1 where there is no contact or `uri` is not usable."""
    profiles: dict[str, Profile] = ctx.vars.setdefault(PROFILES, {})
    profiles.pop(name, None)
    try:
        aor = inst.aor(ctx, uri)
    except PeerError as error:
        inst.worker.log.error("reg_fetch_contacts(): %s", error, source="registrar")
        return -1
    contacts = domain.get(aor)
    if not contacts:
        return -1
    profiles[name] = Profile(domain.name, aor, contacts)
    return 1


def free(inst: Registrar, ctx: Context, name: str) -> int:
    """reg_free_contacts()"""
    ctx.vars.get(PROFILES, {}).pop(name, None)
    return 1


def bind_ulc(inst: Registrar, inner: InnerName) -> PvAccess:
    """``$ulc(profile=>attribute)``, with an index for the other contacts than the first. Raises OperatorError."""
    name, arrow, attribute_name = inner.text.partition("=>")
    attribute = ATTRIBUTES.get(attribute_name)
    if not (name and arrow):
        raise inner.error(f"$ulc({inner.text}) must be $ulc(profile=>attribute)")
    if attribute is None:
        raise inner.error(f"$ulc has no attribute {attribute_name}", f"one of {', '.join(sorted(ATTRIBUTES))}")
    read = attribute

    def get(ctx: Context) -> Value:
        profiles: dict[str, Any] = ctx.vars.get(PROFILES, {})
        profile = profiles.get(name)
        index = max(inner.index_value(ctx), 0)
        if profile is None or index >= len(profile.contacts):
            return None
        return read(profile, profile.contacts[index])

    return PvAccess(get)
