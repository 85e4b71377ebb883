"""$rr_count and $rr_top_count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper.state import Nathelper


def count(inst: Nathelper, ctx: Context) -> int | None:
    """How many Record-Route values the message has; null where one is malformed."""
    try:
        return len(ctx.msg.record_routes())
    except PeerError:
        return None


def top_count(inst: Nathelper, ctx: Context) -> int | None:
    """2 where the first Record-Route is one of two that a proxy added (r2), 1 for another one, 0 without any."""
    try:
        routes = ctx.msg.record_routes()
        if not routes:
            return 0
        return 1 if routes[0].parsed_uri.param("r2") is None else 2
    except PeerError:
        return None
