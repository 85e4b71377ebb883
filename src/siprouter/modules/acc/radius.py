"""Accounting to RADIUS servers, by way of a journal on disk. Modules acc and acc_radius both offer it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.extras import Extras, parse_extras
from siprouter.db.journal import default_folder
from siprouter.modules.acc.extras import Attributes, Legs, read_extras
from siprouter.modules.acc.record import Facts
from siprouter.radius.client import RadiusClient, open_radius
from siprouter.radius.dictionary import Attribute, Dictionary
from siprouter.radius.journal import RadiusJournal, Record
from siprouter.util.errors import OperatorError
from siprouter.util.hashing import core_hash
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

MAX_VALUE = 253
SIP_PORT = 5060

# SIP Router's numbers of methods, where the dictionary has no names for them
METHODS = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            *("INVITE", "CANCEL", "ACK", "BYE", "INFO", "REGISTER", "SUBSCRIBE", "NOTIFY"),
            *("MESSAGE", "OPTIONS", "PRACK", "UPDATE", "REFER", "PUBLISH"),
        )
    )
}
OTHER_METHOD = 1 << 14


@dataclass(frozen=True, slots=True)
class RadiusSettings:
    """The parameters of one module; flags are bits."""

    module: str
    config: str
    flag: int
    missed_flag: int
    service_type: int
    extra: str | None
    journal: str | None


class RadiusEngine:
    """Writes one record for each event; the attributes of all legs are in it."""

    def __init__(
        self, journal: RadiusJournal, dictionary: Dictionary, settings: RadiusSettings, extras: Extras, legs: Legs
    ) -> None:
        self.journal = journal
        self.flag = settings.flag
        self.missed_flag = settings.missed_flag
        self.extras = extras
        self.legs = legs
        value = dictionary.value
        status = "Acct-Status-Type"
        self.start = value(status, "Start")
        self.stop = value(status, "Stop")
        self.alive = value(status, "Alive", "Interim-Update")
        self.failed = value(status, "Failed")
        chosen = settings.service_type
        self.service_type = value("Service-Type", "Sip-Session") if chosen == -1 else chosen
        self._methods = method_values(dictionary)
        self._kinds = {name: dictionary.find(name) for name, _ in extras}
        self._kinds.update((name, dictionary.find(name)) for name in legs.names)

    def account(self, ctx: Context, facts: Facts) -> bool:
        """Note a record; False where the disk does not take it."""
        code = int(facts.code) if facts.code else 0
        record: Record = [
            ("Acct-Status-Type", self.status(ctx, facts.method, code)),
            ("Service-Type", self.service_type),
            ("Sip-Response-Code", code),
            ("Sip-Method", self._methods.get(facts.method, self._methods[""])),
            ("Event-Timestamp", facts.time),
            *([] if "NAS-Port" in self._kinds else [("NAS-Port", SIP_PORT)]),
        ]
        values: Attributes = [
            ("Sip-From-Tag", facts.from_tag),
            ("Sip-To-Tag", facts.to_tag),
            ("Acct-Session-Id", facts.call_id),
            *read_extras(self.extras, ctx),
        ]
        for leg in self.legs.read(ctx):
            values += leg
        # what has no value is left out: RADIUS knows no empty text
        record += [(name, value[:MAX_VALUE]) for name, value in values if value and self._fits(name, value)]
        return self.journal.add(record, facts.time)

    def _fits(self, name: str, value: str) -> bool:
        kind = self._kinds.get(name)
        if kind is None or not kind.is_number or (value.isascii() and value.isdigit() and len(value) <= 10):
            return True
        self.journal.log.warning("accounting: attribute %s takes a number, not %r", name, value[:40], source="acc")
        return False

    def status(self, ctx: Context, method: str, code: int) -> int:
        """Acct-Status-Type: what the answer to the request of `ctx` means for the call."""
        in_dialog = bool(ctx.msg.to.tag)
        if method == "INVITE" and not in_dialog and 200 <= code < 300:
            return self.start
        if method in ("BYE", "CANCEL"):
            return self.stop
        return self.alive if in_dialog else self.failed


def method_values(dictionary: Dictionary) -> dict[str, int | str]:
    """How Sip-Method says a method: by name, or as a number; that of "" stands for other methods."""
    attribute: Attribute = dictionary.find("Sip-Method")
    if not attribute.is_number:
        return {**{name: name for name in METHODS}, "": "OTHER"}
    found: dict[str, int | str] = {}
    for name, number in (*METHODS.items(), ("", OTHER_METHOD)):
        known = dictionary.known_value("Sip-Method", name or "Other")
        found[name] = number if known is None else known
    return found


class RadiusAccounting:
    """What a module holds: the client, the journal and the engine. Raises OperatorError where parameters are wrong."""

    def __init__(self, worker: Worker, settings: RadiusSettings, legs: Legs) -> None:
        self.module = settings.module
        self.client: RadiusClient = open_radius(worker, settings.config, settings.module, acct=True)
        extras = parse_extras(settings.module, "radius_extra", settings.extra, worker.env)
        path = journal_path(worker, settings)
        self.journal = RadiusJournal(path, self.client, worker.log, worker.spawn, worker.wall_clock)
        try:
            self.engine = RadiusEngine(self.journal, self.client.dictionary, settings, extras, legs)
        except OperatorError as error:
            raise OperatorError(f"{settings.module}: {error.message}", suggestion=error.suggestion) from None

    def start(self) -> None:
        """Open the journal: what an earlier run has left is sent now. Raises OperatorError."""
        try:
            self.journal.open()
        except OperatorError as error:
            hint = f'modparam("{self.module}", "radius_journal", "/path/of/file")'
            raise OperatorError(f"{self.module}: {error.message}", suggestion=hint) from None

    async def stop(self) -> None:
        """Send what can be sent."""
        await self.journal.stop()


def journal_path(worker: Worker, settings: RadiusSettings) -> Path | None:
    """Where records wait, one file for each worker; None where nothing is to be left on disk (tests in memory)."""
    if settings.journal:
        path = Path(settings.journal)
        return path.with_name(f"{path.name}-{worker.index}") if worker.index else path
    if worker.services.get("in_memory"):
        return None
    mark = core_hash(to_bytes(settings.config), b"", 1 << 32)
    return default_folder() / f"{settings.module}-radius-{mark:08x}-{worker.index}.journal"


def flag_bit(module: str, name: str, number: int) -> int:
    """The bit of a message flag, 0 for -1. Raises OperatorError."""
    if not -1 <= number <= 31:
        raise OperatorError(f"parameter {name} of {module} must be a flag (0 to 31) or -1, found {number}")
    return 0 if number < 0 else 1 << number


def radius_settings(owner: Any, module: str) -> RadiusSettings:
    """The parameters that acc and acc_radius have in common, as attributes of `owner`. Raises OperatorError."""
    return RadiusSettings(
        module,
        owner.radius_config,
        flag_bit(module, "radius_flag", owner.radius_flag),
        flag_bit(module, "radius_missed_flag", owner.radius_missed_flag),
        owner.service_type,
        owner.radius_extra,
        owner.radius_journal,
    )
