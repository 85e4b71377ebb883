"""What pike tells the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.rpc.mi import MiReply
from siprouter.rpc.values import Pairs, RpcError, RpcValue

if TYPE_CHECKING:
    from siprouter.modules.pike.pike import Count, Pike

MAX_ROWS = 1000


def status(pike: Pike, count: Count) -> str:
    """HOT: blocked; WARM: a quarter of the way; else nothing."""
    if count.hot:
        return "HOT"
    return "WARM" if max(count.previous, count.current) * 4 >= pike.reqs_density_per_unit else ""


def pike_top(pike: Pike, _call: object, which: str = "HOT") -> RpcValue:
    """pike.top: addresses with the counts of this and the last time unit, the busiest first."""
    wanted = {"ALL": ("HOT", "WARM", ""), "HOT": ("HOT",), "WARM": ("WARM",)}.get(which.upper())
    if wanted is None:
        raise RpcError(400, "one of ALL, HOT, WARM")
    rows = [(ip, count) for ip, count in pike.counts() if status(pike, count) in wanted]
    rows.sort(key=lambda row: (-row[1].current - row[1].previous, row[0]))
    found = Pairs([("max_hits", pike.reqs_density_per_unit)])
    for number, (ip, count) in enumerate(rows[:MAX_ROWS]):
        found.add(f"ip_addr{number}", ip)
        found.add(f"leaf_hits_prev{number}", count.previous)
        found.add(f"leaf_hits_curr{number}", count.current)
        found.add(f"expires{number}", int(pike.table.remaining(ip) or 0))
        found.add(f"status{number}", status(pike, count))
    found.add("number_of_rows", len(rows[:MAX_ROWS]))
    return found


def pike_list(pike: Pike) -> MiReply:
    """pike_list: the blocked addresses, a line each."""
    reply = MiReply(200, "OK")
    for ip, count in sorted(pike.counts()):
        if count.hot:
            reply.add("", ip)
    return reply
