"""The module's instance: parameters, tables, and what other modules may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.usrloc.domain import Domain
from siprouter.modules.usrloc.state import NO_DB, Usrloc
from siprouter.modules.usrloc_s.contact import FL_NAT, SerContact
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

HASH_BITS = 14
"""the tables of SER have 2 to the power of this slots; dumps tell it"""


class SerUsrloc(Usrloc):
    """Tables of bindings by name; the key of an address of record is the unique id (UID) of the user."""

    reg_avp_flag: str | None

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.hash_size = HASH_BITS
        self.nat_flag = FL_NAT
        self.reg_flag = 0
        """bit of the attribute flag `reg_avp_flag`; 0: attributes are not kept"""

    def configure(self) -> None:
        """Checks the parameters; there is no database in this flavour. Raises OperatorError."""
        if self.db_mode != NO_DB:
            raise OperatorError(
                f"usrloc: db_mode {self.db_mode} needs storage in a database, which this version does not have",
                suggestion='modparam("usrloc", "db_mode", 0) keeps bindings in memory',
            )
        if self.timer_interval < 1:
            raise OperatorError(f"usrloc: timer_interval must be at least 1 second, found {self.timer_interval}")
        if self.reg_avp_flag:
            number = self.worker.env.avp_flag_names.get(self.reg_avp_flag.lower())
            if number is None:
                message = "reg_avp_flag %s is not declared (avpflags %s): no attributes are kept with contacts"
                self.worker.log.warning(message, self.reg_avp_flag, self.reg_avp_flag, source="usrloc")
            else:
                self.reg_flag = 1 << number

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
