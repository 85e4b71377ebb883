"""save() and unregister()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.routes import REQUEST
from siprouter.modules.registrar.bindings import (
    INSERTED,
    LISTED,
    Outcome,
    Rules,
    apply_registration,
    make_outcome,
    remove_all,
)
from siprouter.modules.registrar.path import PATH_STRICT, supports_path
from siprouter.modules.registrar.rejection import AOR_PARSE, PATH_UNSUPPORTED, Rejected
from siprouter.modules.registrar.reply import send_accepted, send_rejected
from siprouter.modules.registrar.request import Registration, read_registration
from siprouter.modules.usrloc.contact import Contacts, valid_contacts
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar
    from siprouter.modules.usrloc.domain import Domain

MEMORY_ONLY = 1
NO_REPLY = 2
REPLACE = 4
ALL_FLAGS = 7

STORED_IN_MEMORY = 1
"""storage flag of a contact: never written to a database"""


def save(inst: Registrar, ctx: Context, domain: Domain, flags: int = 0) -> int:
    """Processes the REGISTER (or the reply to one, without answering).

    1: contacts were added, or nothing changed; 2: updated; 3: removed; 4: only listed. 0 stops the script: refused, and
    answered so; -1: the answer could not be sent.
    """
    answers = bool(ctx.route_type & REQUEST) and not flags & NO_REPLY
    now = int(inst.worker.wall_clock())
    aor = ""
    try:
        aor = inst.aor_of_message(ctx)
        contacts = valid_contacts(domain.get(aor), now)
        reg = read_registration(inst, ctx, STORED_IN_MEMORY if flags & MEMORY_ONLY else 0, now, contacts)
        _check_path_support(inst, ctx, reg)
        with domain.atomic():
            outcome = _update(inst, domain, aor, reg, bool(flags & REPLACE), now)
    except Rejected as rejected:
        inst.stats.rejected_regs.inc()
        inst.worker.log.info("REGISTER refused: %s (%s)", rejected.info, rejected.status, source="registrar")
        if answers:
            contacts = valid_contacts(domain.get(aor), now) if rejected.lists_contacts else ()
            send_rejected(inst, ctx, rejected, contacts, now)
        return 0
    inst.accepted.inc()
    if answers and not send_accepted(inst, ctx, outcome.contacts, reg.path, now):
        return -1
    return outcome.code or INSERTED


def _update(inst: Registrar, domain: Domain, aor: str, reg: Registration, replace: bool, now: int) -> Outcome:
    """Changes the bindings of `aor`. Raises Rejected."""
    stored = domain.get(aor)
    contacts = valid_contacts(stored, now)
    outcome = _work_out(inst, contacts, reg, replace)
    if outcome.changes:
        if contacts is not stored:
            outcome.changes = domain.split(stored, now)[1] + outcome.changes
        domain.store(aor, outcome.contacts, outcome.changes)
    return outcome


def _check_path_support(inst: Registrar, ctx: Context, reg: Registration) -> None:
    """RFC 3327 section 5.3: a Path that the phone did not announce support for is refused where the mode is strict."""
    if reg.path is None:
        return
    if inst.path_mode == PATH_STRICT and ctx.route_type & REQUEST:
        if not supports_path(ctx.msg):
            ctx.add_reply_header(b"Unsupported: path\r\n")
            ctx.add_reply_header(b"Path: %b\r\n" % reg.path.encode("utf-8", "surrogateescape"))
            raise Rejected(*PATH_UNSUPPORTED)


def _work_out(inst: Registrar, contacts: Contacts, reg: Registration, replace: bool) -> Outcome:
    """What the bindings `contacts`, none of them expired, become. Raises Rejected."""
    if reg.star:
        return remove_all(contacts, reg)
    if not reg.contacts:
        return make_outcome(contacts, [], LISTED)
    return apply_registration(contacts, reg, _rules(inst, replace))


def _rules(inst: Registrar, replace: bool) -> Rules:
    """The settings for this registration: the same object as long as they are the same."""
    most: int = inst.settings["max_contacts"]
    rules: Rules | None = inst.rules
    if rules is None or rules.max_contacts != most or rules.replace != replace:
        usrloc = inst.usrloc
        rules = Rules(usrloc.matching_mode, usrloc.cseq_delay, bool(usrloc.desc_time_order), most, replace)
        inst.rules = rules
    return rules


def unregister(inst: Registrar, ctx: Context, domain: Domain, uri: str) -> int:
    """Removes all contacts of the address of record that `uri` names; -1 where it is no usable URI."""
    try:
        if not uri:
            raise Rejected(*AOR_PARSE)
        domain.delete(inst.aor(ctx, uri))
    except PeerError as error:
        inst.worker.log.error("unregister(): %s", error, source="registrar")
        return -1
    return 1
