"""Multipart bodies (RFC 2046 section 5.1) and finding the session description in a message."""

from dataclasses import dataclass

from siprouter.sip.content_type import parse_content_type
from siprouter.sip.errors import MessageError
from siprouter.sip.headers import HeaderBlock, scan_headers
from siprouter.sip.message import Message
from siprouter.sip.names import H_CONTENT_TYPE
from siprouter.util.text import to_bytes

MAX_PARTS = 100


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its header lines, and where its content is in the body: [start, end)."""

    headers: HeaderBlock
    start: int
    end: int

    def content_type(self) -> str:
        """``type/subtype`` in lower case; ``text/plain`` where there is no Content-Type. MessageError(400)."""
        header = self.headers.get(H_CONTENT_TYPE)
        if header is None:
            return "text/plain"
        return parse_content_type(self.headers.value(header)).essence


def parse_multipart(body: bytes, boundary: str) -> list[Part]:
    """The parts between the delimiters; a missing closing delimiter is forgiven.

    Raises MessageError(400) on an impossible boundary or more than 100 parts.
    """
    if not 1 <= len(boundary) <= 70:
        raise MessageError(400, "Bad Multipart Boundary")
    delimiter = b"--" + to_bytes(boundary)
    parts: list[Part] = []
    pos = _find_delimiter(body, delimiter, 0)
    while pos >= 0:
        content = pos + len(delimiter)
        if body[content : content + 2] == b"--":
            break
        newline = body.find(b"\n", content)
        if newline < 0:
            break
        following = _find_delimiter(body, delimiter, newline)
        end = following if following >= 0 else len(body)
        if len(parts) >= MAX_PARTS:
            raise MessageError(400, "Too Many Body Parts")
        parts.append(_part(body, newline + 1, max(_before_line_end(body, end) if following >= 0 else end, newline + 1)))
        pos = following
    return parts


def _find_delimiter(body: bytes, delimiter: bytes, start: int) -> int:
    """The place of the next line that starts with the delimiter and has nothing else but ``--`` and white space."""
    pos = body.find(delimiter, start)
    while pos >= 0:
        if pos == 0 or body[pos - 1] == 10:
            stop = body.find(b"\n", pos)
            rest = body[pos + len(delimiter) : stop if stop >= 0 else len(body)]
            if rest.rstrip(b" \t\r") in (b"", b"--"):
                return pos
        pos = body.find(delimiter, pos + 1)
    return -1


def _before_line_end(body: bytes, pos: int) -> int:
    """`pos` is the start of a line; the place before the line end in front of it, which belongs to the delimiter."""
    pos -= 1
    return pos - 1 if pos > 0 and body[pos - 1] == 13 else pos


def _part(body: bytes, start: int, end: int) -> Part:
    headers = scan_headers(body, start, end)
    return Part(headers, min(headers.body_start, end), end)


def find_body(msg: Message, content_type: str) -> tuple[int, int] | None:
    """Where in `msg.buf` the body, or body part, of this type (``application/sdp``) is; None where there is none.

    Nested multiparts are not searched. Raises MessageError(400) on a malformed Content-Type.
    """
    header = msg.get(H_CONTENT_TYPE)
    if header is None or msg.body_start >= msg.length:
        return None
    declared = parse_content_type(msg.value(header))
    if declared.essence == content_type:
        return msg.body_start, msg.length
    if declared.type != "multipart":
        return None
    for part in parse_multipart(msg.body, declared.params.get("boundary", "")):
        if part.content_type() == content_type:
            return msg.body_start + part.start, msg.body_start + part.end
    return None
