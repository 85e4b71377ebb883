"""What the parameter of db_text means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.databases import databases
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker


class DbText:
    """Sets the options of the driver."""

    db_mode: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if self.db_mode not in (0, 1):
            raise OperatorError(f"db_text: db_mode must be 0 or 1, found {self.db_mode}")
        databases(self.worker).driver_options("text").reload_changed = bool(self.db_mode)
