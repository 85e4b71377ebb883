"""`usrloc.dump_file`: all contacts as text in a file."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, BinaryIO

from siprouter.modules.usrloc.contact import q_text
from siprouter.modules.usrloc.domain import Domain
from siprouter.modules.usrloc.state import NO_DB
from siprouter.modules.usrloc.storage import READ_ONLY
from siprouter.modules.usrloc_s.commands import BATCH
from siprouter.modules.usrloc_s.contact import FL_MEM, FL_PERMANENT, SerContact, of_ser
from siprouter.rpc.values import RpcError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.modules.usrloc_s.state import SerUsrloc

OWNER_ONLY = 0o600


async def dump_file(inst: SerUsrloc, call: Any, path: str) -> None:
    """`usrloc.dump_file path`: replaces the file, which only its owner may read if it is new."""
    try:
        with _open(path) as file:
            file.write(b"===Domain list===\n")
            for domain in list(inst.domains.values()):
                await _write_domain(inst, file, domain)
            file.write(b"===/Domain list===\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RpcError(500, f"failed to write file {path}: {reason}") from error


def _open(path: str) -> BinaryIO:
    """A regular file to write. Raises OSError: a pipe would make all calls wait for its reader."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, OWNER_ONLY)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "not a regular file")
    os.ftruncate(handle, 0)
    return os.fdopen(handle, "wb")


async def _write_domain(inst: SerUsrloc, file: BinaryIO, domain: Domain) -> None:
    file.write(to_bytes(f"---Domain---\nname : '{domain.name}'\nsize : {inst.slots}\n"))
    now = domain.clock()
    for number, (uid, contacts) in enumerate(domain.records(), 1):
        lines = ["...Record...", f"domain: '{domain.name}'", f"uid   : '{uid}'"]
        for contact in of_ser(contacts):
            lines += _contact_lines(domain.name, uid, contact, now, _state(inst, domain, uid, contact))
        lines.append(".../Record...\n")
        file.write(to_bytes("\n".join(lines)))
        if number % BATCH == 0:
            await inst.worker.sleep(0)
    file.write(b"---/Domain---\n")


def _state(inst: SerUsrloc, domain: Domain, uid: str, contact: SerContact) -> str:
    """How a contact stands to the database, as far as this worker knows."""
    if inst.db_mode == NO_DB or inst.storage.mode == READ_ONLY or contact.flags & FL_MEM:
        return "CS_NEW"  # not in a database
    return "CS_DIRTY" if inst.storage.waits(domain, uid) else "CS_SYNC"


def _contact_lines(table: str, uid: str, contact: SerContact, now: float, state: str) -> list[str]:
    if contact.flags & FL_PERMANENT:
        expires = "Permanent"
    else:
        expires = str(int(contact.expires - now)) if contact.expires > now else "Expired"
    fields = (
        ("domain", f"'{table}'"),
        ("uid", f"'{uid}'"),
        ("aor", f"'{contact.aor}'"),
        ("Contact", f"'{contact.uri}'"),
        ("Expires", expires),
        ("q", q_text(contact.q)),
        ("Call-ID", f"'{contact.call_id}'"),
        ("CSeq", str(contact.cseq)),
        ("User-Agent", f"'{contact.user_agent}'"),
        ("received", f"'{contact.received or ''}'"),
        ("instance", f"'{contact.instance or ''}'"),
        ("State", state),
        ("Flags", str(contact.flags)),
        ("server_id", str(contact.server_id)),
        ("Sock", contact.socket or ""),
    )
    return ["~~~Contact~~~", *(f"{name:<10}: {value}" for name, value in fields), "~~~/Contact~~~~"]
