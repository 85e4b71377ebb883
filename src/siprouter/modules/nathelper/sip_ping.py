"""SIP requests that keep bindings open, and their replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.transport.endpoint import Listener
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context


class SipPing:
    """Builds pings with the parameters `sipping_method` and `sipping_from`, and knows their replies again."""

    def __init__(
        self,
        method: str,
        from_uri: str,
        random_bytes: Callable[[int], bytes],
        now: Callable[[], float],
        owns: Callable[[str], bool] = lambda call_id: True,
    ) -> None:
        """`owns(call_id)`: whether replies with it come back to this worker."""
        self.method = method
        self.from_uri = from_uri
        self.now = now
        self.owns = owns
        self._call_id = random_bytes(4).hex()
        self._count = int.from_bytes(random_bytes(4), "big")
        self._tag = int.from_bytes(random_bytes(4), "big")

    def build(self, uri: str, path: str | None, listener: Listener) -> bytes:
        """One ping for a contact, along its path."""
        self._tag = (self._tag + 1) & 0xFFFFFFFF
        sent_by = listener.sent_by.decode("ascii")
        lines = [
            f"{self.method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {sent_by};branch=0",
            f"From: {self.from_uri};tag={self._tag:08x}",
            f"To: <{uri}>",
            f"Call-ID: {self._new_call_id(listener)}",
            f"CSeq: 1 {self.method}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        if path:
            lines.insert(2, f"Route: {path}")
        return to_bytes("\r\n".join(lines) + "\r\n\r\n")

    def _new_call_id(self, listener: Listener) -> str:
        host = listener.via_host.decode("ascii")
        while True:
            self._count = (self._count + 1) & 0xFFFFFFFF
            found = f"{self._call_id}-{self._count:x}-{int(self.now()):x}@{host}"
            if self.owns(found):
                return found

    def absorb(self, ctx: Context) -> bool:
        """True for a reply to one of our pings: it ends here."""
        msg = ctx.msg
        if msg.method != self.method or not msg.call_id.startswith(self._call_id + "-"):
            return False
        return len(msg.vias()) == 1
