"""RPC commands of SER's permissions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from siprouter.db.errors import DbError
from siprouter.modules.permissions.state import CACHED
from siprouter.modules.permissions_s.ip_sets import DeclaredSet, add_network
from siprouter.rpc.values import Pairs, RpcError

if TYPE_CHECKING:
    from siprouter.modules.permissions_s.state import SerPermissions
    from siprouter.rpc.call import RpcCall


def _check_cached(inst: SerPermissions) -> None:
    if inst.db_mode != CACHED:
        raise RpcError(400, "Database cache is not enabled")


async def _reload(inst: SerPermissions, load: Callable[[], Awaitable[None]], message: str) -> None:
    _check_cached(inst)
    try:
        await load()
    except (DbError, ValueError) as error:
        inst.log.error("%s", error, source="permissions")
        raise RpcError(400, message) from None


async def reload_trusted(inst: SerPermissions, call: RpcCall) -> None:
    """trusted.reload"""
    await _reload(inst, inst.load_peers, "Trusted Table Reload Failed")


def dump_trusted(inst: SerPermissions, call: RpcCall) -> list[Pairs]:
    """trusted.dump"""
    _check_cached(inst)
    return [
        Pairs([("src_ip", peer.ip), ("proto", peer.proto), ("pattern", peer.pattern_text)])
        for peers in inst.peers.values()
        for peer in peers
    ]


async def reload_entries(inst: SerPermissions, call: RpcCall) -> None:
    """ipmatch.reload"""
    await _reload(inst, inst.load_entries, "Reloading failed")


def _find(inst: SerPermissions, name: str) -> DeclaredSet:
    found = inst.sets.get(name)
    if found is None:
        raise RpcError(400, "Ip set not found")
    return found


def clean_set(inst: SerPermissions, call: RpcCall, name: str) -> None:
    """ipset.clean name: nothing is pending."""
    found = _find(inst, name)
    found.pending = type(found.pending)()


def add_to_set(inst: SerPermissions, call: RpcCall, name: str, ip: str, mask: str) -> None:
    """ipset.add name ip mask"""
    try:
        add_network(_find(inst, name).pending, ip, mask)
    except ValueError as error:
        raise RpcError(400, f"Cannot add ip/mask into ip set: {error}") from None


def commit_set(inst: SerPermissions, call: RpcCall, name: str) -> None:
    """ipset.commit name"""
    _find(inst, name).commit()


def list_sets(inst: SerPermissions, call: RpcCall) -> Pairs:
    """ipset.list"""
    return Pairs([("Name", name) for name in inst.sets])


def print_set(inst: SerPermissions, call: RpcCall, name: str, pending: int) -> list[Pairs]:
    """ipset.print name pending"""
    found = _find(inst, name)
    chosen = found.pending if pending else found.current
    return [
        Pairs([("IPv", version), *[("network", str(network)) for network in chosen.networks(width)]])
        for version, width in (("4", 32), ("6", 128))
    ]
