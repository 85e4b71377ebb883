"""fix_nated_sdp(): addresses and attributes of session descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.multipart import find_body
from siprouter.sip.names import H_CONTENT_TYPE
from siprouter.sip.sdp import Sdp, SdpAddress, parse_sdp
from siprouter.util.address import is_ipv6
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.nathelper.state import Nathelper
    from siprouter.sip.message import Message

ADD_DIRECTION = 1
FIX_CONNECTION = 2
ADD_NORTPPROXY = 4
FIX_ORIGIN = 8

ACTIVE = b"\r\na=direction:active"
OLD_ADDRESS = b"\r\na=oldmediaip:"


def find_sdp(msg: Message) -> tuple[int, int] | None:
    """Where the session description, or a body without Content-Type, is in `msg.buf`; no line ends at its end."""
    try:
        place = find_body(msg, "application/sdp")
    except PeerError:
        return None
    if place is None and msg.get(H_CONTENT_TYPE) is None:
        place = (msg.body_start, len(msg.buf))
    if place is None:
        return None
    start, end = place
    while end > start and msg.buf[end - 1] in b"\r\n":
        end -= 1
    return (start, end) if end > start else None


def fix_nated_sdp(inst: Nathelper, ctx: Context, flags: int, ip: str = "") -> int:
    """Changes the session description; `flags` is a sum of the numbers above, `ip` the new address (the source's).

    -1 where there is no session description, or no IPv4 address on a line that is to be changed.
    """
    msg: Message = ctx.msg
    place = find_sdp(msg)
    if place is None:
        inst.worker.log.error("fix_nated_sdp(): no session description", source="nathelper")
        return -1
    start, end = place
    sdp = parse_sdp(msg.buf[start:end])
    old = _addresses(sdp, flags)
    if old is None or any(address.family != 4 for address in old):
        inst.worker.log.error("fix_nated_sdp(): no IPv4 address to change", source="nathelper")
        return -1
    added = b""
    if flags & ADD_NORTPPROXY and inst.nortpproxy_line:
        added += b"\r\n" + to_bytes(inst.nortpproxy_line)
    if flags & ADD_DIRECTION:
        added += ACTIVE
    new = ip or ctx.source.ip
    for address in old:
        if address.address in ("0.0.0.0", new):
            continue
        added += OLD_ADDRESS + to_bytes(address.address)
        replace_address(msg, start, address, new)
    if added:
        msg.insert(end, added)
    return 1


def _addresses(sdp: Sdp, flags: int) -> list[SdpAddress] | None:
    """The addresses to change; None where a line to be changed has none."""
    found: list[SdpAddress] = []
    if flags & FIX_CONNECTION:
        if not sdp.connections:
            return None
        found += sdp.connections
    if flags & FIX_ORIGIN:
        if sdp.origin is None:
            return None
        found.append(sdp.origin)
    return found


def replace_address(msg: Message, body: int, address: SdpAddress, new: str) -> None:
    """Puts `new` in the place of an IPv4 address; the word IP4 in front of it follows the family."""
    msg.replace(body + address.start, address.end - address.start, to_bytes(new.strip("[]")))
    if is_ipv6(new):
        word = msg.buf.rfind(b"4", body, body + address.start)
        msg.replace(word, 1, b"6")
