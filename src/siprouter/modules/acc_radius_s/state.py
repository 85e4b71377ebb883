"""The instance of SER's acc_radius: sends a record for each transaction that is wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from siprouter.core.route_info import AUTHORIZED
from siprouter.modules.acc.radius import SIP_PORT, RadiusSettings, journal_path, method_values
from siprouter.modules.acc_radius_s.items import READERS, Event, print_attrs
from siprouter.modules.acc_radius_s.transactions import SerAccounting
from siprouter.radius.client import RadiusClient, open_radius
from siprouter.radius.dictionary import Attribute
from siprouter.radius.journal import RadiusJournal, Record
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

MODULE = "acc_radius"
MAX_VALUE = 253


class SerAccRadius(SerAccounting):
    """Records go into a journal on disk, and from there to the servers."""

    module = MODULE
    radius_config: str
    radius_journal: str | None
    service_type: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.client: RadiusClient
        self.journal: RadiusJournal
        self.items: dict[str, Attribute] = {}

    # --- start-up

    def configure(self) -> None:
        """Check the parameters and watch transactions. Raises OperatorError."""
        worker = self.worker
        self.watch()
        self.client = open_radius(worker, self.radius_config, MODULE, acct=True)
        self._read_dictionary()
        settings = RadiusSettings(MODULE, self.radius_config, 0, 0, -1, None, self.radius_journal)
        path = journal_path(worker, settings)
        self.journal = RadiusJournal(path, self.client, worker.log, worker.spawn, worker.wall_clock)

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

    # --- records

    def keep(self, event: Event, why: int) -> bool:
        """Note a record; False where it cannot be made or the disk does not take it."""
        try:
            record = self._record(event)
        except PeerError as error:
            self.worker.log.error("cannot account a message: %s", error.reason, source=MODULE)
            return False
        return self.journal.add(record, event.now)

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
