"""Accounting by log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.modules.acc.extras import Attributes, Legs, read_extras
from siprouter.modules.acc.record import Facts
from siprouter.util.log import MAX_TEXT

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.util.log import Log


class SyslogEngine:
    """Writes `ACC: transaction answered: timestamp=…;method=INVITE;…` at a level and facility of its own."""

    def __init__(
        self,
        log: Log,
        level: int,
        facility: int,
        flag: int,
        missed_flag: int,
        extras: list[tuple[str, PvAccess]],
        legs: Legs,
    ) -> None:
        self.log = log
        self.level = level
        self.facility = facility
        self.flag = flag
        self.missed_flag = missed_flag
        self.extras = extras
        self.legs = legs

    def account(self, ctx: Context, facts: Facts) -> bool:
        """Write one line; what does not fit into a log record is left out."""
        if self.log.level < self.level:
            return True
        line = (
            f"ACC: {facts.kind}: timestamp={facts.time};method={facts.method};from_tag={facts.from_tag}"
            f";to_tag={facts.to_tag};call_id={facts.call_id};code={facts.code};reason={facts.reason}"
        )
        attributes: Attributes = read_extras(self.extras, ctx)
        for leg in self.legs.read(ctx):
            attributes += leg
        for name, value in attributes:
            part = f";{name}={value}"
            if len(line) + len(part) > MAX_TEXT:
                self.log.warning("accounting line cut off before %s: longer than %d", name, MAX_TEXT, source="acc")
                break
            line += part
        self.log.write(self.level, line, source="acc", facility=self.facility)
        return True
