"""Answers to REGISTER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.registrar.path import PATH_OFF, supports_path
from siprouter.modules.registrar.rejection import REASONS, Rejected
from siprouter.modules.usrloc.contact import Contact, Contacts, q_text
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.registrar.state import Registrar


def contact_line(contacts: Contacts, now: int, received_param: str) -> bytes:
    """One Contact line with all contacts that have not expired; empty where there are none."""
    values = []
    for contact in contacts:
        if contact.is_valid(now):
            values.append(contact_value(contact, now, received_param))
    return to_bytes(f"Contact: {', '.join(values)}\r\n") if values else b""


def contact_value(contact: Contact, now: int, received_param: str) -> str:
    """One contact as answers list it."""
    left = contact.expires - now if contact.expires else 0
    if contact.q < 0:
        value = f"<{contact.uri}>;expires={left}"
    else:
        value = f"<{contact.uri}>;q={q_text(contact.q)};expires={left}"
    if contact.received:
        value += f';{received_param}="{contact.received}"'
    return value


def send_accepted(inst: Registrar, ctx: Context, contacts: Contacts, path: str | None, now: int) -> bool:
    """200 with the present contacts, and the Path where the phone understands it; False where it was not sent."""
    lines = contact_line(contacts, now, inst.received_param)
    if path is not None and inst.path_mode != PATH_OFF and supports_path(ctx.msg):
        lines += b"Path: %b\r\n" % to_bytes(path)
    return inst.sl.send_reply(ctx, 200, "OK", lines) > 0


def send_rejected(inst: Registrar, ctx: Context, rejected: Rejected, contacts: Contacts, now: int) -> bool:
    """The error with its reason in P-Registrar-Error; Retry-After with a 5xx where it is set."""
    lines = contact_line(contacts, now, inst.received_param)
    lines += b"P-Registrar-Error: %b\r\n" % rejected.info.encode()
    if rejected.status >= 500 and inst.settings["retry_after"]:
        lines += b"Retry-After: %d\r\n" % inst.settings["retry_after"]
    return inst.sl.send_reply(ctx, rejected.status, REASONS[rejected.status], lines) > 0
