"""ipmatch(): addresses of a table, with a mark and a value each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded
from siprouter.core.avp import AvpKey
from siprouter.core.route_info import SENDING, Sending
from siprouter.core.values import Value, str_to_int
from siprouter.core.values import to_text as value_text
from siprouter.db.values import Row, to_text
from siprouter.script.core_args import parse_attribute
from siprouter.script.ser_args import reference
from siprouter.sip.uri import parse_uri
from siprouter.util.address import parse_ip
from siprouter.util.errors import OperatorError, PeerError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

USED_HERE, DISABLED = 1, 2
EVERYTHING = 0xFFFFFFFF
MAX_PORT = 65535
SOURCE, SECOND_VIA = 1, 2
"""where the address comes from; another one is text"""
COLUMNS = ["ip", "avp_val", "mark", "flags"]

Place = tuple[bytes, int]
"""address and port, 0: any"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: port 0 is any."""

    port: int
    value: str
    mark: int


Entries = dict[bytes, list[Entry]]


def parse_place(text: str) -> Place:
    """`1.2.3.4`, `1.2.3.4:5060`, `::1`, `[::1]:5060`. Raises ValueError."""
    host, port = text, ""
    if text.startswith("["):
        host, _, rest = text.partition("]")
        host, port = host[1:], rest.removeprefix(":")
        if rest and (not rest.startswith(":") or not port):
            raise ValueError(f"no address: {text[:64]!r}")
    elif "." in text and ":" in text:
        host, _, port = text.partition(":")
    packed = parse_ip(host)
    number = str_to_int(port) if port else 0
    if packed is None or number is None or not 0 <= number <= MAX_PORT:
        raise ValueError(f"no address: {text[:64]!r}")
    return packed, number


def read_entries(rows: Iterable[Row]) -> Entries:
    """Rows (address, value, mark, flags); the last one of an address goes first. Raises ValueError."""
    found: Entries = {}
    for ip, value, mark, bits in rows:
        flags = str_to_int(to_text(bits)) or 0
        if flags & (USED_HERE | DISABLED) != USED_HERE:
            continue
        if ip is None:
            raise ValueError("an address is null")
        packed, port = parse_place(to_text(ip).strip())
        number = EVERYTHING if mark is None else int(to_text(mark))
        found.setdefault(packed, []).insert(0, Entry(port, to_text(value), number))
    return found


def find_entry(entries: Entries, place: Place, mask: int) -> Entry | None:
    """The first entry of an address whose mark has a bit of `mask`."""
    packed, port = place
    for entry in entries.get(packed, ()):
        if entry.mark & mask and (not entry.port or not port or entry.port == port):
            return entry
    return None


def place_of(ctx: Context, where: int | str) -> Place:
    """Raises ValueError, PeerError."""
    if where == SOURCE:
        packed = parse_ip(ctx.source.ip)
        if packed is None:
            raise ValueError("the message has no source address")
        return packed, ctx.source.port
    if isinstance(where, str):
        return parse_place(where)
    vias = ctx.msg.vias()
    if len(vias) < 2 or not vias[1].received:
        raise ValueError("there is no second Via, or it has no received parameter")
    packed, _ = parse_place(vias[1].received)
    return packed, max(vias[1].rport, 0)


def place_sent_to(ctx: Context, where: str) -> Place:
    """In onsend routes: where the message goes, or what its request URI says. Raises ValueError, PeerError."""
    sending: Sending | None = ctx.vars.get(SENDING)
    if sending is None:
        raise ValueError("nothing is being sent")
    if where == "d":
        return parse_place(sending.to.ip)[0], sending.to.port
    words = sending.data[:4096].split(b" ", 2)
    if len(words) < 3 or words[0].startswith(b"SIP/"):
        raise ValueError("the message is no request")
    uri = parse_uri(words[1].decode("utf-8", "surrogateescape"))
    packed = parse_ip(uri.host)
    if packed is None:
        raise ValueError(f"no address: {uri.host[:64]!r}")
    return packed, uri.port


class PlaceArg(ArgType):
    """`src`, `via2`, or an attribute or select with an address."""

    kind = "src, via2, an attribute or a select"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = value_text(value)
        if text in ("src", "via2"):
            return Constant(SOURCE if text == "src" else SECOND_VIA)
        get = reference(text, env, location)
        if get is None:
            raise self.bad(value, location)
        return Dynamic(lambda ctx: value_text(get(ctx)))

    def convert(self, ctx: Context, value: Value) -> str:
        return value_text(value)


class SentArg(ArgType):
    """What begins with `d` or `r`."""

    kind = "dst or ruri"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        letter = value_text(value)[:1]
        if letter not in ("d", "r"):
            raise self.bad(value, location)
        return Constant(letter)

    def convert(self, ctx: Context, value: Value) -> str:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class AttributeArg(ArgType):
    """The name of an attribute, as (class, name)."""

    kind = "an attribute such as $peer"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = value_text(value)
        named = parse_attribute(text) if text.startswith("$") else None
        if named is None or named.index is not None:
            raise self.bad(value, location)
        return Constant((named.classes[0], named.name))

    def convert(self, ctx: Context, value: Value) -> AvpKey:
        raise OperatorError(f"argument '{self.name}' must be a constant")


def check_place(ctx: Context, where: int | str, sent: bool) -> Place | str:
    """The address, or why there is none."""
    try:
        return place_sent_to(ctx, str(where)) if sent else place_of(ctx, where)
    except (ValueError, PeerError) as error:
        return str(error)
