"""SQLite needs nothing set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.core.worker import Worker


class DbSqlite:
    """The driver is always there: this is for configurations that load it as they load the others."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
