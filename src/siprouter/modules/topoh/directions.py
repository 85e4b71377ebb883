"""The marks that messages carry inside the router: which way they go.

A header `TH` on what was received, taken off when it leaves, and a parameter `TH` at the end of the Via it came with,
which the masked Via keeps until the reply comes back. The first letter of a mark is the way of the request: `d` to who
was called, `u` to who called. The last is where it stands: `h` the header, `v` the Via.
"""

from __future__ import annotations

from siprouter.sip.message import Message
from siprouter.sip.via import Via

NAME = "TH"
DOWN = "d"
UP = "u"
INITIAL, IN_DIALOG = "i", "c"
LOCAL = "l"
"""a request of our own within a dialog: `dl` goes to who was called"""
_PARAM = b";TH="
_KNOWN = frozenset((DOWN, UP))


def request_mark(msg: Message) -> str:
    """The mark of a received request."""
    if not msg.to.tag:
        return DOWN + INITIAL
    return (UP if comes_back(msg) else DOWN) + IN_DIALOG


def comes_back(msg: Message) -> bool:
    """Whether a request within a dialog comes from who was called: its first Route names the From tag of who called."""
    routes = msg.routes()
    if not routes:
        return False
    tag = routes[0].parsed_uri.param("ftag")
    return tag is not None and tag != msg.from_.tag


def reply_mark(request: str) -> str:
    """The mark of the reply to a request with this one: the other way."""
    return (DOWN if request.startswith(UP) else UP) + IN_DIALOG


def put_marks(msg: Message, mark: str) -> None:
    """Mark a received message; headers of that name that a peer sent are taken off."""
    take_header_off(msg)
    msg.append_header(f"{NAME}: {mark}h\r\n".encode())
    msg.insert(msg.via.end, _PARAM + f"{mark}v".encode())


def header_mark(msg: Message) -> str:
    """The mark of a header, "" without one."""
    found = msg.find(NAME)
    value = msg.value(found[0]) if found else ""
    return value if value[:1] in _KNOWN else ""


def take_header_off(msg: Message) -> None:
    """Take all headers of that name away."""
    for header in msg.find(NAME):
        msg.delete(header.name_start, header.line_end - header.name_start)


def via_mark(via: bytes) -> str:
    """The mark at the end of a Via value, "" without one; one that the peer wrote comes before ours."""
    _, sign, value = via.rpartition(_PARAM)
    mark = value.partition(b";")[0].decode("utf-8", "replace")
    return mark if sign and len(mark) == 3 and mark[0] in _KNOWN and mark[2] == "v" else ""


def unmarked_via(msg: Message, via: Via) -> bytes:
    """The octets of a Via of this message without our mark."""
    text = msg.buf[via.start : via.end]
    mark = via_mark(text)
    if not mark:
        return text
    before, _, after = text.rpartition(_PARAM)
    return before + after[len(mark) :]
