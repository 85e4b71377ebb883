"""Max-Forwards: RFC 3261 sections 16.3 (3) and 16.6 (3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.max_forwards import ABSENT, BROKEN, add_hops, hops_left, set_hops

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.settings import CfgGroup
    from siprouter.core.worker import Worker

MAX_HOPS = 255


class MaxFwd:
    """The instance of the module; `cfg.max_limit` may change at run time."""

    cfg: CfgGroup

    def __init__(self, worker: Worker) -> None:
        self.log = worker.log

    def process(self, ctx: Context, value: int | None) -> int:
        """maxfwd_process(value): 1 counted down or added, -1 used up, broken or a wrong value; 0 (stop) for value 0"""
        hops = hops_left(ctx)
        limit: int = self.cfg.max_limit
        if hops > 0:
            set_hops(ctx, min(hops - 1, limit or hops))
            return 1
        if hops != ABSENT or value is None:
            return -1
        if not 0 <= value <= (limit or MAX_HOPS):
            self.log.error(
                "cannot add Max-Forwards: %d is not within 0 to %d", value, limit or MAX_HOPS, source="maxfwd"
            )
            return -1
        if value:
            add_hops(ctx, value)
        return 1 if value else 0

    def at_least(self, ctx: Context, hops: int | None) -> int:
        """maxfwd_at_least(hops): -1 where fewer are left, or Max-Forwards is broken; 1 also where it is absent"""
        left = hops_left(ctx)
        if left == ABSENT:
            return 1
        return -1 if left == BROKEN or hops is None or left < hops else 1
