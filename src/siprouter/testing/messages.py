"""SIP messages from a few words: what a test cares about is said, everything else is filled in correctly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from siprouter.core.outgoing import reason_phrase
from siprouter.sip.message import Message, parse_message
from siprouter.util.text import to_bytes

SDP = (
    "v=0\r\n"
    "o=- 1 1 IN IP4 {ip}\r\n"
    "s=-\r\n"
    "c=IN IP4 {ip}\r\n"
    "t=0 0\r\n"
    "m=audio 40000 RTP/AVP 0 8 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
)

Headers = Mapping[str, Any] | Iterable[tuple[str, str]]
"""name to value, or to several values; or pairs in order"""


CALL_HOST = "@test"
"""what Call-IDs end in"""


def unique(prefix: str) -> str:
    """A word that no other call gave."""
    return f"{prefix}{token_hex(5)}"


def _lines(headers: Headers | None) -> list[str]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    lines: list[str] = []
    for name, value in pairs:
        values = [str(value)] if isinstance(value, str | int) else list(value)
        lines += [f"{name}: {item}" for item in values]
    return lines


def build_message(
    method: str,
    uri: str,
    *,
    from_: str = "sip:alice@example.org",
    to: str | None = None,
    from_tag: str | None = None,
    to_tag: str | None = None,
    call_id: str | None = None,
    call_host: str = CALL_HOST,
    cseq: int = 1,
    via: str | Iterable[str] | None = None,
    branch: str | None = None,
    contact: str | None = None,
    max_forwards: int | None = 70,
    route: str | Iterable[str] = (),
    headers: Headers | None = None,
    body: str | bytes = b"",
    content_type: str | None = None,
    sent_by: str = "192.0.2.1:5060",
    transport: str = "UDP",
) -> bytes:
    """One request. `headers` are added after the usual ones; a body without `content_type` counts as SDP.

    `via` replaces the Via that would be made of `transport`, `sent_by` and `branch`; None for `max_forwards` leaves it
    out. From tag, Call-ID and branch are made up where they are not given, different in each message. The Call-ID ends
    in `call_host`.
    """
    branch = branch or unique("z9hG4bK-test-")
    vias = [via] if isinstance(via, str) else list(via or [f"SIP/2.0/{transport} {sent_by};branch={branch}"])
    routes = [route] if isinstance(route, str) else list(route)
    lines = [f"{method} {uri} SIP/2.0"]
    lines += [f"Via: {item}" for item in vias]
    lines += [f"Route: {item}" for item in routes]
    if max_forwards is not None:
        lines.append(f"Max-Forwards: {max_forwards}")
    lines.append(f"From: <{from_}>;tag={from_tag or unique('from-')}")
    lines.append(f"To: <{to or uri}>" + (f";tag={to_tag}" if to_tag else ""))
    lines.append(f"Call-ID: {call_id or unique('call-')}{call_host}")
    lines.append(f"CSeq: {cseq} {method}")
    if contact is not None:
        lines.append(f"Contact: {contact}")
    lines += _lines(headers)
    data = to_bytes(body) if isinstance(body, str) else body
    if data:
        lines.append(f"Content-Type: {content_type or 'application/sdp'}")
    lines.append(f"Content-Length: {len(data)}")
    return to_bytes("\r\n".join(lines) + "\r\n\r\n") + data


def reply_to(
    request: bytes | Message,
    status: int,
    reason: str = "",
    *,
    to_tag: str | None = None,
    contact: str | None = None,
    headers: Headers | None = None,
    body: str | bytes = b"",
    content_type: str | None = None,
) -> bytes:
    """The reply that a user agent gives to `request` (RFC 3261 8.2.6).

    Via, From, To, Call-ID and CSeq are those of the request, Record-Route too in replies from 101 to 299. `to_tag` is
    added where the request has none, and not to a 100.
    """
    msg = request if isinstance(request, Message) else parse_message(request)
    lines = [f"SIP/2.0 {status} {reason or reason_phrase(status)}"]
    for header in msg.headers:
        name = msg.buf[header.name_start : header.name_end].decode().strip()
        value = msg.value(header)
        if name.lower() in ("to", "t") and status > 100 and to_tag and not msg.to.tag:
            value += f";tag={to_tag}"
        if name.lower() in _COPIED or (name.lower() == "record-route" and 100 < status < 300):
            lines.append(f"{name}: {value}")
    if contact is not None:
        lines.append(f"Contact: {contact}")
    lines += _lines(headers)
    data = to_bytes(body) if isinstance(body, str) else body
    if data:
        lines.append(f"Content-Type: {content_type or 'application/sdp'}")
    lines.append(f"Content-Length: {len(data)}")
    return to_bytes("\r\n".join(lines) + "\r\n\r\n") + data


_COPIED = frozenset(("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq"))
