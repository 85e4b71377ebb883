"""Statistics of sl, by status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.declare import Stat, stat

if TYPE_CHECKING:
    from siprouter.modules.sl.state import Sl

COUNTED = ("200", "202", "300", "301", "302", "400", "401", "403", "404", "407", "408", "483", "500")
CLASSES = ("2xx", "3xx", "4xx", "5xx", "6xx", "xxx")
# in the order of sl.stats
RPC_ORDER = (
    "200", "202", "2xx", "300", "301", "302", "3xx", "400", "401", "403", "404", "407", "408", "483", "4xx", "500",
    "5xx", "6xx", "xxx",
)  # fmt: skip


def bucket(status: int) -> str:
    """Under which name a status is counted."""
    name = str(status)
    if name in COUNTED:
        return name
    return f"{status // 100}xx" if 200 <= status < 700 else "xxx"


def total(sl: Sl) -> int:
    """All replies."""
    return sum(sl.stats[f"{name}_replies"].value for name in RPC_ORDER)


STATS: list[Stat] = [stat(f"{name}_replies", f"stateless replies {name}") for name in RPC_ORDER]
STATS += [
    stat("1xx_replies", "stateless provisional replies, also counted in xxx_replies"),
    stat("sent_replies", "stateless replies", total, cumulative=True),
    stat("sent_err_replies", "stateless replies because of an error (sl_reply_error)"),
    stat("failures", "replies that could not be sent"),
    stat("received_ACKs", "ACKs for stateless replies"),
]


def rpc_stats(sl: Sl, _call: object) -> dict[str, int]:
    """sl.stats"""
    return {name: sl.stats[f"{name}_replies"].value for name in RPC_ORDER}
