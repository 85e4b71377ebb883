"""Answers to REGISTER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.registrar.path import PATH_OFF, supports_path
from siprouter.modules.registrar.rejection import REASONS, Rejected
from siprouter.modules.usrloc.contact import Contacts, q_text
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar


def contact_line(contacts: Contacts, now: float, received_param: str) -> bytes:
    """One Contact line with all contacts that have not expired; empty where there are none."""
    values = []
    for contact in contacts:
        if not contact.is_valid(now):
            continue
        value = f"<{contact.uri}>"
        if contact.q >= 0:
            value += f";q={q_text(contact.q)}"
        value += f";expires={int(contact.expires - now) if contact.expires else 0}"
        if contact.received:
            value += f';{received_param}="{contact.received}"'
        values.append(value)
    return to_bytes("Contact: " + ", ".join(values) + "\r\n") if values else b""


def send_accepted(inst: Registrar, ctx: Context, contacts: Contacts, path: str | None) -> bool:
    """200 with the present contacts, and the Path where the phone understands it; False where it was not sent."""
    _add_contacts(inst, ctx, contacts)
    if path is not None and inst.path_mode != PATH_OFF and supports_path(ctx.msg):
        ctx.add_reply_header(b"Path: %b\r\n" % to_bytes(path))
    return _send(inst, ctx, 200)


def send_rejected(inst: Registrar, ctx: Context, rejected: Rejected, contacts: Contacts) -> bool:
    """The error with its reason in P-Registrar-Error; Retry-After with a 5xx where it is set."""
    _add_contacts(inst, ctx, contacts)
    ctx.add_reply_header(b"P-Registrar-Error: %b\r\n" % rejected.info.encode())
    if rejected.status >= 500 and inst.cfg.retry_after:
        ctx.add_reply_header(b"Retry-After: %d\r\n" % inst.cfg.retry_after)
    return _send(inst, ctx, rejected.status)


def _add_contacts(inst: Registrar, ctx: Context, contacts: Contacts) -> None:
    line = contact_line(contacts, int(inst.worker.wall_clock()), inst.received_param)
    if line:
        ctx.add_reply_header(line)


def _send(inst: Registrar, ctx: Context, status: int) -> bool:
    result: int = inst.sl.send_reply(ctx, status, REASONS[status])
    return result > 0
