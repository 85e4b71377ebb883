"""The instance of textops."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siprouter.core.worker import Worker


class TextOps:
    """It keeps nothing but the worker: all is in the message."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
