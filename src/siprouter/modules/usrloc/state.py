"""The module's instance: parameters, tables, and what other modules may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.databases import check_names, open_database
from siprouter.modules.usrloc.domain import ALL_EVENTS, Callback, Domain
from siprouter.modules.usrloc.rows import NAMES, Columns
from siprouter.modules.usrloc.storage import DB_ONLY, WRITE_BACK, WRITE_THROUGH, Storage
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.transport.endpoint import Listener

NO_DB = 0
DB_MODES = (NO_DB, WRITE_THROUGH, WRITE_BACK, DB_ONLY)
MATCHING_MODES = (0, 1, 2)


class Usrloc:
    """Tables of bindings by name. They are made when a function names them while the configuration is read."""

    db_mode: int
    hash_size: int
    matching_mode: int
    cseq_delay: int
    timer_interval: int
    use_domain: int
    desc_time_order: int
    nat_bflag: int
    db_url: str
    fetch_rows: int
    storage: Storage

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.domains: dict[str, Domain] = {}
        self.callbacks: list[tuple[int, Callback]] = []
        self.nat_flag = 0
        self._listeners: dict[str, Listener] = {}

    def configure(self) -> None:
        """Checks the parameters. Raises OperatorError."""
        if self.matching_mode not in MATCHING_MODES:
            raise OperatorError(f"usrloc: matching_mode must be 0, 1 or 2, found {self.matching_mode}")
        if self.timer_interval < 1:
            raise OperatorError(f"usrloc: timer_interval must be at least 1 second, found {self.timer_interval}")
        if not (-1 <= self.nat_bflag <= 31 or self.nat_bflag == 0xFFFFFFFF):
            raise OperatorError(f"usrloc: nat_bflag must be a flag number (0 to 31), found {self.nat_bflag}")
        self.nat_flag = 1 << self.nat_bflag if 0 <= self.nat_bflag <= 31 else 0
        if self.db_mode not in DB_MODES:
            raise OperatorError(f"usrloc: db_mode must be 0, 1, 2 or 3, found {self.db_mode}")
        if self.db_mode != NO_DB:
            self._configure_storage()

    def _configure_storage(self) -> None:
        names = {name: getattr(self, f"{name}_column") for name in NAMES}
        check_names("usrloc", {f"{name}_column": column for name, column in names.items()})
        self.storage = Storage(
            self.worker,
            open_database(self.worker, self.db_url, "usrloc"),
            Columns(names, bool(self.use_domain), self.matching_mode),
            self.db_mode,
            self.timer_interval,
            self.fetch_rows,
            bool(self.desc_time_order),
        )
        self.subscribe(self.storage.changed)
        self.worker.hooks.tick.append(self.storage.tick)

    async def start(self) -> None:
        """Load the bindings from the database, if there is one. Raises OperatorError."""
        if self.db_mode != NO_DB:
            await self.storage.load(list(self.domains.values()))

    async def stop(self) -> None:
        """Write what the database does not have yet."""
        if self.db_mode != NO_DB:
            await self.storage.stop()

    @property
    def slots(self) -> int:
        """Size of the hash table that SIP Router would have; dumps tell it."""
        return 512 if self.hash_size <= 1 else 1 << min(self.hash_size, 31)

    def domain(self, name: str) -> Domain:
        """The table `name`, made where it is new."""
        found = self.domains.get(name)
        if found is None:
            found = Domain(self.worker, name, self.timer_interval, self.callbacks)
            self.domains[name] = found
        return found

    def listener(self, name: str | None) -> Listener | None:
        """The listener called `name`; None where there is none (any more)."""
        if name is None:
            return None
        found = self._listeners.get(name)
        if found is None:
            found = next((one for one in self.worker.listeners if one.name == name), None)
            if found is not None:
                self._listeners[name] = found
        return found

    def subscribe(self, callback: Callback, events: int = ALL_EVENTS) -> None:
        """Has `callback(event, domain, aor, contact)` called after each change of a binding in any table."""
        self.callbacks.append((events, callback))

    def registered_users(self) -> int:
        """Addresses of record in all tables."""
        return sum(domain.users.get() for domain in self.domains.values())

    def fix_aor(self, text: str) -> str | None:
        """`text` as tables have it: lower case, with or without the domain. None where the domain is missing."""
        if self.use_domain:
            return text.lower() if "@" in text else None
        return text.partition("@")[0].lower()
