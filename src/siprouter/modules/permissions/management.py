"""MI commands of permissions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from siprouter.db.errors import DbError
from siprouter.modules.permissions.rules import search
from siprouter.modules.permissions.state import CACHED
from siprouter.rpc.mi import MiReply

if TYPE_CHECKING:
    from siprouter.modules.permissions.state import Permissions


async def _reload(inst: Permissions, what: str, load: Callable[[], Awaitable[None]]) -> MiReply:
    try:
        await load()
    except DbError as error:
        inst.log.error("%s cannot be read: %s", what, error, source="permissions")
        return MiReply(400, f"{what} reload failed")
    return MiReply()


async def trusted_reload(inst: Permissions) -> MiReply:
    """MI trusted_reload"""
    if inst.db_mode != CACHED:
        return MiReply()
    return await _reload(inst, "Trusted table", inst.load_peers)


async def address_reload(inst: Permissions) -> MiReply:
    """MI address_reload"""
    return await _reload(inst, "Address table", inst.load_addresses)


def trusted_dump(inst: Permissions) -> MiReply:
    """MI trusted_dump"""
    if inst.db_mode != CACHED:
        return MiReply(500, "Trusted-module not in use")
    reply = MiReply()
    peers = [peer for found in inst.peers.values() for peer in found]
    for number, peer in enumerate(peers):
        pattern, tag = peer.pattern_text or "NULL", peer.tag or "NULL"
        reply.add(None, f"{number:4d} <{peer.ip},{peer.proto}, {pattern}, {tag}>")
    return reply


def address_dump(inst: Permissions) -> MiReply:
    """MI address_dump"""
    reply = MiReply()
    items = [item for found in inst.addresses.addresses.values() for item in found]
    for number, item in enumerate(items):
        reply.add(None, f"{number:4d} <{item.group}, {item.text}, {item.port}, {item.tag or 'NULL'}>")
    return reply


def subnet_dump(inst: Permissions) -> MiReply:
    """MI subnet_dump"""
    reply = MiReply()
    for number, item in enumerate(inst.addresses.networks):
        text = f"{number:4d} <{item.group}, {item.text}, {item.mask}, {item.port}, {item.tag or 'NULL'}>"
        reply.add(None, text)
    return reply


def allow_uri(inst: Permissions, *arguments: str) -> MiReply:
    """MI allow_uri: base name, URI, contact. The files must have been read before."""
    if len(arguments) != 3:
        return MiReply(400, "Too few or too many arguments")
    base, uri, contact = arguments
    allow = inst.files.get(inst.path(base + inst.allow_suffix))
    deny = inst.files.get(inst.path(base + inst.deny_suffix))
    if allow is None or deny is None:
        return MiReply(403, "Forbidden")
    if search(allow, uri, contact) or not search(deny, uri, contact):
        return MiReply()
    return MiReply(403, "Forbidden")
