"""Adding Diversion headers (RFC 5806)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.names import H_DIVERSION
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.sip.message import Message


class Diversion:
    """One instance per worker."""

    suffix: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def add(self, ctx: Context, reason: str | None) -> int:
        """add_diversion(reason): above the Diversion headers there are, with the received request URI; 1 or -1."""
        if not reason or "\r" in reason or "\n" in reason:
            self.worker.log.error("add_diversion(): no reason, or one of several lines", source="diversion")
            return -1
        msg: Message = ctx.msg
        line = to_bytes(f"Diversion: <{msg.uri}>;reason={reason}{self.suffix}\r\n")
        first = msg.get(H_DIVERSION)
        if first is None:
            msg.append_header(line)
        else:
            msg.insert(first.name_start, line)
        return 1
