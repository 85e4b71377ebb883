"""The instance of tmx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.modules.tm.state import Tm


class Tmx:
    """Everything is kept by tm."""

    stats: Any
    tm: Tm

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """All modules are loaded."""
        self.tm = self.worker.module("tm")
