"""The instance of SER's acc_db: a row for each record, by way of a journal on disk."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.db.databases import check_names, open_database
from siprouter.db.journal import Journal, default_folder
from siprouter.db.values import Value, from_epoch
from siprouter.modules.acc_radius_s.items import Event, print_attrs
from siprouter.modules.acc_radius_s.transactions import MISSED, SerAccounting
from siprouter.modules.acc_syslog_s.state import read_item
from siprouter.util.errors import OperatorError
from siprouter.util.hashing import core_hash
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

COLUMNS = {
    "a": ("attrs_column", "attrs"),
    "c": ("callid_column", "sip_callid"),
    "d": ("totag_column", "to_tag"),
    "f": ("from_column", "sip_from"),
    "g": ("flags_column", "flags"),
    "i": ("iuri_column", "in_ruri"),
    "m": ("method_column", "sip_method"),
    "n": ("cseq_column", "sip_cseq"),
    "o": ("ouri_column", "out_ruri"),
    "p": ("src_ip_column", "src_ip"),
    "r": ("fromtag_column", "from_tag"),
    "s": ("server_id_column", "server_id"),
    "t": ("to_column", "sip_to"),
    "u": ("diguser_column", "digest_username"),
    "x": ("reqtimestamp_column", "request_timestamp"),
    "D": ("todid_column", "to_did"),
    "F": ("fromuri_column", "from_uri"),
    "I": ("fromuid_column", "from_uid"),
    "M": ("fromdid_column", "from_did"),
    "P": ("src_port_column", "src_port"),
    "R": ("digrealm_column", "digest_realm"),
    "S": ("status_column", "sip_status"),
    "T": ("touri_column", "to_uri"),
    "U": ("touid_column", "to_uid"),
    "X": ("restimestamp_column", "response_timestamp"),
}
"""letter -> (parameter, its default)"""
MAX_VALUE = 4096


def address_number(text: str) -> int | None:
    """An IPv4 address as SER stores it: its octets as a signed number, the first one lowest; None for IPv6."""
    try:
        return int(struct.unpack("<i", IPv4Address(text).packed)[0])
    except ValueError:
        return None


class SerAccDb(SerAccounting):
    """No record is lost: each is on disk before the answer goes out, and from there written once, in order."""

    module = "acc_db"
    db_url: str
    db_journal: str | None
    acc_table: str
    mc_table: str

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.journal: Journal
        self.columns: list[tuple[str, str]] = []

    def configure(self) -> None:
        """Check the parameters and watch transactions. Raises OperatorError."""
        self.watch()
        check_names("acc_db", {name: getattr(self, name) for name in ("acc_table", "mc_table")})
        for letter in dict.fromkeys(self.log_fmt):
            name, _ = COLUMNS[letter]
            check_names("acc_db", {name: getattr(self, name)})
            self.columns.append((letter, getattr(self, name)))
        database = open_database(self.worker, self.db_url, "acc_db", query=False)
        self.journal = Journal(self._journal_path(), database, self.worker.log, self.worker.spawn)

    def _journal_path(self) -> Path | None:
        """Where records wait; None where nothing is to be left on disk (tests in memory, checks)."""
        if self.db_journal:
            path = Path(self.db_journal)
            return path.with_name(f"{path.name}-{self.worker.index}") if self.worker.index else path
        if self.worker.services.get("in_memory"):
            return None
        mark = core_hash(to_bytes(self.db_url), b"", 1 << 32)
        return default_folder() / f"acc_db-{mark:08x}-{self.worker.index}.journal"

    def start(self) -> None:
        """Open the journal: what an earlier run has left is written now. Raises OperatorError."""
        try:
            self.journal.open()
        except OperatorError as error:
            hint = 'modparam("acc_db", "db_journal", "/path/of/file")'
            raise OperatorError(f"acc_db: {error.message}", suggestion=hint) from None

    async def stop(self) -> None:
        """Write what can be written."""
        await self.journal.stop()

    def account_missed(self, ctx: Context, code: int | None = None) -> int:
        """acc_db_missed([code])"""
        return self.account_now(ctx, code, MISSED)

    def keep(self, event: Event, why: int) -> bool:
        """Note a row for the table of its kind; False where the disk does not take it."""
        row = {column: self._value(letter, event) for letter, column in self.columns}
        return self.journal.add(self.mc_table if why == MISSED else self.acc_table, row)

    def _value(self, letter: str, event: Event) -> Value:
        if letter == "a":
            return print_attrs(event.ctx, self.avps) or None
        value = read_item(letter, event)
        if value is None:
            return None
        if letter == "p":
            return address_number(str(value))
        if letter in "xX" and isinstance(value, int):
            return from_epoch(value)
        return value[:MAX_VALUE] if isinstance(value, str) else value
