"""Accounting to a database, by way of a journal on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.db.journal import Journal
from siprouter.db.values import Value, from_epoch
from siprouter.modules.acc.extras import Legs, read_extras
from siprouter.modules.acc.record import MISSED, Facts

if TYPE_CHECKING:
    from siprouter.core.context import Context

MAX_VALUE = 4096

Columns = tuple[str, str, str, str, str, str, str]
"""of method, From tag, To tag, Call-ID, code, reason and time"""


class DatabaseEngine:
    """Writes a row for each record, or for each leg of a call."""

    def __init__(
        self,
        journal: Journal,
        columns: Columns,
        tables: tuple[str, str],
        flag: int,
        missed_flag: int,
        extras: list[tuple[str, PvAccess]],
        legs: Legs,
    ) -> None:
        self.journal = journal
        self.columns = columns
        self.table, self.missed_table = tables
        self.flag = flag
        self.missed_flag = missed_flag
        self.extras = extras
        self.legs = legs

    def account(self, ctx: Context, facts: Facts) -> bool:
        """Note a record for the table of its kind."""
        return self.write(ctx, facts, self.missed_table if facts.kind is MISSED else self.table)

    def write(self, ctx: Context, facts: Facts, table: str) -> bool:
        """Note a record for a table; False where the disk does not take it."""
        given: tuple[Value, ...] = (
            facts.method,
            facts.from_tag,
            facts.to_tag,
            facts.call_id,
            facts.code,
            facts.reason,
            from_epoch(facts.time),
        )
        row = dict(zip(self.columns, given, strict=True))
        row.update((name, value[:MAX_VALUE]) for name, value in read_extras(self.extras, ctx))
        rows = [{**row, **{name: value[:MAX_VALUE] for name, value in leg}} for leg in self.legs.read(ctx)] or [row]
        kept = [self.journal.add(table, one) for one in rows]
        return all(kept)
