"""What is signed (RFC 4474 section 9), and the header Identity-Info."""

from __future__ import annotations

import re

from siprouter.sip.message import Message
from siprouter.sip.names import H_DATE
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes

# absoluteURI in angle brackets, and parameters, of which alg counts
PARAM = r"""\s*;\s*[\w.!%*+`'~-]+\s*=\s*(?:"[^"]*"|[^\s;"]+)"""
IDENTITY_INFO = re.compile(rf"<\s*(https?://[!-;=?-~]+)\s*>((?:{PARAM})*)\s*", re.IGNORECASE)
ALG = re.compile(r';\s*alg\s*=\s*"?([^\s;"]+)', re.IGNORECASE)
RSA_SHA1 = "rsa-sha1"


def digest_string(msg: Message) -> bytes | None:
    """The octets that the signature of a message covers; None without Date. Raises PeerError."""
    date = msg.get(H_DATE)
    if date is None:
        return None
    contacts = msg.contacts()
    contact = contacts[0].uri if contacts and not contacts[0].star else ""
    parts = (
        msg.from_.uri,
        msg.to.uri,
        msg.call_id,
        f"{msg.cseq.number} {msg.cseq.method}",
        msg.value(date),
        contact,
    )
    return b"|".join([*map(to_bytes, parts), msg.body])


def parse_identity_info(text: str) -> tuple[str, str]:
    """(URL, algorithm in lower case) of Identity-Info; rsa-sha1 where it names none. Raises PeerError."""
    match = IDENTITY_INFO.fullmatch(text)
    if match is None:
        raise PeerError(436, "Bad Identity-Info")
    found = ALG.search(match[2])
    return match[1], found[1].lower() if found else RSA_SHA1
