"""The instance of topoh: every message on its way in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.topoh.incoming import unmask_reply, unmask_request
from siprouter.modules.topoh.mask import Mask
from siprouter.modules.topoh.outgoing import mask_reply, mask_request
from siprouter.modules.topoh.values import Masked, Names
from siprouter.sip.errors import MessageError
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import M_PUBLISH, M_REGISTER, TOKEN_CHARS
from siprouter.util.address import normalize_ip
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.sip.uri import Uri
    from siprouter.transport.endpoint import Endpoint

DEFAULT_KEY = "aL9.n8~Hm]Z"
LEFT_ALONE = frozenset((M_REGISTER, M_PUBLISH))
_CALL_ID_CHARS = frozenset(b'()<>:\\"/[]?{}')


class TopoH:
    """One instance per worker. There is no state: masked values hold all there is to know about a call."""

    mask_key: str
    mask_ip: str
    mask_callid: int
    uparam_name: str
    uparam_prefix: str
    vparam_name: str
    vparam_prefix: str
    callid_prefix: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.masked: Masked

    def configure(self) -> None:
        """Check the parameters, and join the messages. Raises OperatorError."""
        if normalize_ip(self.mask_ip) != self.mask_ip:
            raise OperatorError(f"topoh: mask_ip is no IP address: '{self.mask_ip}'")
        for name in ("uparam_name", "uparam_prefix", "vparam_name", "vparam_prefix"):
            value = to_bytes(getattr(self, name))
            if not value or not all(TOKEN_CHARS[octet] for octet in value):
                raise OperatorError(f"topoh: {name} cannot be part of a parameter: '{getattr(self, name)}'")
        prefix = to_bytes(self.callid_prefix)
        if not prefix or not all(TOKEN_CHARS[octet] or octet in _CALL_ID_CHARS for octet in prefix):
            raise OperatorError(f"topoh: callid_prefix cannot begin a Call-ID: '{self.callid_prefix}'")
        try:
            mask = Mask(to_bytes(self.mask_key))
        except ValueError as error:
            raise OperatorError(f"topoh: mask_key: {error}") from None
        if self.mask_key == DEFAULT_KEY:
            self.worker.log.warning("mask_key is the one that everybody knows: set your own", source="topoh")
        uri, via = (self.uparam_name, self.uparam_prefix), (self.vparam_name, self.vparam_prefix)
        self.masked = Masked(mask, Names(self.mask_ip, uri, via, self.callid_prefix))
        self.worker.hooks.message_in.insert(0, self.receive)  # others see what the script sees
        self.worker.hooks.message_out.append(self.send)
        if self.mask_callid:
            self.worker.services["call_key"] = self.masked.call_key

    def start(self) -> None:
        """Check what is known now only. Raises OperatorError."""
        if self.worker.is_myself(self.mask_ip):
            raise OperatorError(f"topoh: mask_ip {self.mask_ip} is an address of this server: it must be another one")
        tm = self.worker.modules.get("tm")
        if tm is not None:
            tm.carried_headers.append("TH")

    def receive(self, data: bytes, source: Endpoint) -> bytes | None:
        """A message as it came in; gives it as the script is to see it, None: the same.

        Raises MessageError where a peer made up masked values: with the request, which is answered then.
        """
        msg = self._parse(data)
        if msg is None:
            return None
        try:
            if msg.is_request:
                unmask_request(msg, self.masked, bool(self.mask_callid))
            elif not unmask_reply(msg, self.masked, bool(self.mask_callid)):
                return None
        except PeerError as error:
            msg.edits = []
            raise MessageError(error.status, error.reason, msg if msg.is_request else None) from None
        return bytes(msg.apply_edits().buf)

    def send(self, data: bytes, to: Endpoint, _message: Message | None) -> bytes | None:
        """A message as it is to leave; gives it as the other side is to see it, None: the same."""
        msg = self._parse(data)
        if msg is None:
            return None
        change = mask_request if msg.is_request else mask_reply
        try:
            if not change(msg, self.masked, bool(self.mask_callid), self._is_ours):
                return None
            return bytes(msg.apply_edits().buf)
        except PeerError as error:
            self.worker.log.error("cannot hide addresses of %s: %s", msg.call_id, error, source="topoh")
            return None

    def _is_ours(self, uri: Uri) -> bool:
        return bool(self.worker.is_myself(uri.host, uri.port))

    @staticmethod
    def _parse(data: bytes) -> Message | None:
        """The message, None for what is left alone: no SIP, broken, REGISTER and PUBLISH."""
        try:
            msg = parse_message(data)
        except MessageError:
            return None
        return None if msg.cseq.method_id in LEFT_ALONE else msg
