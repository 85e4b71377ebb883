"""What SER's accounting modules have in common: they watch transactions, and keep a record for each that is wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from siprouter.core.avp import AvpKey
from siprouter.core.avp_names import parse_avp_name
from siprouter.core.values import str_to_int
from siprouter.modules.acc.acc import answering_uri
from siprouter.modules.acc_radius_s.items import ALL, Event, is_upstream
from siprouter.sip.message import Message
from siprouter.transaction.events import E2EACK_IN, ON_FAILURE_RO, REQUEST_IN, RESPONSE_OUT
from siprouter.util.errors import InternalError, OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.transaction.transaction import Transaction

EARLY_MEDIA = 183
ANSWERED, MISSED, ACKED, ACCOUNTED = range(4)
"""why there is a record: the last one is a function of the script"""


class SerAccounting:
    """Flags count as they are when the answer goes out; that of missed calls is reset by the first one."""

    module = ""
    early_media: int
    failed_transactions: int
    report_ack: int
    report_cancels: int
    log_flag: int | str
    log_missed_flag: int | str
    log_fmt: str
    attrs: str
    swap_direction: int = 0

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.tm: Any = None
        self.flag = 0
        self.missed_flag = 0
        self.avps: list[AvpKey] = []

    def keep(self, event: Event, why: int) -> bool:
        """Note a record; False where it cannot be made or the disk does not take it."""
        raise InternalError(f"{type(self).__name__} keeps no records")

    # --- start-up

    def watch(self) -> None:
        """Check the parameters and watch transactions: called in `configure`. Raises OperatorError."""
        self.tm = self.worker.module("tm")
        self.flag = self._flag("log_flag", self.log_flag)
        self.missed_flag = self._flag("log_missed_flag", self.log_missed_flag)
        unknown = next((letter for letter in self.log_fmt if letter not in ALL), "")
        if unknown or not self.log_fmt:
            raise OperatorError(f"{self.module}: log_fmt has the letter '{unknown}'", suggestion=f"letters of {ALL}")
        self.avps = self._attributes()
        self.tm.watch(None, REQUEST_IN, self.begin)

    def _flag(self, name: str, value: int | str) -> int:
        """The bit of a message flag, given by number or name; 0 for flag 0. Raises OperatorError."""
        number = value if isinstance(value, int) else str_to_int(value)
        if number is None:
            number = self.worker.env.flag_names.get(str(value))
        if number is None:
            raise OperatorError(f"{self.module}: {name}: there is no flag {value}", suggestion=f"add: flags {value};")
        if not 0 <= number <= 31:
            raise OperatorError(f"{self.module}: {name} must be a flag (1 to 31) or 0, found {number}")
        return 1 << number if number else 0

    def _attributes(self) -> list[AvpKey]:
        found = []
        for part in self.attrs.split(","):
            name = part.strip()
            if not name.startswith("$"):
                continue
            try:
                found.append(parse_avp_name(name[1:]))
            except ValueError as error:
                raise OperatorError(f"{self.module}: attrs: {error}") from None
        return found

    # --- transactions

    def begin(self, event: int, transaction: Transaction, request: Message, reply: Message | None, status: int) -> None:
        """A transaction begins."""
        if transaction.method == "CANCEL" and not self.report_cancels:
            return
        events = RESPONSE_OUT | ON_FAILURE_RO | (E2EACK_IN if self.report_ack else 0)
        self.tm.watch(transaction, events, partial(self.on_event, int(self.worker.wall_clock())))

    def on_event(
        self, began: int, event: int, transaction: Transaction, request: Message, reply: Message | None, status: int
    ) -> None:
        """Something happened to a transaction."""
        ctx = transaction.context
        if ctx is None:
            return
        if event == E2EACK_IN:
            if ctx.flags & self.flag:
                self.account(ctx, request, request, request.uri, transaction.status, began, ACKED)
            return
        uri = answering_uri(transaction, status) or ctx.uri
        to: Message = ctx.msg if reply is None else reply
        if transaction.is_invite and status >= 300 and ctx.flags & self.missed_flag:
            self.account(ctx, ctx.msg, to, uri, status, began, MISSED)
            ctx.flags &= ~self.missed_flag
        if event == RESPONSE_OUT and ctx.flags & self.flag and self._is_wanted(status):
            self.account(ctx, ctx.msg, to, uri, status, began, ANSWERED)

    def _is_wanted(self, status: int) -> bool:
        if status >= 300:
            return bool(self.failed_transactions)
        return status >= 200 or bool(self.early_media and status == EARLY_MEDIA)

    # --- records

    def account_now(self, ctx: Context, code: int | None = None, why: int = ACCOUNTED) -> int:
        """A function of the script: account the message, with a code."""
        msg: Message = ctx.msg
        if msg.cseq.method == "CANCEL" and not self.report_cancels:
            return 1
        return 1 if self.account(ctx, msg, msg, ctx.uri, code or 0, int(self.worker.wall_clock()), why) else -1

    def account(self, ctx: Context, msg: Message, to: Message, uri: str, code: int, began: int, why: int) -> bool:
        """Keep a record; False where it cannot be made or the disk does not take it."""
        now = int(self.worker.wall_clock())
        swapped = bool(self.swap_direction) and is_upstream(self.worker, msg)
        server = int(getattr(self.worker.settings, "server_id", 0))
        return self.keep(Event(ctx, msg, to, uri, code, began, now, swapped, server), why)
