"""The module's instance: parameters, and the pings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.nathelper.state import Nathelper
from siprouter.modules.nathelper_s.pings import PingSender, SerPinger
from siprouter.sip.names import TOKEN_CHARS
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

NO_METHOD = "NULL"


class SerNathelper(Nathelper):
    """Finds NATs, mends what they break, and keeps them open."""

    natping_crlf: int
    natping_method: str | None
    natping_stateful: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.sender: PingSender

    def configure(self) -> None:
        """Checks the parameters. Raises OperatorError."""
        method = (self.natping_method or "").upper()
        if method == NO_METHOD:
            method = ""
        if not all(char < "\x80" and TOKEN_CHARS[ord(char)] for char in method):
            raise OperatorError(f"nathelper: natping_method is no method: {self.natping_method}")
        self._warn(method)
        stateful = bool(method and self.natping_stateful)
        if not stateful and self.natping_crlf:
            method = ""
        tm = self.worker.module("tm") if stateful else None
        self.sender = PingSender(self.worker, method, tm, self._forced_socket())
        if method and not stateful:
            self.worker.hooks.reply_in.append(self.sender.absorb)
        if self.natping_interval > 0:
            usrloc = self.worker.module("usrloc")
            needed = usrloc.nat_flag if self.ping_nated_only else 0
            self.pinger = SerPinger(self.worker, usrloc, self.natping_interval, needed, self.sender)
            self.worker.hooks.tick.append(self.pinger.tick)

    def _warn(self, method: str) -> None:
        warning = self.worker.log.warning
        if not method:
            if not self.natping_crlf:
                warning("natping_crlf 0 has no effect without natping_method", source="nathelper")
            if self.natping_stateful:
                warning("natping_stateful has no effect without natping_method", source="nathelper")

    def ping_contact(self, ctx: Context, uri: str | None) -> int:
        """Pings a URI once; -1 where there is none, or no usable one."""
        return 1 if uri and self.sender.ping(uri) else -1
