"""save_contacts() and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.registrar.rejection import REASONS, Rejected
from siprouter.modules.registrar.reply import contact_line
from siprouter.modules.registrar_s.attributes import add_value, user_id
from siprouter.modules.registrar_s.bindings import apply_registration
from siprouter.modules.registrar_s.request import read_registration
from siprouter.modules.usrloc_s.contact import FL_MEM, SerContacts, of_ser
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar_s.state import SerRegistrar
    from siprouter.modules.usrloc.domain import Domain

REFUSED = -2


def save(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None = "") -> int:
    """Processes a REGISTER and answers with the contacts, those of the address of record `aor` where it is not "".

    1: done; 0 stops the script: refused, and answered so; -1: not answered, or `aor` has no value.
    """
    return _save(inst, ctx, domain, aor, 0, True)


def save_noreply(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None = "") -> int:
    """The same without an answer, which is left in attributes. -2: refused."""
    return _save(inst, ctx, domain, aor, 0, False)


def save_memory(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None = "") -> int:
    """save(), but the contacts are never written to a database."""
    return _save(inst, ctx, domain, aor, FL_MEM, True)


def save_mem_nr(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None = "") -> int:
    """save_noreply(), but the contacts are never written to a database."""
    return _save(inst, ctx, domain, aor, FL_MEM, False)


def _save(inst: SerRegistrar, ctx: Context, domain: Domain, aor: str | None, flags: int, answers: bool) -> int:
    if aor is None:
        inst.worker.log.error("save: the address of record has no value", source="registrar")
        return -1
    contacts: SerContacts = ()
    rejected: Rejected | None = None
    try:
        uid = user_id(ctx)
        contacts = of_ser(domain.valid(uid))
        reg = read_registration(inst, ctx, flags)
        with domain.atomic():
            present, expired = domain.split(domain.get(uid), int(inst.worker.wall_clock()))
            contacts = of_ser(present)
            outcome = apply_registration(contacts, reg, inst.cfg.max_contacts, bool(inst.usrloc.desc_time_order))
            if outcome.changes:
                domain.store(uid, outcome.contacts, expired + outcome.changes)
        contacts = outcome.contacts
    except Rejected as error:
        inst.worker.log.info("REGISTER refused: %s (%s)", error.info, error.status, source="registrar")
        rejected = error
        if not error.lists_contacts:
            contacts = ()
    line = contact_line(_of_aor(contacts, aor), int(inst.worker.wall_clock()), inst.received_param)
    if answers:
        return _answer(inst, ctx, rejected, line)
    _leave_attributes(inst, ctx, rejected, line)
    return 1 if rejected is None else REFUSED


def _of_aor(contacts: SerContacts, aor: str) -> SerContacts:
    wanted = aor.lower()
    return tuple([one for one in contacts if one.aor.lower() == wanted]) if aor else contacts


def _answer(inst: SerRegistrar, ctx: Context, rejected: Rejected | None, line: bytes) -> int:
    if line:
        ctx.add_reply_header(line)
    status = 200
    if rejected is not None:
        status = rejected.status
        ctx.add_reply_header(b"P-Registrar-Error: %b\r\n" % rejected.info.encode())
    sent: bool = inst.sl.send_reply(ctx, status, REASONS[status]) > 0
    if rejected is not None:
        return 0
    return 1 if sent else -1


def _leave_attributes(inst: SerRegistrar, ctx: Context, rejected: Rejected | None, line: bytes) -> None:
    status = 200 if rejected is None else rejected.status
    add_value(ctx, inst.code, status)
    add_value(ctx, inst.reason, REASONS[status])
    if line:
        add_value(ctx, inst.contact, to_str(line))
