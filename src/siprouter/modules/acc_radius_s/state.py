"""The instance of SER's acc_radius: watches transactions and sends a record for each that is wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from siprouter.core.avp import AvpKey
from siprouter.core.avp_names import parse_avp_name
from siprouter.core.route_info import AUTHORIZED
from siprouter.core.values import str_to_int
from siprouter.modules.acc.acc import answering_uri
from siprouter.modules.acc.radius import SIP_PORT, RadiusSettings, journal_path, method_values
from siprouter.modules.acc_radius_s.items import ALL, READERS, Event, is_upstream, print_attrs
from siprouter.radius.client import RadiusClient, open_radius
from siprouter.radius.dictionary import Attribute
from siprouter.radius.journal import RadiusJournal, Record
from siprouter.sip.message import Message
from siprouter.transaction.events import E2EACK_IN, ON_FAILURE_RO, REQUEST_IN, RESPONSE_OUT
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.transaction.transaction import Transaction

MODULE = "acc_radius"
EARLY_MEDIA = 183
MAX_VALUE = 253


class SerAccRadius:
    """Flags count as they are when the answer goes out; that of missed calls is reset by the first one."""

    early_media: int
    failed_transactions: int
    report_ack: int
    report_cancels: int
    log_flag: int | str
    log_missed_flag: int | str
    log_fmt: str
    attrs: str
    radius_config: str
    radius_journal: str | None
    service_type: int
    swap_direction: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.tm: Any = None
        self.client: RadiusClient
        self.journal: RadiusJournal
        self.flag = 0
        self.missed_flag = 0
        self.avps: list[AvpKey] = []
        self.items: dict[str, Attribute] = {}

    # --- start-up

    def configure(self) -> None:
        """Check the parameters and watch transactions. Raises OperatorError."""
        worker = self.worker
        self.tm = worker.module("tm")
        self.flag = self._flag("log_flag", self.log_flag)
        self.missed_flag = self._flag("log_missed_flag", self.log_missed_flag)
        unknown = next((letter for letter in self.log_fmt if letter not in ALL), "")
        if unknown or not self.log_fmt:
            raise OperatorError(f"{MODULE}: log_fmt has the letter '{unknown}'", suggestion=f"letters of {ALL}")
        self.avps = self._attributes()
        self.client = open_radius(worker, self.radius_config, MODULE, acct=True)
        self._read_dictionary()
        settings = RadiusSettings(MODULE, self.radius_config, 0, 0, -1, None, self.radius_journal)
        path = journal_path(worker, settings)
        self.journal = RadiusJournal(path, self.client, worker.log, worker.spawn, worker.wall_clock)
        self.tm.watch(None, REQUEST_IN, self.begin)

    def _flag(self, name: str, value: int | str) -> int:
        """The bit of a message flag, given by number or name; 0 for flag 0. Raises OperatorError."""
        number = value if isinstance(value, int) else str_to_int(value)
        if number is None:
            number = self.worker.env.flag_names.get(str(value))
        if number is None:
            raise OperatorError(f"{MODULE}: {name}: there is no flag {value}", suggestion=f"add: flags {value};")
        if not 0 <= number <= 31:
            raise OperatorError(f"{MODULE}: {name} must be a flag (1 to 31) or 0, found {number}")
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
                raise OperatorError(f"{MODULE}: attrs: {error}") from None
        return found

    def _read_dictionary(self) -> None:
        dictionary = self.client.dictionary
        try:
            for letter in self.log_fmt:
                if letter in READERS:
                    self.items[letter] = dictionary.find(READERS[letter][0])
            self.attr = dictionary.find("SER-Attr")
            self.methods = method_values(dictionary)
            value = partial(dictionary.value, "Acct-Status-Type")
            self.started, self.stopped, self.failed = value("Start"), value("Stop"), value("Failed")
            self.interim = value("Interim-Update")
            service = self.service_type
            self.service = dictionary.value("Service-Type", "Sip-Session") if service == -1 else service
        except OperatorError as error:
            raise OperatorError(f"{MODULE}: {error.message}", suggestion=error.suggestion) from None

    def start(self) -> None:
        """Send what an earlier run has left. Raises OperatorError."""
        try:
            self.journal.open()
        except OperatorError as error:
            hint = f'modparam("{MODULE}", "radius_journal", "/path/of/file")'
            raise OperatorError(f"{MODULE}: {error.message}", suggestion=hint) from None

    async def stop(self) -> None:
        """Send what can be sent."""
        await self.journal.stop()

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
                self.account(ctx, request, request, request.uri, transaction.status, began)
            return
        uri = answering_uri(transaction, status) or ctx.uri
        to: Message = ctx.msg if reply is None else reply
        if transaction.is_invite and status >= 300 and ctx.flags & self.missed_flag:
            self.account(ctx, ctx.msg, to, uri, status, began)
            ctx.flags &= ~self.missed_flag
        if event == RESPONSE_OUT and ctx.flags & self.flag and self._is_wanted(status):
            self.account(ctx, ctx.msg, to, uri, status, began)

    def _is_wanted(self, status: int) -> bool:
        if status >= 300:
            return bool(self.failed_transactions)
        return status >= 200 or bool(self.early_media and status == EARLY_MEDIA)

    # --- records

    def account_now(self, ctx: Context, code: int | None = None) -> int:
        """acc_rad_log([code]), acc_rad_missed([code])"""
        msg: Message = ctx.msg
        if msg.cseq.method == "CANCEL" and not self.report_cancels:
            return 1
        return 1 if self.account(ctx, msg, msg, ctx.uri, code or 0, int(self.worker.wall_clock())) else -1

    def account(self, ctx: Context, msg: Message, to: Message, uri: str, code: int, began: int) -> bool:
        """Note a record; False where it cannot be made or the disk does not take it."""
        now = int(self.worker.wall_clock())
        swapped = bool(self.swap_direction) and is_upstream(self.worker, msg)
        server = int(getattr(self.worker.settings, "server_id", 0))
        event = Event(ctx, msg, to, uri, code, began, now, swapped, server)
        try:
            record = self._record(event)
        except PeerError as error:
            self.worker.log.error("cannot account a message: %s", error.reason, source=MODULE)
            return False
        return self.journal.add(record, now)

    def _record(self, event: Event) -> Record:
        record: Record = []
        for letter in self.log_fmt:
            if letter == "a":
                record.append((self.attr.name, print_attrs(event.ctx, self.avps)))
            elif letter == "m":
                method = event.msg.cseq.method
                record.append((self.items[letter].name, self.methods.get(method, self.methods[""])))
            elif letter in self.items:
                value = READERS[letter][1](event)
                attribute = self.items[letter]
                if value is not None and self._fits(attribute, value):
                    record.append((attribute.name, value))
        record += [
            ("Acct-Status-Type", self._status(event)),
            ("Service-Type", self.service),
            ("User-Name", user_name(event)),
            ("NAS-Port", SIP_PORT),
        ]
        return [(name, value[:MAX_VALUE] if isinstance(value, str) else value) for name, value in record if value != ""]

    def _fits(self, attribute: Attribute, value: int | str) -> bool:
        """An IPv6 address has no place in an attribute for IPv4."""
        return attribute.type != "ipaddr" or ":" not in str(value)

    def _status(self, event: Event) -> int:
        method, code = event.msg.cseq.method, event.code
        good = 200 <= code < 300
        if not code:
            return self.failed
        if method in ("INVITE", "ACK") and good:
            return self.started
        if method in ("BYE", "CANCEL"):
            return self.stopped
        return self.interim if good else self.failed


def user_name(event: Event) -> str:
    """`user@realm` of accepted credentials, else user and host of From. Raises PeerError."""
    credentials = event.ctx.vars.get(AUTHORIZED)
    if credentials is not None and credentials.user and credentials.realm:
        return f"{credentials.user}@{credentials.realm}"
    uri = event.msg.from_.parsed_uri
    return f"{uri.user}@{uri.host}"
