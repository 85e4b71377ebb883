"""The module's instance: parameters, tables, and what other modules may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.received import receiving_socket
from siprouter.db.databases import check_names, open_database
from siprouter.modules.usrloc.domain import Domain
from siprouter.modules.usrloc.state import NO_DB, Usrloc
from siprouter.modules.usrloc.storage import READ_ONLY, WRITE_BACK, WRITE_THROUGH, Storage
from siprouter.modules.usrloc_s.contact import FL_NAT, SerContact
from siprouter.modules.usrloc_s.rows import NAMES, SerColumns
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

HASH_BITS = 14
"""the tables of SER have 2 to the power of this slots; dumps tell it"""
FETCH_ROWS = 2000
METHOD_COLUMN = "method"
STORAGE_MODES = {1: WRITE_THROUGH, 2: WRITE_BACK, 3: READ_ONLY}
"""by db_mode"""


class SerUsrloc(Usrloc):
    """Tables of bindings by name; the key of an address of record is the unique id (UID) of the user."""

    reg_avp_flag: str | None
    reg_avp_column: str | None
    method_column: str
    db_skip_delete: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.hash_size = HASH_BITS
        self.nat_flag = FL_NAT
        self.reg_flag = 0
        """bit of the attribute flag `reg_avp_flag`; 0: attributes are not kept"""

    def configure(self) -> None:
        """Checks the parameters. Raises OperatorError."""
        if self.db_mode != NO_DB and self.db_mode not in STORAGE_MODES:
            raise OperatorError(f"usrloc: db_mode must be 0, 1, 2 or 3, found {self.db_mode}")
        if self.timer_interval < 1:
            raise OperatorError(f"usrloc: timer_interval must be at least 1 second, found {self.timer_interval}")
        if self.reg_avp_flag:
            number = self.worker.env.avp_flag_names.get(self.reg_avp_flag.lower())
            if number is None:
                message = "reg_avp_flag %s is not declared (avpflags %s): no attributes are kept with contacts"
                self.worker.log.warning(message, self.reg_avp_flag, self.reg_avp_flag, source="usrloc")
            else:
                self.reg_flag = 1 << number
        if self.db_mode != NO_DB:
            self._configure_storage()

    def _configure_storage(self) -> None:
        names = {name: getattr(self, f"{name}_column") for name in NAMES}
        check_names("usrloc", {f"{name}_column": column for name, column in names.items()})
        if self.reg_avp_column:
            check_names("usrloc", {"reg_avp_column": self.reg_avp_column})
        if self.method_column != METHOD_COLUMN:
            self.worker.log.warning("method_column has no effect: no methods are stored", source="usrloc")
        database = open_database(self.worker, self.db_url, "usrloc")
        columns = SerColumns(
            names,
            (self.reg_avp_column or None) if self.reg_flag else None,
            self.server_id(),
            self._socket_name,
            database.url.driver == "postgres",
            self.worker.log,
        )
        self.storage = Storage(
            self.worker,
            database,
            columns,
            STORAGE_MODES[self.db_mode],
            self.timer_interval,
            FETCH_ROWS,
            bool(self.desc_time_order),
            bool(self.db_skip_delete),
        )
        if self.storage.mode != READ_ONLY:
            self.subscribe(self.storage.changed)
            self.worker.hooks.tick.append(self.storage.tick)

    def _socket_name(self, received: str) -> str | None:
        listener = receiving_socket(self.worker, received)
        return None if listener is None else listener.name

    def domain(self, name: str) -> Domain:
        """The table `name`, made where it is new."""
        found = self.domains.get(name)
        if found is None:
            found = Domain(self.worker, name, self.timer_interval, self.callbacks, SerContact)
            self.domains[name] = found
        return found

    def server_id(self) -> int:
        """The core parameter `server_id`."""
        return int(getattr(self.worker.settings, "server_id", 0))
