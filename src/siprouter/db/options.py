"""What driver modules (db_mysql, db_postgres …) may set for the databases of a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class DriverOptions:
    """Limits of one driver; times in seconds.

    `retries`: how often a read is tried again on another connection; `ping_after`: a connection that was idle for so
    long is tried before it is used, 0: never; without `reconnect` a broken connection ends the use of a database.
    """

    connect_timeout: float = 4.0
    statement_timeout: float = 10.0
    retries: int = 1
    ping_after: float = 300.0
    pool_size: int = 10
    reconnect: bool = True
    delimiter: str = "|"
    escape: str = "\\"
    record_end: str = "\n"
    suffix: str = ".log"
    flush: bool = True
    reload_changed: bool = False
    on_error: Callable[[], object] | None = None
    """called for each operation that fails"""
