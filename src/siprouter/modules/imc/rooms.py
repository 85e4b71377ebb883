"""Rooms and their members, as data: what changes a room gives a new one. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from siprouter.sip.uri import parse_uri
from siprouter.util.errors import PeerError

OWNER = 1
ADMIN = 2
INVITED = 4
"""flags of members, as the table has them"""
PRIVATE = 1
"""flag of rooms"""

MAX_NAME = 64
"""what the columns take"""
MAX_MEMBERS = 500
MAX_ROOMS = 10_000

User = tuple[str, str]
"""(user, domain)"""
Row = tuple[str, str, int, tuple[tuple[str, str, int], ...]]


@dataclass(frozen=True, slots=True)
class Room:
    """A room; its members in the order in which they came, with their flags."""

    name: str
    domain: str
    flags: int
    members: tuple[tuple[str, str, int], ...] = ()

    @property
    def uri(self) -> str:
        """Where messages for the room go."""
        return uri_of((self.name, self.domain))

    @property
    def private(self) -> bool:
        """Only who is invited may come in."""
        return bool(self.flags & PRIVATE)

    def flags_of(self, user: User) -> int | None:
        """None for who is neither a member nor invited."""
        return next((flags for name, domain, flags in self.members if (name, domain) == user), None)

    def with_member(self, user: User, flags: int) -> Room:
        """With a new member, or with other flags for one. Raises PeerError where the room is full."""
        members = [item for item in self.members if item[:2] != user]
        if len(members) == len(self.members):
            if len(members) >= MAX_MEMBERS:
                raise PeerError(503, "Room Full")
            return replace(self, members=(*self.members, (*user, flags)))
        changed = tuple((*item[:2], flags) if item[:2] == user else item for item in self.members)
        return replace(self, members=changed)

    def without(self, user: User) -> Room:
        """Without a member."""
        return replace(self, members=tuple(item for item in self.members if item[:2] != user))

    def present(self) -> Iterator[User]:
        """Who gets what is said: all but the invited."""
        return ((user, domain) for user, domain, flags in self.members if not flags & INVITED)

    def owner(self) -> User | None:
        """Who made the room."""
        return next(((user, domain) for user, domain, flags in self.members if flags & OWNER), None)

    def listing(self) -> str:
        """The members, a line each: `*` marks the owner, `~` administrators."""
        lines = ["Members:"]
        for user, domain, flags in self.members:
            if not flags & INVITED:
                mark = "*" if flags & OWNER else "~" if flags & ADMIN else ""
                lines.append(mark + uri_of((user, domain)))
        return "\n".join(lines)

    def to_row(self) -> Row:
        """For the shared state."""
        return (self.name, self.domain, self.flags, self.members)


def uri_of(user: User) -> str:
    """`sip:user@domain`"""
    return f"sip:{user[0]}@{user[1]}"


def parse_user(text: str, domain: str) -> User:
    """`sip:user@domain`, `user@domain`, or `user` of a domain. Raises PeerError for what cannot be one."""
    text = text.strip("<>")
    if not text.startswith(("sip:", "sips:")):
        text = f"sip:{text}"
    if "@" not in text:
        text = f"{text}@{domain}"
    return checked_user(parse_uri(text).user, parse_uri(text).host)


def checked_user(user: str, host: str) -> User:
    """A user, the domain in lower case. Raises PeerError for names that are empty, too long, or unfit for a URI."""
    found = (user, host.lower())
    if not all(part and len(part) <= MAX_NAME for part in found):
        raise PeerError(400, "Bad Name")
    if any(character <= " " or character in '<>"\x7f' for character in user + host):
        raise PeerError(400, "Bad Name")
    return found


def from_rows(rooms: Iterable[tuple[str, str, int]], members: Iterable[tuple[str, str, int, str]]) -> list[Room]:
    """The rooms of a database that have members: (user, domain, flags, URI of the room)."""
    by_room: dict[str, list[tuple[str, str, int]]] = {}
    for user, domain, flags, uri in members:
        by_room.setdefault(uri, []).append((user, domain, flags))
    found = []
    for name, domain, flags in rooms:
        room = Room(name, domain, flags, tuple(by_room.get(uri_of((name, domain)), ())[:MAX_MEMBERS]))
        if room.members:
            found.append(room)
    return found
