"""The instance of SER's avp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.format import NULL_TEXT
from siprouter.script.xl_format import XlFormat
from siprouter.util.errors import OperatorError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker


class Avp:
    """It keeps nothing."""

    xlbuf_size: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Check the parameter. Raises OperatorError."""
        if self.xlbuf_size < 1:
            raise OperatorError(f"avp: xlbuf_size must be at least 1, found {self.xlbuf_size}")

    def fail(self, text: str, *values: object) -> int:
        """Log, and what a function returns that has failed."""
        self.worker.log.error(text, *values, source="avp")
        return -1

    def expand(self, ctx: Context, format: XlFormat) -> str | None:
        """What a format gives; None where that is nothing, null, or too long."""
        text = format.text(ctx)
        if len(to_bytes(text)) > self.xlbuf_size:
            self.fail("a format gives more than %d octets (parameter xlbuf_size)", self.xlbuf_size)
            return None
        return text if text and text != NULL_TEXT else None
