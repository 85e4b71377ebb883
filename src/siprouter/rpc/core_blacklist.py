"""RPC commands of the destination blacklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.blacklist import IS_IPV6, Blacklist, blacklist_of
from siprouter.core.declare import EVERY_WORKER, JOIN_LISTS, SUM_VALUES, Rpc, rpc
from siprouter.core.outgoing import setting
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.transport.endpoint import PROTO_NAMES, PROTO_NONE, PROTO_SCTP
from siprouter.util.address import normalize_ip

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall


def enabled(worker: Worker) -> Blacklist:
    """The blacklist. RpcError while it is switched off."""
    found = blacklist_of(worker)
    if not found.is_on():
        raise RpcError(500, "dst blacklist support disabled")
    return found


def proto_name(proto: int) -> str:
    """`udp` and so on, `*` for any."""
    return "*" if proto == PROTO_NONE else PROTO_NAMES[proto]


def mem_info(worker: Worker, _call: RpcCall) -> list[RpcValue]:
    """dst_blacklist.mem_info: octets used, octets allowed."""
    return [enabled(worker).memory(), setting(worker, "dst_blacklist_mem", 250) * 1024]


def debug(worker: Worker, _call: RpcCall) -> list[RpcValue]:
    """dst_blacklist.debug: protocol, address, port, seconds left and flags of each entry, expired ones too."""
    now = worker.now()
    values: list[RpcValue] = []
    for (proto, ip, port), entry in enabled(worker):
        values += [proto_name(proto), ip, port, int(entry.expires - now), entry.flags]
    return values


def view(worker: Worker, _call: RpcCall) -> str:
    """dst_blacklist.view: the entries as text."""
    now = worker.now()
    lines = []
    for (proto, ip, port), entry in enabled(worker):
        if entry.expires >= now:
            lines += ["{", f"    protocol: {proto_name(proto)}", f"    ip: {ip}", f"    port: {port}"]
            lines += [f"    expires in (s): {int(entry.expires - now)}", f"    flags: {entry.flags}", "}"]
    return "\n".join(lines)


def delete_all(worker: Worker, _call: RpcCall) -> None:
    """dst_blacklist.delete_all: all but the permanent entries."""
    enabled(worker).clear()


def add(worker: Worker, _call: RpcCall, ip: str, port: int, proto: int, flags: int) -> None:
    """dst_blacklist.add"""
    found = enabled(worker)
    if not PROTO_NONE <= proto <= PROTO_SCTP:
        raise RpcError(400, "Unknown protocol")
    address = normalize_ip(ip)
    if address is None or not 0 <= port <= 65535:
        raise RpcError(400, "Malformed ip address")
    flags &= 0xFF & ~IS_IPV6
    found.force(flags, proto, address, port, setting(worker, "dst_blacklist_expire", 60), worker.now())


def stats_get(worker: Worker, _call: RpcCall, name: str, reset: int) -> dict[str, RpcValue]:
    """dst_blacklist.stats_get: bkl_hit_cnt (destinations avoided), bkl_lru_cnt (entries evicted), or bkl_all_stats."""
    found = enabled(worker)
    counts = {"bkl_hit_cnt": found.hits, "bkl_lru_cnt": found.evicted}
    if name == "bkl_all_stats":
        chosen = dict(counts)
    elif name in counts:
        chosen = {name: counts[name]}
    else:
        raise RpcError(500, "unknown dst blacklist stat parameter")
    if reset and "bkl_hit_cnt" in chosen:
        found.hits = 0
    if reset and "bkl_lru_cnt" in chosen:
        found.evicted = 0
    return dict(chosen)


BLACKLIST_RPCS: tuple[Rpc, ...] = (
    rpc(
        "dst_blacklist.add",
        add,
        "sddd",
        help="list a destination: address, port, protocol number, flags",
        workers=EVERY_WORKER,
    ),
    rpc("dst_blacklist.debug", debug, help="all entries, expired ones too", workers=JOIN_LISTS),
    rpc("dst_blacklist.delete_all", delete_all, help="take all entries off", workers=EVERY_WORKER),
    rpc("dst_blacklist.mem_info", mem_info, help="octets used and allowed", workers=SUM_VALUES),
    rpc(
        "dst_blacklist.stats_get",
        stats_get,
        "sd",
        help="count of hits or evictions: name, 1 to reset",
        workers=SUM_VALUES,
    ),
    rpc("dst_blacklist.view", view, help="entries as text", workers=JOIN_LISTS),
)
