"""The instance of SER's acc_syslog."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from siprouter.core.avp import TRACK_FROM
from siprouter.core.identities import from_uid, to_uid
from siprouter.modules.acc_radius_s.items import READERS, Event, print_attrs
from siprouter.modules.acc_radius_s.transactions import ACCOUNTED, ACKED, ANSWERED, MISSED, SerAccounting
from siprouter.util.errors import PeerError
from siprouter.util.log import MAX_TEXT

if TYPE_CHECKING:
    from siprouter.core.context import Context

KINDS = {
    ANSWERED: "transaction answered",
    MISSED: "call missed",
    ACKED: "request acknowledged",
    ACCOUNTED: "request accounted",
}
NAMES = {
    "a": "attrs",
    "c": "callid",
    "d": "to_tag",
    "f": "from",
    "g": "flags",
    "i": "in_ruri",
    "m": "sip_method",
    "n": "cseq",
    "o": "out_ruri",
    "p": "src_ip",
    "r": "from_tag",
    "s": "server_id",
    "t": "to",
    "u": "digest_username",
    "x": "request_timestamp",
    "D": "to_did",
    "F": "from_uri",
    "I": "from_uid",
    "M": "from_did",
    "P": "src_port",
    "R": "digest_realm",
    "S": "sip_status",
    "T": "to_uri",
    "U": "to_uid",
    "X": "response_timestamp",
}
NOTHING = "n/a"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def uid_of(event: Event, track: int) -> str | None:
    """The user of a side, as identities know it; None where there is none."""
    try:
        return (from_uid if track == TRACK_FROM else to_uid)(event.ctx) or None
    except PeerError:
        return None


def read_item(letter: str, event: Event) -> int | str | None:
    """The item of a record; None where there is none."""
    if letter in "IU":
        return uid_of(event, TRACK_FROM if letter == "I" else -1)
    known = READERS.get(letter)
    value = None if known is None else known[1](event)
    return None if value == "" or (letter == "S" and not value) else value


class SerAccSyslog(SerAccounting):
    """Writes `ACC: transaction answered: attrs=…, callid=…, …`"""

    module = "acc_syslog"
    log_level: int

    def configure(self) -> None:
        """Check the parameters and watch transactions. Raises OperatorError."""
        self.watch()

    def account_missed(self, ctx: Context, code: int | None = None) -> int:
        """acc_syslog_missed([code])"""
        return self.account_now(ctx, code, MISSED)

    def keep(self, event: Event, why: int) -> bool:
        """Write one line; what does not fit into a log record is left out."""
        log = self.worker.log
        if log.level < self.log_level:
            return True
        line = f"ACC: {KINDS[why]}: "
        for number, letter in enumerate(self.log_fmt):
            part = f"{', ' if number else ''}{NAMES[letter]}={self._text(letter, event)}"
            if len(line) + len(part) > MAX_TEXT:
                log.warning(
                    "accounting line cut off before %s: longer than %d", NAMES[letter], MAX_TEXT, source=self.module
                )
                break
            line += part
        log.write(self.log_level, line, source=self.module)
        return True

    def _text(self, letter: str, event: Event) -> str:
        if letter == "a":
            found = print_attrs(event.ctx, self.avps)
            return f'"{found}"' if found else NOTHING
        value = read_item(letter, event)
        if letter in "xX" and isinstance(value, int):
            return datetime.fromtimestamp(value, UTC).strftime(TIME_FORMAT)
        return NOTHING if value is None else str(value)
