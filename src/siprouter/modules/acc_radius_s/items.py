"""The items of a record, by the letters of the parameter log_fmt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_USER, TRACK_FROM, TRACK_TO, AvpKey
from siprouter.core.route_info import AUTHORIZED
from siprouter.sip.message import Message
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

ALL = "acdfgimnoprstuxDFIMPRSTUX"
MAX_ATTRS = 4096
ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "\0": "\\0", ":": "\\o", ",": "\\c"}


@dataclass(slots=True)
class Event:
    """What is accounted: `msg` is the request (or the ACK), `to` the reply, or the message whose To counts."""

    ctx: Context
    msg: Message
    to: Message
    uri: str
    code: int
    began: int
    now: int
    swapped: bool
    server: int


Reader = Callable[[Event], int | str | None]


def _to_tag(event: Event) -> str:
    """That of the reply; "" where To is broken."""
    try:
        return event.to.to.tag
    except PeerError:
        return ""


def _tags(event: Event) -> tuple[str, str]:
    tags = (event.msg.from_.tag, _to_tag(event))
    return (tags[1], tags[0]) if event.swapped else tags


def _uris(event: Event) -> tuple[str, str]:
    uris = (event.msg.from_.uri, event.msg.to.uri)
    return (uris[1], uris[0]) if event.swapped else uris


def _header(event: Event, msg: Message, name: str) -> str | None:
    found = msg.find(name)
    return msg.value(found[0]) if found else None


def _credentials(event: Event, part: str) -> str | None:
    found = event.ctx.vars.get(AUTHORIZED)
    return None if found is None else str(getattr(found, part))


def _uid(event: Event, track: int) -> str | None:
    value = event.ctx.avps.get("uid", 0, track | CLASS_USER)
    return None if value is None else str(value)


READERS: dict[str, tuple[str, Reader]] = {
    "c": ("Acct-Session-Id", lambda event: event.msg.call_id),
    "d": ("Sip-To-Tag", lambda event: _tags(event)[1]),
    "f": ("SER-From", lambda event: _header(event, event.msg, "From")),
    "g": ("SER-Flags", lambda event: event.ctx.flags),
    "i": ("SER-Original-Request-Id", lambda event: event.msg.uri),
    "m": ("Sip-Method", lambda event: event.msg.cseq.method),
    "n": ("Sip-CSeq", lambda event: event.msg.cseq.number),
    "o": ("Sip-Translated-Request-Id", lambda event: event.uri),
    "p": ("Sip-Source-IP-Address", lambda event: event.ctx.source.ip),
    "r": ("Sip-From-Tag", lambda event: _tags(event)[0]),
    "s": ("SER-Server-ID", lambda event: event.server),
    "t": ("SER-To", lambda event: _header(event, event.to, "To")),
    "u": ("SER-Digest-Username", lambda event: _credentials(event, "user")),
    "x": ("SER-Request-Timestamp", lambda event: event.began),
    "F": ("Calling-Station-Id", lambda event: _uris(event)[0]),
    "I": ("SER-From-UID", lambda event: _uid(event, TRACK_FROM)),
    "P": ("Sip-Source-Port", lambda event: event.ctx.source.port),
    "R": ("SER-Digest-Realm", lambda event: _credentials(event, "realm")),
    "S": ("Sip-Response-Code", lambda event: event.code),
    "T": ("Called-Station-Id", lambda event: _uris(event)[1]),
    "U": ("SER-To-UID", lambda event: _uid(event, TRACK_TO)),
    "X": ("SER-Response-Timestamp", lambda event: event.now),
}
"""D and M, the ids of domains, are accepted and have no attribute: as in SIP Router"""


def is_upstream(worker: Worker, msg: Message) -> bool:
    """Whether the called side sent the request: our Route has another From tag than the request."""
    try:
        uri = msg.parsed_uri
        if not worker.is_myself(uri.host, uri.port or 5060):
            routes = msg.routes()
            if not routes:
                return False
            uri = parse_uri(routes[0].uri)
    except PeerError:
        return False
    tag = uri.param("ftag")
    return bool(tag) and bool(msg.from_.tag) and tag != msg.from_.tag


def print_attrs(ctx: Context, attrs: list[AvpKey]) -> str:
    """`name:value,name:value…` with separators in values escaped; "" for more than MAX_ATTRS characters."""
    parts = []
    for klass, name in attrs:
        for value in ctx.avps.all(name, klass):
            text = "".join(ESCAPES.get(char, char) for char in str(value)[:MAX_ATTRS])
            parts.append(f"{name}:{text}")
    found = ",".join(parts)
    return found if len(found) <= MAX_ATTRS else ""
