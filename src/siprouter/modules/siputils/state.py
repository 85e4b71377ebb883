"""The instance of siputils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.avp import AvpKey
from siprouter.core.avp_names import parse_avp_variable
from siprouter.core.settings import CfgError, ConfigValue
from siprouter.core.values import Value
from siprouter.modules.siputils import ring
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

DEFAULT_SEPARATOR = "*"


class SipUtils:
    """What the functions need: parameters, the AVP of the Remote-Party-ID, and the calls that shall only ring."""

    options_accept: str
    options_accept_encoding: str
    options_accept_language: str
    options_support: str
    contact_flds_separator: str
    rpid_avp: str
    rpid_prefix: str
    rpid_suffix: str
    cfg: Any

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.rpid_key: AvpKey | None = None
        self.sl: Any = None
        self._watching = False
        self.ringing = worker.state.table("siputils.ringing")

    def configure(self) -> None:
        """Find sl and the AVP; watch for 183 replies where that is switched on."""
        self.sl = self.worker.module("sl")
        if self.rpid_avp:
            try:
                self.rpid_key = parse_avp_variable(self.rpid_avp, self.worker.avp_aliases)
            except ValueError as error:
                raise OperatorError(f"parameter rpid_avp of siputils: {error}", suggestion='"$avp(s:rpid)"') from None
        if self.cfg.ring_timeout > 0:
            self.watch_replies()

    def watch_replies(self) -> None:
        """Look at all replies from now."""
        if not self._watching:
            self._watching = True
            self.worker.hooks.message_in.append(lambda data, source: ring.convert(self, data))

    def change_ring_timeout(self, value: ConfigValue) -> None:
        """The run-time setting is about to change. Raises CfgError."""
        if not isinstance(value, int) or value <= 0:
            raise CfgError(f"siputils.ring_timeout must be positive, found {value}")
        self.watch_replies()

    @property
    def separator(self) -> str:
        """The character between the parts of an encoded contact."""
        return self.contact_flds_separator[:1] or DEFAULT_SEPARATOR

    def rpid(self, ctx: Context) -> Value:
        """The value of the Remote-Party-ID AVP."""
        if self.rpid_key is None or ctx.avp_store is None:
            return None
        klass, name = self.rpid_key
        return ctx.avp_store.get(name, 0, klass)
