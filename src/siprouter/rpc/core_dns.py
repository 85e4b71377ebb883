"""RPC commands of the DNS cache: what it holds, records added and deleted by hand, whether servers are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.declare import EVERY_WORKER, JOIN_LISTS, SUM_VALUES, Rpc, rpc
from siprouter.dns.cache import NEGATIVE, PERMANENT, DnsCache, Entry, Key
from siprouter.dns.wire import (
    AAAA,
    CNAME,
    EBL,
    NAPTR,
    PTR,
    RECORD_TYPES,
    SRV,
    TXT,
    A,
    Data,
    Ebl,
    Naptr,
    Srv,
    WireError,
    encode_name,
    normalize_name,
)
from siprouter.rpc.everywhere import team_of
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.address import normalize_ip

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

TYPE_NAMES = {number: name for name, number in RECORD_TYPES.items()}
DISABLED = "dns cache support disabled (see use_dns_cache)"
NOT_ADDED = "Failed to add the entry to the cache"
MAX_TTL = 0x7FFFFFFF
INDENT = "    "


def cache_of(worker: Worker, disabled: str = DISABLED) -> DnsCache:
    """The cache. RpcError while it is switched off."""
    if worker.resolver is None or not worker.resolver.cache.options.enabled:
        raise RpcError(500, disabled)
    found: DnsCache = worker.resolver.cache
    return found


def seconds_left(expires: float, now: float) -> int:
    """Whole seconds, -1 for what has expired."""
    return int(expires - now) if expires >= now else -1


def mem_info(worker: Worker, _call: RpcCall) -> list[RpcValue]:
    """dns.mem_info: octets used, octets allowed."""
    cache = cache_of(worker)
    return [cache.used, cache.options.size]


def _head(key: Key, entry: Entry, now: float) -> list[RpcValue]:
    """Size, references, seconds left, seconds since the last use, flags."""
    return [entry.size, 1, seconds_left(entry.ends(), now), int(now - entry.used), entry.flags]


def debug(worker: Worker, _call: RpcCall) -> list[RpcValue]:
    """dns.debug: name, type, size, references, seconds left, seconds since the last use and flags of each entry."""
    now = worker.now()
    values: list[RpcValue] = []
    for key, entry in cache_of(worker):
        values += [*key, *_head(key, entry, now)]
    return values


def debug_all(worker: Worker, _call: RpcCall) -> list[RpcValue]:
    """dns.debug_all: the same for each record, with its number, what it says, and its own seconds left."""
    now = worker.now()
    values: list[RpcValue] = []
    for key, entry in cache_of(worker):
        for index, (data, end) in enumerate(zip(entry.answer.data, entry.times, strict=False)):
            values += [*key, index, *_head(key, entry, now), *_short(key[1], data), seconds_left(end, now)]
    return values


def _short(type: int, data: Data) -> tuple[str, str]:
    """What kind of record, and its most telling field."""
    if isinstance(data, Srv):
        return "srv", data.target
    if isinstance(data, Naptr):
        return "naptr", data.flags
    if isinstance(data, Ebl):
        return "ebl", data.apex
    if isinstance(data, str):
        return {A: "ip", AAAA: "ip", CNAME: "cname", PTR: "ptr"}.get(type, "unknown"), data
    return "txt", data[0].decode("latin-1") if data else ""


def describe(key: Key, entry: Entry, now: float) -> list[str]:
    """An entry as lines of text."""
    name, type = key
    lines = [f"name: {name}", f"type: {TYPE_NAMES.get(type, 'unknown')}", f"size (bytes): {entry.size}"]
    lines += ["reference counter: 1", f"permanent: {'yes' if entry.permanent else 'no'}"]
    if not entry.permanent:
        lines.append(f"expires in (s): {seconds_left(entry.ends(), now)}")
    lines.append(f"last used (s): {int(now - entry.used)}")
    lines.append(f"negative entry: {'no' if entry.answer.data else 'yes'}")
    for data, end in zip(entry.answer.data, entry.times, strict=False):
        lines += [f"rr {line}" if not line.startswith("txt") else line for line in _fields(type, data)]
        if not entry.permanent:
            lines.append(f"rr expires in (s): {seconds_left(end, now)}")
    return [INDENT + line for line in lines]


def _fields(type: int, data: Data) -> list[str]:
    """The fields of a record, a line each."""
    if isinstance(data, Srv):
        return [f"name: {data.target}", f"port: {data.port}", f"priority: {data.priority}", f"weight: {data.weight}"]
    if isinstance(data, Naptr):
        return [
            f"order: {data.order}",
            f"preference: {data.preference}",
            f"flags: {data.flags}",
            f"service: {data.service}",
            f"regexp: {data.regexp}",
            f"replacement: {data.replacement}",
        ]
    if isinstance(data, Ebl):
        return [f"position: {data.position}", f"separator: {data.separator}", f"apex: {data.apex}"]
    if isinstance(data, str):
        return [f"ip: {data}" if type in (A, AAAA) else f"name: {data}"]
    return [f"txt[{index}]: {text.decode('latin-1')}" for index, text in enumerate(data)]


def view(worker: Worker, _call: RpcCall) -> str:
    """dns.view: the entries that have not expired, as text."""
    now = worker.now()
    lines: list[str] = []
    for key, entry in cache_of(worker):
        if entry.permanent or entry.ends() > now:
            lines += ["{", *describe(key, entry, now), "}"]
    return "\n".join(lines)


async def lookup(worker: Worker, _call: RpcCall, type: str, name: str) -> str:
    """dns.lookup: the entry of a name, which is asked for where it is not there yet."""
    cache = cache_of(worker)
    number = RECORD_TYPES.get(type.upper().removeprefix("T_"))
    if number is None:
        raise RpcError(400, "Invalid type")
    answer = await worker.resolver.query(name, number)
    entry = cache.find(normalize_name(name), number)
    if entry is None or not answer.data:
        raise RpcError(400, "Not found")
    return "\n".join(describe((normalize_name(name), number), entry, worker.now()))


def delete_all(worker: Worker, _call: RpcCall) -> None:
    """dns.delete_all: all but the permanent entries."""
    cache_of(worker).clear(permanent=False)


def delete_all_force(worker: Worker, _call: RpcCall) -> None:
    """dns.delete_all_force: permanent entries too."""
    cache_of(worker).clear()


def stats_get(worker: Worker, _call: RpcCall, name: str, reset: int) -> dict[str, RpcValue]:
    """dns.stats_get: dns_req_cnt, dc_hits_cnt, dc_neg_hits_cnt, dc_lru_cnt, or dc_all_stats."""
    stats = cache_of(worker, "dns cache support disabled").stats
    holders = {
        "dns_req_cnt": (worker.resolver, "requests"),
        "dc_hits_cnt": (stats, "hits"),
        "dc_neg_hits_cnt": (stats, "negative_hits"),
        "dc_lru_cnt": (stats, "evicted"),
    }
    wanted = name.lower()
    chosen = list(holders) if wanted == "dc_all_stats" else [wanted] if wanted in holders else []
    if not chosen:
        raise RpcError(500, "unknown dns cache stat parameter")
    found: dict[str, RpcValue] = {one: getattr(*holders[one]) for one in chosen}
    if reset:
        for one in chosen:
            setattr(*holders[one], 0)
    return found


def add_record(worker: Worker, type: int, name: str, ttl: int, data: Data | None, flags: int) -> None:
    """Adds one record. RpcError 400 for what cannot be one."""
    cache = cache_of(worker)
    try:
        encode_name(name)
    except WireError:
        raise RpcError(400, NOT_ADDED) from None
    if not name or not 0 <= ttl <= MAX_TTL or flags & ~(NEGATIVE | PERMANENT):
        raise RpcError(400, NOT_ADDED)
    data = None if flags & NEGATIVE else data
    if not cache.add(normalize_name(name), type, data, ttl, bool(flags & PERMANENT), worker.now()):
        raise RpcError(400, NOT_ADDED)


def add_address(type: int) -> Callable[..., None]:
    """dns.add_a and dns.add_aaaa: name, ttl, address, flags."""

    def add(worker: Worker, _call: RpcCall, name: str, ttl: int, ip: str, flags: int) -> None:
        address = normalize_ip(ip)
        if not flags & NEGATIVE and (address is None or (":" in address) != (type == AAAA)):
            raise RpcError(400, NOT_ADDED)
        add_record(worker, type, name, ttl, address, flags)

    return add


def add_srv(
    worker: Worker, _call: RpcCall, name: str, ttl: int, priority: int, weight: int, port: int, target: str, flags: int
) -> None:
    """dns.add_srv: name, ttl, priority, weight, port, target, flags."""
    if not all(0 <= number <= 65535 for number in (priority, weight, port)):
        raise RpcError(400, NOT_ADDED)
    try:
        encode_name(target)
    except WireError:
        raise RpcError(400, NOT_ADDED) from None
    add_record(worker, SRV, name, ttl, Srv(priority, weight, port, normalize_name(target)), flags)


def delete_record(type: int) -> Callable[..., None]:
    """dns.delete_a and its kin: name."""

    def delete(worker: Worker, _call: RpcCall, name: str) -> None:
        cache = cache_of(worker)
        entry = cache.find(normalize_name(name), type)
        if entry is None:
            if team_of(worker) is not None:
                return  # another worker may have looked it up
            raise RpcError(400, "Not found")
        if entry.permanent:
            raise RpcError(400, "Permanent entries cannot be deleted")
        cache.delete(normalize_name(name), type)

    return delete


def set_server_state(worker: Worker, _call: RpcCall, state: int) -> None:
    """dns.set_server_state: 0 asks no server and lets nothing expire."""
    cache_of(worker)
    worker.resolver.servers_up = state != 0


def get_server_state(worker: Worker, _call: RpcCall) -> int:
    """dns.get_server_state"""
    cache_of(worker)
    return int(worker.resolver.servers_up)


DNS_RPCS: tuple[Rpc, ...] = (
    rpc(
        "dns.add_a",
        add_address(A),
        "sdsd",
        help="add an A record: name, ttl, address, flags: 1 negative, 2 permanent",
        workers=EVERY_WORKER,
    ),
    rpc(
        "dns.add_aaaa",
        add_address(AAAA),
        "sdsd",
        help="add an AAAA record: name, ttl, address, flags",
        workers=EVERY_WORKER,
    ),
    rpc(
        "dns.add_srv",
        add_srv,
        "sddddsd",
        help="add an SRV record: name, ttl, priority, weight, port, target, flags",
        workers=EVERY_WORKER,
    ),
    rpc("dns.debug", debug, help="all entries, expired ones too", workers=JOIN_LISTS),
    rpc("dns.debug_all", debug_all, help="all records of all entries", workers=JOIN_LISTS),
    rpc("dns.delete_a", delete_record(A), "s", help="delete the A records of a name", workers=EVERY_WORKER),
    rpc("dns.delete_aaaa", delete_record(AAAA), "s", help="delete the AAAA records of a name", workers=EVERY_WORKER),
    rpc("dns.delete_all", delete_all, help="delete all but permanent entries", workers=EVERY_WORKER),
    rpc("dns.delete_all_force", delete_all_force, help="delete all entries", workers=EVERY_WORKER),
    rpc("dns.delete_cname", delete_record(CNAME), "s", help="delete the CNAME record of a name", workers=EVERY_WORKER),
    rpc("dns.delete_ebl", delete_record(EBL), "s", help="delete the EBL record of a name", workers=EVERY_WORKER),
    rpc("dns.delete_naptr", delete_record(NAPTR), "s", help="delete the NAPTR records of a name", workers=EVERY_WORKER),
    rpc("dns.delete_ptr", delete_record(PTR), "s", help="delete the PTR records of a name", workers=EVERY_WORKER),
    rpc("dns.delete_srv", delete_record(SRV), "s", help="delete the SRV records of a name", workers=EVERY_WORKER),
    rpc("dns.delete_txt", delete_record(TXT), "s", help="delete the TXT records of a name", workers=EVERY_WORKER),
    rpc("dns.get_server_state", get_server_state, help="1 where name servers are asked"),
    rpc("dns.lookup", lookup, "ss", help="look a name up, and show its entry: type, name"),
    rpc("dns.mem_info", mem_info, help="octets used and allowed", workers=SUM_VALUES),
    rpc(
        "dns.set_server_state",
        set_server_state,
        "d",
        help="0 asks no name server and keeps what is known",
        workers=EVERY_WORKER,
    ),
    rpc(
        "dns.stats_get",
        stats_get,
        "sd",
        help="counts of questions, hits or evictions: name, 1 to reset",
        workers=SUM_VALUES,
    ),
    rpc("dns.view", view, help="entries as text", workers=JOIN_LISTS),
)
