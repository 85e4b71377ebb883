"""Bindings as rows of SER's table `location`, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from siprouter.core.values import wrap_int
from siprouter.db.values import Row, Value, to_epoch, to_text
from siprouter.modules.usrloc.contact import MATCH_CONTACT, Q_UNSET, Contact
from siprouter.modules.usrloc.row_kind import NO_LIMIT, RowKind
from siprouter.modules.usrloc_s.contact import FL_MEM, FL_NAT, FL_PERMANENT, SavedAvp, SerContact
from siprouter.modules.usrloc_s.saved_avps import avps_text, read_avps
from siprouter.util.log import Log

UINT32 = 0xFFFFFFFF
NEVER = 1 << 40
"""later than any binding expires"""
EXPIRED = 1
NAMES = (
    *("uid", "contact", "expires", "q", "callid", "cseq", "flags"),
    *("user_agent", "received", "instance", "aor"),
)
SERVER_ID = "server_id"


def to_utc(seconds: int) -> datetime:
    """Seconds since 1970 as SER stores times, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def from_utc(value: object) -> int:
    """Such a time, whatever the database gives for it, as seconds since 1970. Raises ValueError for what is no time."""
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return to_epoch(value)


@dataclass(frozen=True)
class SerColumns(RowKind):
    """The names of the columns, in the order of NAMES, and what else rows depend on.

    `avps` is the column of the attributes, None where they are not stored. `socket` finds the name of the listener for
    a URI in column `received`. `signed`: integer columns take no number from 2 to the power of 31 on.
    """

    names: dict[str, str]
    avps: str | None
    server_id: int
    socket: Callable[[str], str | None]
    signed: bool
    log: Log
    matching_mode: int = MATCH_CONTACT

    version: ClassVar[int | None] = None
    memory_only: ClassVar[int] = FL_MEM
    hint: ClassVar[str] = "scripts of SER need the location table of SER: see the manual of usrloc (SER)"

    @property
    def newest_first(self) -> str:
        """The table does not say when a contact has changed: the one that expires last counts as the newest."""
        return self.names["expires"]

    @property
    def wanted(self) -> list[str]:
        """The columns that `read` takes, in this order."""
        found = [self.names[name] for name in NAMES] + [SERVER_ID]
        return found if self.avps is None else [*found, self.avps]

    def account(self, aor: str) -> dict[str, Value]:
        """The column that holds the user id."""
        return {self.names["uid"]: aor}

    def unique(self) -> list[str]:
        """The columns that one binding differs in from another."""
        return [self.names["uid"], self.names["contact"]]

    def vital(self) -> list[str]:
        """The columns that a binding is of no use without, or with a part of."""
        return [self.names[name] for name in ("uid", "contact", "received", "instance", "aor")]

    def row(self, aor: str, contact: Contact) -> dict[str, Value]:
        """All columns of a binding."""
        assert isinstance(contact, SerContact)
        number = wrap_int if self.signed else int
        values: dict[str, Value] = {
            "uid": aor,
            "contact": contact.uri,
            "expires": to_utc(contact.expires),
            "q": float(-1 if contact.q == Q_UNSET else contact.q / 1000),
            "callid": contact.call_id,
            "cseq": number(contact.cseq),
            "flags": number(contact.flags),
            "user_agent": contact.user_agent,
            "received": contact.received,
            "instance": contact.instance,
            "aor": contact.aor,
        }
        row = {self.names[name]: value for name, value in values.items()}
        row[SERVER_ID] = wrap_int(contact.server_id)
        if self.avps is not None:
            row[self.avps] = avps_text(contact.avps) or None
        return row

    def trim(self, table: str, row: dict[str, Value], widths: dict[str, int]) -> dict[str, Value]:
        """`row` without what its columns are too narrow for: of the attributes it has all or none."""
        if self.avps is not None and len(to_text(row[self.avps])) > widths.get(self.avps, NO_LIMIT):
            message = "attributes of contact %s are too long for column %s of table %s: they are not stored"
            self.log.warning(message, row[self.names["contact"]], self.avps, table, source="usrloc")
            row[self.avps] = None
        return super().trim(table, row, widths)

    def read(self, row: Row) -> tuple[str, SerContact]:
        """(user id, binding) of a row that has the columns `wanted`. Raises ValueError.

        What another server is responsible for is kept in memory only: that server looks after the row.
        """
        uid, uri, expires, q, call_id, cseq, flags, agent, received, instance, aor, server = row[:12]
        if not to_text(uid) or not to_text(uri):
            raise ValueError("it has no user or no contact")
        bits = int(flags or 0) & UINT32
        bits = bits & ~FL_MEM if int(server or 0) == self.server_id else bits | FL_MEM
        quality = float(Q_UNSET if q is None else q)
        source = to_text(received) or None
        contact = SerContact(
            to_text(uri),
            0 if bits & FL_PERMANENT else min(max(from_utc(expires), EXPIRED), UINT32),
            Q_UNSET if quality < 0 else min(round(quality * 1000), 1000),
            to_text(call_id),
            int(cseq or 0) & UINT32,
            bits,
            bits & FL_NAT,
            to_text(agent),
            source,
            None,
            None if source is None else self.socket(source),
            0,
            0,
            to_text(aor),
            to_text(instance) or None,
            int(server or 0),
            () if self.avps is None else self._read_avps(to_text(uri), to_text(row[12])),
        )
        return to_text(uid), contact

    def _read_avps(self, uri: str, text: str) -> tuple[SavedAvp, ...]:
        try:
            return read_avps(text)
        except ValueError as error:
            self.log.error("contact %s is loaded without its attributes: %s", uri, error, source="usrloc")
            return ()

    def compare(self, kept: Contact, stored: Contact) -> int:
        """Which state is the later one: by CSeq where one phone made both, else by when it expires."""
        if kept.call_id == stored.call_id and kept.cseq != stored.cseq:
            return 1 if kept.cseq > stored.cseq else -1
        difference = (kept.expires or NEVER) - (stored.expires or NEVER)
        if difference:
            return 1 if difference > 0 else -1
        return 0 if self.row("", kept) == self.row("", stored) else 1
