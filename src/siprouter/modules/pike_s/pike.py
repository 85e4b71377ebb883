"""What SER's pike does otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.pike.pike import KNOWN_HOT, Pike
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context


class SerPike(Pike):
    """One instance per worker."""

    pike_log_level = 0

    def check(self, ctx: Context, leave: int = 0) -> int:
        """Count a request: 1, or -1 where its address is blocked; with `leave` it does not keep the address known."""
        try:
            return 1 if self.count(ctx.source.ip, not leave) > 0 else KNOWN_HOT
        except PeerError as error:
            self.worker.log.error("cannot count requests of %s: %s", ctx.source.ip, error, source="pike")
            return 1
