"""What messages look like in the silo and when they leave it. No database, no network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siprouter.core.values import Value
from siprouter.db.values import to_text
from siprouter.sip.content_type import parse_content_type
from siprouter.sip.date import format_date
from siprouter.sip.errors import MessageError
from siprouter.sip.lists import list_values, split_list
from siprouter.sip.names import H_ALLOW, H_CONTENT_TYPE, H_EXPIRES
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.sip.message import Message

PLAIN = "text/plain"
CPIM = "message/cpim"
TIME_DIGITS = 14
_END_OF_TIME = 0x7FFFFFFF


def content_type(msg: Message) -> str:
    """The content type without parameters; what clients must show as text counts as such. Raises MessageError."""
    header = msg.get(H_CONTENT_TYPE)
    if header is None:
        raise MessageError(400, "No Content-Type")
    found = parse_content_type(msg.value(header)).essence
    return PLAIN if found == CPIM else found


def lifetime(msg: Message, longest: int) -> int:
    """Seconds that the sender wants the message to be kept, within what we allow."""
    header = msg.get(H_EXPIRES)
    text = msg.value(header).strip() if header is not None else ""
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return min(wanted, longest) if wanted else longest


def parse_send_time(value: Value) -> int:
    """`YYYYMMDDHHMMSS` in local time as seconds since 1970. Raises ValueError."""
    text = str(value)
    if len(text) != TIME_DIGITS or not (text.isascii() and text.isdigit()):
        raise ValueError(f"expected YYYYMMDDHHMMSS, found '{text[:32]}'")
    try:
        seconds = int(time.mktime(time.strptime(text, "%Y%m%d%H%M%S")))
    except (ValueError, OverflowError):
        raise ValueError(f"there is no time {text}") from None
    if not 0 < seconds <= _END_OF_TIME:
        raise ValueError(f"{text} does not fit the column")
    return seconds


def takes_messages(msg: Message) -> bool:
    """Whether a REGISTER brings a contact that stays and can receive MESSAGE, as far as it says.

    A contact says so by its parameter `methods`; Allow speaks for those without. Raises MessageError.
    """
    contacts = msg.contacts()
    if not contacts or contacts[0].star:
        return False
    allowed = list_values(msg, H_ALLOW)
    expires = msg.get(H_EXPIRES)
    usual = msg.value(expires).strip() if expires is not None else ""
    for contact in contacts:
        if _is_zero(contact.params.get("expires") or usual):
            continue
        methods = contact.params.get("methods")
        names = split_list(methods.strip('"')) if methods else allowed
        if "MESSAGE" in names or (not methods and msg.get(H_ALLOW) is None):
            return True
    return False


def _is_zero(text: str) -> bool:
    return bool(text) and not text.strip("0")


def dated(body: bytes, kind: str, seconds: int) -> bytes:
    """The body behind a note of when it came, or was to be sent."""
    return b"[%s - %s] %s" % (kind.encode(), time.asctime(time.localtime(seconds)).encode(), body)


def header_lines(text: str) -> bytes:
    """Header lines as operators write them: each ends with CRLF, and none of them is empty."""
    lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
    return b"".join(to_bytes(line) + b"\r\n" for line in lines)


def build_headers(ctype: str, date: int = 0, contact: str = "", extra: str = "") -> bytes:
    """The header lines of a message that leaves the silo; `date` 0 and `contact` "": without."""
    lines = [f"Date: {format_date(date)}"] if date else []
    if ctype:
        lines.append(f"Content-Type: {ctype}")
    if contact:
        lines.append(f"Contact: <{contact}>")
    return header_lines("\n".join([*lines, extra]))


def checked_uri(text: str) -> str:
    """A URI out of the database that may stand in a request. Raises PeerError."""
    parse_uri(text)
    if any(character in text for character in "<>\r\n \t\0"):
        raise PeerError(500, "Bad URI In Silo")
    return text


def usable_contact(msg: Message) -> str:
    """The sender's Contact where a note can be sent to it, else ""."""
    try:
        contacts = msg.contacts()
        uri = contacts[0].uri if contacts and not contacts[0].star else ""
        return checked_uri(uri) if uri.startswith("sip:") else ""
    except PeerError:
        return ""


def octets(value: object) -> bytes:
    """The body in a column of any type."""
    return value if isinstance(value, bytes) else to_bytes(to_text(value))
