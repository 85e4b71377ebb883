"""The commands of users. Each reads a room, changes it in one step, and then tells those whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from siprouter.modules.imc.rooms import (
    ADMIN,
    INVITED,
    OWNER,
    PRIVATE,
    Room,
    User,
    checked_user,
    parse_user,
    uri_of,
)
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.modules.imc.state import Imc

MAX_PARAMETERS = 5
CREATED = "*** room was created"
DESTROYED = "The room has been destroyed"
REMOVED = "You have been removed from this room"

HELP = (
    ("create", "<room_name> [private]", "create new conference room"),
    ("join", "[<room_name>]", "join the conference room"),
    ("invite", "<user_name> [<room_name>]", "invite a user to join a conference room"),
    ("accept", "[<room_name>]", "accept invitation to join a conference room"),
    ("deny", "[<room_name>]", "deny invitation to join a conference room"),
    ("remove", "<user_name> [<room_name>]", "remove a user from the conference room"),
    ("list", "[<room_name>]", "list members in a conference room"),
    ("exit", "[<room_name>]", "exit from a conference room"),
    ("destroy", "[<room_name>]", "destroy conference room"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was sent: by whom, and to which user of which domain."""

    name: str
    parameters: tuple[str, ...]
    sender: User
    target: User = field(default=("", ""))

    def parameter(self, index: int) -> str:
        """ "" where there is none."""
        return self.parameters[index] if index < len(self.parameters) else ""

    def room(self, index: int) -> User:
        """The room in a parameter, else the one that the command was sent to. Raises PeerError."""
        given = self.parameter(index)
        return parse_user(given, self.target[1]) if given else checked_user(*self.target)


def parse_command(text: str) -> tuple[str, tuple[str, ...]]:
    """Name in lower case and parameters, of the first line. Raises PeerError where there is no name."""
    words = text.replace("\r", "\n").partition("\n")[0].split()
    if not words or text[:1].isspace():
        raise PeerError(400, "No Command")
    return words[0].lower(), tuple(words[1 : 1 + MAX_PARAMETERS])


def help_text(start: str) -> str:
    """What `help` answers."""
    return "\r\n" + "".join(f"{start}{name} {parameters} - {text}\r\n" for name, parameters, text in HELP)


def refuse(why: str) -> PeerError:
    """Who sent the command may not do this, or it is not possible."""
    return PeerError(403, why)


def existing(room: Room | None, name: User) -> Room:
    """Raises PeerError where there is no such room."""
    if room is None:
        raise PeerError(404, f"there is no room {uri_of(name)}")
    return room


def member(room: Room, user: User, rights: int = 0) -> int:
    """The flags of a member, who must have one of these rights. Raises PeerError."""
    flags = room.flags_of(user)
    if flags is None:
        raise refuse(f"{uri_of(user)} is not in {room.uri}")
    if rights and not flags & rights:
        raise refuse(f"{uri_of(user)} has no right to do this in {room.uri}")
    return flags


def create(imc: Imc, command: Command) -> None:
    """`create room [private]`; a public room that is there already is joined."""
    if not command.parameter(0):
        raise PeerError(400, "the room has no name")
    flags = PRIVATE if command.parameter(1).lower() == "private" else 0
    enter(imc, command, command.room(0), flags, joining=False)


def join(imc: Imc, command: Command) -> None:
    """`join [room]`; a room that is not there is made."""
    enter(imc, command, command.room(0), 0, joining=True)


def enter(imc: Imc, command: Command, name: User, flags: int, joining: bool) -> None:
    """Make a room, or come in. Who is not invited to a private room stays outside, and the members hear of it."""
    user, made, said = command.sender, False, ""

    def change(room: Room | None) -> Room:
        nonlocal made, said
        if room is None:
            made = True
            return Room(*name, flags).with_member(user, OWNER)
        known = room.flags_of(user)
        if known is None and room.private:
            said = "attempted to join" if joining else ""
            return room
        if known is None or joining:
            said = "has joined"
        return room.with_member(user, (known or 0) & ~INVITED if joining else known or 0)

    room = imc.change(name, change)
    assert room is not None
    if made:
        imc.send(room.uri, user, CREATED)
    elif said:
        imc.broadcast(room, f"*** <{'@'.join(user) if joining else uri_of(user)}> {said} the room")


def invite(imc: Imc, command: Command) -> None:
    """`invite user [room]`, by the owner and administrators."""
    if not command.parameter(0):
        raise PeerError(400, "nobody is named")
    guest, name = parse_user(command.parameter(0), command.target[1]), command.room(1)

    def change(room: Room | None) -> Room:
        found = existing(room, name)
        member(found, command.sender, OWNER | ADMIN)
        if found.flags_of(guest) is not None:
            raise refuse(f"{uri_of(guest)} is in {found.uri} already")
        return found.with_member(guest, INVITED)

    room = imc.change(name, change)
    assert room is not None
    start = imc.start_character
    body = f"INVITE from: {'@'.join(command.sender)} (Type: '{start}accept' or '{start}deny')"
    imc.send(room.uri, guest, body, partial(not_reached, imc, name, guest, command.sender))


def not_reached(imc: Imc, name: User, guest: User, inviter: User, status: int) -> None:
    """An invitation that does not arrive is taken back."""
    if status < 300:
        return

    def change(room: Room | None) -> Room | None:
        flags = room.flags_of(guest) if room is not None else None
        return room.without(guest) if room is not None and flags is not None and flags & INVITED else room

    if imc.change(name, change) is not None:
        imc.send(uri_of(name), inviter, f"{'@'.join(guest)} is not registered.")


def accept(imc: Imc, command: Command) -> None:
    """`accept [room]`, by who is invited."""
    name = command.room(0)

    def change(room: Room | None) -> Room:
        found = existing(room, name)
        flags = member(found, command.sender, INVITED)
        return found.with_member(command.sender, flags & ~INVITED)

    room = imc.change(name, change)
    assert room is not None
    imc.broadcast(room, f"*** <{uri_of(command.sender)}> has joined the room")


def deny(imc: Imc, command: Command) -> None:
    """`deny [room]`, by who is invited."""
    name = command.room(0)

    def change(room: Room | None) -> Room:
        found = existing(room, name)
        member(found, command.sender, INVITED)
        return found.without(command.sender)

    imc.change(name, change)


def remove(imc: Imc, command: Command) -> None:
    """`remove user [room]`, by the owner and administrators; the owner cannot be removed."""
    if not command.parameter(0):
        raise PeerError(400, "nobody is named")
    who, name = parse_user(command.parameter(0), command.target[1]), command.room(1)

    def change(room: Room | None) -> Room:
        found = existing(room, name)
        member(found, command.sender, OWNER | ADMIN)
        if member(found, who) & OWNER:
            raise refuse(f"{uri_of(who)} owns {found.uri}")
        return found.without(who)

    room = imc.change(name, change)
    assert room is not None
    imc.send(room.uri, who, REMOVED)
    imc.broadcast(room, f"*** <{uri_of(who)}> has been removed from the room")


def list_members(imc: Imc, command: Command) -> None:
    """`list [room]`, for members."""
    name = command.room(0)
    room = existing(imc.find(name), name)
    if member(room, command.sender) & INVITED:
        raise refuse(f"{uri_of(command.sender)} has not accepted the invitation to {room.uri}")
    imc.send(room.uri, command.sender, room.listing())


def leave(imc: Imc, command: Command) -> None:
    """`exit [room]`; a room without its owner is destroyed."""
    name = command.room(0)
    before: list[Room] = []

    def change(room: Room | None) -> Room | None:
        found = existing(room, name)
        before.append(found)
        return None if member(found, command.sender) & OWNER else found.without(command.sender)

    room = imc.change(name, change)
    if room is None:
        imc.broadcast(before[-1], DESTROYED)
    else:
        imc.broadcast(room, f"The user [{command.sender[0]}] has left the room")


def destroy(imc: Imc, command: Command) -> None:
    """`destroy [room]`, by the owner."""
    name = command.room(0)
    before: list[Room] = []

    def change(room: Room | None) -> None:
        found = existing(room, name)
        before.append(found)
        member(found, command.sender, OWNER)

    imc.change(name, change)
    imc.broadcast(before[-1], DESTROYED)


def show_help(imc: Imc, command: Command) -> None:
    """`help`"""
    imc.send(uri_of(command.target), command.sender, help_text(imc.start_character))


Handler = Callable[[Any, Command], None]

COMMANDS: dict[str, tuple[Handler, int]] = {
    "create": (create, -30),
    "join": (join, -40),
    "invite": (invite, -50),
    "accept": (accept, -60),
    "deny": (deny, -70),
    "remove": (remove, -80),
    "exit": (leave, -90),
    "list": (list_members, -100),
    "destroy": (destroy, -110),
    "help": (show_help, -120),
}
"""what carries a command out, and the return code where it fails"""
