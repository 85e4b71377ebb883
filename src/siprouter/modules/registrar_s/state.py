"""The module's instance: parameters, and what the functions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.values import str_to_int, to_text
from siprouter.modules.registrar_s.attributes import attribute_param
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.modules.usrloc_s.state import SerUsrloc
    from siprouter.script.attributes import Attribute

TRUST_NONE = -1
TRUST_ALL = -2
MAX_Q = 1000
NO_FLAG = -1


class SerRegistrar:
    """Registers phones and finds them. The run-time settings are in `cfg`."""

    default_q: int
    save_nat_flag: int | str
    load_nat_flag: int | str
    trust_received_flag: int | str
    received_param: str
    received_to_uri: int
    reply_code_attr: str | None
    reply_reason_attr: str | None
    contact_attr: str | None
    aor_attr: str | None
    server_id_attr: str | None
    cfg: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.usrloc: SerUsrloc
        self.settings: dict[str, Any] = {}
        """the values in `cfg`"""
        self.sl: Any = None
        self.save_nat = 0
        """bit of the flag that marks requests from behind NAT; 0: none"""
        self.load_nat = 0
        self._trust = TRUST_ALL
        self._aor: Attribute | None = None
        self._server_id: Attribute | None = None
        self.code: Attribute | None = None
        self.reason: Attribute | None = None
        self.contact: Attribute | None = None

    def configure(self) -> None:
        """Checks the parameters and finds the modules needed. Raises OperatorError."""
        self.usrloc = self.worker.module("usrloc")
        self.sl = self.worker.module("sl")
        self.settings = self.cfg.values()
        self.save_nat = self._flag_bit("save_nat_flag", self.save_nat_flag)
        self.load_nat = self._flag_bit("load_nat_flag", self.load_nat_flag)
        self._trust = self._flag_number("trust_received_flag", self.trust_received_flag, TRUST_ALL)
        if self.default_q != -1:
            self.default_q = min(max(self.default_q, 0), MAX_Q)
        self.code = attribute_param("reply_code_attr", self.reply_code_attr, "f")
        self.reason = attribute_param("reply_reason_attr", self.reply_reason_attr, "f")
        self.contact = attribute_param("contact_attr", self.contact_attr, "f")
        self._aor = attribute_param("aor_attr", self.aor_attr, "t")
        self._server_id = attribute_param("server_id_attr", self.server_id_attr, "f")

    def _flag_number(self, name: str, value: int | str, least: int = NO_FLAG) -> int:
        """The number of a message flag, or of one declared with ``flags``. Raises OperatorError."""
        number = value if isinstance(value, int) else str_to_int(value)
        if number is None:
            number = self.worker.env.flag_names.get(str(value))
        if number is None:
            raise OperatorError(f"registrar: {name}: there is no flag {value}", suggestion=f"add: flags {value};")
        if not least <= number <= 31:
            raise OperatorError(f"registrar: {name} must be a flag (0 to 31), found {number}")
        return number

    def _flag_bit(self, name: str, value: int | str) -> int:
        number = self._flag_number(name, value)
        return 1 << number if number >= 0 else 0

    def trusts_received(self, ctx: Context) -> bool:
        """Whether the ``received`` parameters of the contacts of a message count."""
        if self._trust < 0:
            return self._trust == TRUST_ALL
        return bool(ctx.flags >> self._trust & 1)

    def aor_text(self, ctx: Context) -> str:
        """The address of record to note with contacts: `aor_attr`, or the URI in To."""
        value = None if self._aor is None else self._aor.get(ctx)
        uri: str = ctx.msg.to.uri
        return uri if value is None else to_text(value)

    def responsible_server(self, ctx: Context) -> int:
        """The number in `server_id_attr`, or our own."""
        value = None if self._server_id is None else self._server_id.get(ctx)
        number = value if isinstance(value, int) else str_to_int((value or "").strip())
        return self.usrloc.server_id() if number is None else number

    def default_expiry(self) -> int:
        """Seconds for contacts that name none."""
        expires: int = self.cfg.default_expires
        return expires
