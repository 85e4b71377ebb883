"""The MI commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.modules.imc.rooms import parse_user, uri_of
from siprouter.rpc.mi import MISSING_ARGUMENTS, MiReply
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.modules.imc.state import Imc


def list_rooms(inst: Imc, *args: str) -> MiReply:
    """`imc_list_rooms`"""
    if args:
        return MiReply(400, MISSING_ARGUMENTS)
    reply = MiReply()
    for _, room in sorted(inst.rooms.items()):
        owner = room.owner()
        node = reply.add("ROOM").attribute("URI", room.uri).attribute("MEMBERS", len(room.members))
        node.attribute("OWNER", uri_of(owner) if owner else "")
    return reply


def list_members(inst: Imc, *args: str) -> MiReply:
    """`imc_list_members room`"""
    if len(args) != 1:
        return MiReply(400, MISSING_ARGUMENTS)
    if not args[0] or args[0].startswith("."):
        return MiReply(400, "empty param")
    try:
        room = inst.find(parse_user(args[0], ""))
    except PeerError:
        return MiReply(404, "room name not found")
    if room is None:
        return MiReply(404, "no such room")
    reply = MiReply()
    node = reply.add("ROOM", args[0])
    for user, domain, _ in room.members:
        node.add("MEMBER", uri_of((user, domain)))
    node.attribute("NR_OF_MEMBERS", len(room.members))
    return reply
