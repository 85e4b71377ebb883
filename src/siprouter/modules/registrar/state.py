"""The module's instance: parameters, and what the functions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.access import PvAccess
from siprouter.core.avp_param import avp_param
from siprouter.core.sockets import parse_socket
from siprouter.modules.registrar.aor import make_aor
from siprouter.modules.registrar.database import look_in_database
from siprouter.modules.registrar.rejection import AOR_PARSE, Rejected
from siprouter.modules.usrloc.storage import DB_ONLY
from siprouter.sip.errors import MessageError
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.counters import Counter
    from siprouter.core.worker import Worker
    from siprouter.modules.sl.state import Sl
    from siprouter.modules.usrloc.state import Usrloc


class Registrar:
    """Registers phones and finds them. The run-time settings are in `cfg`, the statistics in `stats`."""

    received_param: str
    received_avp: str | None
    aor_avp: str | None
    reg_callid_avp: str | None
    sock_flag: int
    sock_hdr_name: str | None
    method_filtering: int
    use_path: int
    path_mode: int
    path_use_received: int
    cfg: Any
    stats: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.usrloc: Usrloc
        self.sl: Sl
        self._received: PvAccess | None = None
        self._aor: PvAccess | None = None
        self._call_id: PvAccess | None = None
        self._socket_flag = 0
        self._use_domain = False
        self.settings: dict[str, Any] = {}
        """the values in `cfg`"""
        self.rules: Any = None
        """the Rules that save() used last"""
        self.accepted: Counter

    def configure(self) -> None:
        """Checks the parameters and finds the modules needed. Raises OperatorError."""
        self.usrloc = self.worker.module("usrloc")
        self._use_domain = bool(self.usrloc.use_domain)
        if self.usrloc.db_mode == DB_ONLY:
            look_in_database(self)
        self.settings = self.cfg.values()
        self.sl = self.worker.module("sl")
        self.accepted = self.stats.accepted_regs
        self._received = avp_param(self.worker, "registrar", "received_avp", self.received_avp)
        self._aor = avp_param(self.worker, "registrar", "aor_avp", self.aor_avp)
        self._call_id = avp_param(self.worker, "registrar", "reg_callid_avp", self.reg_callid_avp)
        if not 0 <= self.path_mode <= 2:
            raise OperatorError(f"registrar: path_mode must be 0, 1 or 2, found {self.path_mode}")
        if not -1 <= self.sock_flag <= 31:
            raise OperatorError(f"registrar: sock_flag must be a flag number (0 to 31), found {self.sock_flag}")
        if (self.sock_flag >= 0) != bool(self.sock_hdr_name):
            self.worker.log.warning(
                "sock_flag and sock_hdr_name work only together, neither is used", source="registrar"
            )
        elif self.sock_flag >= 0:
            self._socket_flag = 1 << self.sock_flag

    def aor(self, ctx: Context, uri: str | None = None) -> str:
        """The address of record of a URI (None: of the request URI), or of the one in `aor_avp` where that is set.

        Raises Rejected.
        """
        if self._aor is not None:
            value = self._aor.get(ctx)
            if isinstance(value, str):
                uri = value
        try:
            return self._make_aor(ctx.parsed_uri if uri is None else parse_uri(uri))
        except MessageError:
            raise Rejected(*AOR_PARSE) from None

    def aor_of_message(self, ctx: Context) -> str:
        """The address of record that a REGISTER is for: its To, or `aor_avp`. Raises Rejected."""
        try:
            if self._aor is not None:
                return self.aor(ctx, ctx.msg.to.uri)
            return self._make_aor(ctx.msg.to.parsed_uri)
        except MessageError:
            raise Rejected(*AOR_PARSE) from None

    def _make_aor(self, uri: Uri) -> str:
        settings = self.settings
        prefix = (settings["realm_pref"] or "") if self._use_domain else ""
        return make_aor(uri, self._use_domain, prefix, bool(settings["case_sensitive"]))

    def received_from_avp(self, ctx: Context) -> str | None:
        """The URI in `received_avp`."""
        if self._received is None:
            return None
        value = self._received.get(ctx)
        return value if isinstance(value, str) else None

    def wanted_call_id(self, ctx: Context) -> str | None:
        """The Call-ID in `reg_callid_avp`."""
        value = None if self._call_id is None else self._call_id.get(ctx)
        return value if isinstance(value, str) else None

    def default_expiry(self) -> int:
        """Seconds for contacts that name none: `default_expires`, varied by `default_expires_range` per cent."""
        expires: int = self.settings["default_expires"]
        spread = self.settings["default_expires_range"]
        if not spread:
            return expires
        chance = int.from_bytes(self.worker.random_bytes(2), "big") / 65536
        return int(expires * (1 + spread / 100 * (2 * chance - 1)))

    def received_socket(self, ctx: Context) -> str | None:
        """The name of the listener that got the request, or of the one its socket header names (`sock_flag`)."""
        if ctx.flags & self._socket_flag:
            named = self._socket_from_header(ctx)
            if named is not None:
                return named
        listener = ctx.source.listener
        return None if listener is None else listener.name

    def _socket_from_header(self, ctx: Context) -> str | None:
        headers = ctx.msg.find(self.sock_hdr_name or "")
        if not headers:
            return None
        text = ctx.msg.value(headers[0])
        parsed = parse_socket(text)
        listener = None if parsed is None else self.worker.listeners.find(parsed[1], parsed[2], parsed[0])
        if listener is None:
            self.worker.log.error("%s names no socket of ours: %s", self.sock_hdr_name, text, source="registrar")
            return None
        name: str = listener.name
        return name
