"""What the parameters of db_mysql mean for its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.db.databases import databases
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

# the C library tries three times before it gives up
TRIES = 3
NUMBERS = ("ping_interval", "timeout_interval", "retries", "connect_timeout", "send_timeout", "receive_timeout")


class DbMysql:
    """Sets the options of the driver."""

    ping_interval: int
    timeout_interval: int
    auto_reconnect: int
    retries: int
    connect_timeout: int
    send_timeout: int
    receive_timeout: int
    stats: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        for name in NUMBERS:
            if getattr(self, name) < 0:
                raise OperatorError(f"db_mysql: {name} must not be negative, found {getattr(self, name)}")
        options = databases(self.worker).driver_options("mysql")
        options.ping_after = self.ping_interval
        options.connect_timeout = self.connect_timeout
        options.statement_timeout = (self.send_timeout + self.receive_timeout) or self.timeout_interval * TRIES
        options.retries = self.retries
        options.reconnect = bool(self.auto_reconnect)
        options.on_error = self.stats["driver_errors"].inc
