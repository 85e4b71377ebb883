"""Masked values in messages: URIs, Vias and Call-IDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.topoh.mask import Mask
from siprouter.sip.errors import MessageError
from siprouter.sip.uri import parse_uri_at
from siprouter.sip.via import Via, parse_via
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.sip.uri import Uri

MAX_CALL_IDS = 8
"""how often one Call-ID can be masked: a request that comes back once more is masked once more"""
_BROKEN = frozenset(range(33)) | frozenset(b'<>"\x7f')
_VISIBLE = frozenset(range(33, 127))
_CONTROLS = frozenset(range(32)) - frozenset(b"\t") | {127}


class Names:
    """How masked values look."""

    def __init__(self, ip: str, uri: tuple[str, str], via: tuple[str, str], call_id: str) -> None:
        """`uri` and `via`: name of the parameter, and what its value begins with."""
        self.host = f"[{ip}]" if ":" in ip else ip
        self.uri_name, self.uri_prefix = uri
        self.via_name, self.via_prefix = via
        self.call_id_prefix = to_bytes(call_id)
        self.uri_head = to_bytes(f"sip:{self.host};{self.uri_name}={self.uri_prefix}")
        self.via_head = to_bytes(f"SIP/2.0/UDP {self.host};{self.via_name}={self.via_prefix}")


class Masked:
    """Writes and reads them. MessageError(400) where a value looks masked and is not: a peer made it up."""

    def __init__(self, mask: Mask, names: Names) -> None:
        self._mask = mask
        self._names = names

    def mask_uri(self, uri: bytes) -> bytes:
        """A URI that shows nothing of `uri`."""
        return self._names.uri_head + self._mask.mask(uri)

    def is_masked(self, uri: Uri) -> bool:
        """Whether it is one of ours."""
        return self._masked_part(uri) != ""

    def _masked_part(self, uri: Uri) -> str:
        names = self._names
        if not uri.is_sip or uri.host != names.host:
            return ""
        value = uri.param(names.uri_name) or ""
        return value.removeprefix(names.uri_prefix) if value.startswith(names.uri_prefix) else ""

    def unmask_uri(self, uri: Uri) -> bytes | None:
        """What was masked, a URI that can be parsed; None: it is none of ours."""
        part = self._masked_part(uri)
        if not part:
            return None
        try:
            clear = self._mask.unmask(to_bytes(part))
            if not _BROKEN.isdisjoint(clear):
                raise ValueError
            parse_uri_at(clear, 0, len(clear))
        except (ValueError, PeerError):
            raise MessageError(400, "Bad Masked URI") from None
        return clear

    def mask_via(self, via: bytes) -> bytes:
        """A Via value that shows nothing of `via`."""
        return self._names.via_head + self._mask.mask(via)

    def unmask_via(self, via: Via) -> bytes | None:
        """What was masked, one Via value; None: it is none of ours."""
        names = self._names
        if via.host != names.host:
            return None
        value = via.params.get(names.via_name.lower(), "")
        if not value.startswith(names.via_prefix):
            return None
        try:
            clear = self._mask.unmask(to_bytes(value.removeprefix(names.via_prefix)))
            if not _CONTROLS.isdisjoint(clear) or parse_via(clear, 0, len(clear)).end != len(clear):
                raise ValueError
        except (ValueError, PeerError):
            raise MessageError(400, "Bad Masked Via") from None
        return clear

    def mask_call_id(self, call_id: bytes) -> bytes:
        """A Call-ID that shows nothing of `call_id`."""
        return self._names.call_id_prefix + self._mask.mask(call_id)

    def unmask_call_id(self, call_id: bytes) -> bytes | None:
        """What was masked; None: it is not masked, or not with our key."""
        prefix = self._names.call_id_prefix
        if not call_id.startswith(prefix):
            return None
        try:
            clear = self._mask.unmask(call_id[len(prefix) :])
        except ValueError:
            return None
        return clear if clear and _VISIBLE.issuperset(clear) else None

    def call_key(self, call_id: bytes) -> bytes:
        """What all forms of a Call-ID have in common, however often it was masked."""
        for _ in range(MAX_CALL_IDS):
            clear = self.unmask_call_id(call_id)
            if clear is None:
                break
            call_id = clear
        return call_id
