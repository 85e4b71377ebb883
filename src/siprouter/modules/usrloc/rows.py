"""Bindings as rows of table `location`, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from siprouter.core.values import wrap_int
from siprouter.db.values import Row, Value, from_epoch, to_epoch, to_text
from siprouter.modules.usrloc.contact import ALL_METHODS, MATCH_CALL_ID, MATCH_PATH, Q_UNSET, Contact
from siprouter.modules.usrloc.row_kind import RowKind

UINT32 = 0xFFFFFFFF
NAMES = (
    *("user", "contact", "expires", "q", "callid", "cseq", "flags", "cflags"),
    *("user_agent", "received", "path", "socket", "methods", "domain"),
)
LAST_MODIFIED = "last_modified"


@dataclass(frozen=True)
class Columns(RowKind):
    """The names of the columns, in the order of NAMES, and what a row is found by."""

    names: dict[str, str]
    use_domain: bool
    matching_mode: int

    version: ClassVar[int | None] = 1004
    memory_only: ClassVar[int] = 1

    @property
    def newest_first(self) -> str:
        """The column by which rows are read where the newest contact is to be the first."""
        return LAST_MODIFIED

    @property
    def wanted(self) -> list[str]:
        """The columns that `read` takes, in this order."""
        found = [self.names[name] for name in NAMES[:-1]] + [LAST_MODIFIED]
        return [*found, self.names["domain"]] if self.use_domain else found

    def account(self, aor: str) -> dict[str, Value]:
        """The columns that hold the address of record."""
        if not self.use_domain:
            return {self.names["user"]: aor}
        user, _, domain = aor.rpartition("@")
        return {self.names["user"]: user, self.names["domain"]: domain}

    def unique(self) -> list[str]:
        """The columns that one binding differs in from another."""
        found = [self.names["user"], self.names["contact"]]
        if self.use_domain:
            found.append(self.names["domain"])
        if self.matching_mode == MATCH_CALL_ID:
            found.append(self.names["callid"])
        elif self.matching_mode == MATCH_PATH:
            found.append(self.names["path"])
        return found

    def row(self, aor: str, contact: Contact) -> dict[str, Value]:
        """All columns of a binding."""
        values: dict[str, Value] = {
            "contact": contact.uri,
            "expires": from_epoch(contact.expires),
            "q": float(-1 if contact.q == Q_UNSET else contact.q / 1000),
            "callid": contact.call_id,
            "cseq": wrap_int(contact.cseq),
            "flags": wrap_int(contact.flags),
            "cflags": wrap_int(contact.cflags),
            "user_agent": contact.user_agent,
            "received": contact.received,
            "path": contact.path,
            "socket": contact.socket,
            "methods": None if contact.methods == ALL_METHODS else wrap_int(contact.methods),
        }
        named = {self.names[name]: value for name, value in values.items()}
        return {**self.account(aor), **named, LAST_MODIFIED: from_epoch(contact.last_modified)}

    def vital(self) -> list[str]:
        """The columns that a binding is of no use without, or with a part of."""
        return [self.names[name] for name in ("user", "domain", "contact", "received", "path", "socket")]

    def compare(self, kept: Contact, stored: Contact) -> int:
        """Which of two states of a binding is the later one, by the time of the change."""
        if kept.last_modified > stored.last_modified:
            return 1
        return 0 if kept.to_row() == stored.to_row() else -1

    def read(self, row: Row) -> tuple[str, Contact]:
        """(address of record, binding) of a row that has the columns `wanted`. Raises ValueError."""
        user, uri, expires, q, call_id, cseq, flags, cflags, agent, received, path, socket, methods, modified = row[:14]
        aor = to_text(user)
        if self.use_domain:
            domain = to_text(row[14])
            if not domain:
                raise ValueError("it has no domain")
            aor = f"{aor}@{domain}"
        if not to_text(user) or not to_text(uri):
            raise ValueError("it has no user or no contact")
        quality = float(Q_UNSET if q is None else q)
        contact = Contact(
            to_text(uri),
            max(to_epoch(expires), 0) & UINT32,
            Q_UNSET if quality < 0 else min(round(quality * 1000), 1000),
            to_text(call_id),
            int(cseq or 0) & UINT32,
            int(flags or 0) & UINT32,
            int(cflags or 0) & UINT32,
            to_text(agent),
            to_text(received) or None,
            to_text(path) or None,
            to_text(socket) or None,
            ALL_METHODS if methods is None else int(methods) & UINT32,
            max(to_epoch(modified), 0) & UINT32,
        )
        return aor, contact
