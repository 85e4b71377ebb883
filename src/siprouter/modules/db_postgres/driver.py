"""What the parameters of db_postgres mean for its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.databases import databases
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker


class DbPostgres:
    """Sets the options of the driver."""

    retries: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.retries < 0:
            raise OperatorError(f"db_postgres: retries must not be negative, found {self.retries}")
        databases(self.worker).driver_options("postgres").retries = self.retries
