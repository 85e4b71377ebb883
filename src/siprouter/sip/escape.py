"""Percent escapes of URIs (RFC 3261 section 25.1: escaped, unreserved and friends)."""

import re

from siprouter.util.text import to_bytes

_ALPHANUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MARK = "-_.!~*'()"
UNRESERVED = frozenset((_ALPHANUM + _MARK).encode())
USER_CHARS = UNRESERVED | frozenset(b"&=+$,;?/")
PARAM_CHARS = UNRESERVED | frozenset(b"[]/:&+$")
HEADER_CHARS = UNRESERVED | frozenset(b"[]/?:+$")

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def escape(text: str, allowed: frozenset[int]) -> str:
    """Everything but the octets in `allowed` as ``%XX``."""
    return "".join(chr(octet) if octet in allowed else f"%{octet:02X}" for octet in to_bytes(text))


def escape_user(text: str) -> str:
    """Text made fit for the user part of a SIP URI."""
    return escape(text, USER_CHARS)


def escape_param(text: str) -> str:
    """Text made fit for the name or value of a URI parameter."""
    return escape(text, PARAM_CHARS)


def escape_header(text: str) -> str:
    """Text made fit for the name or value of a URI header."""
    return escape(text, HEADER_CHARS)


def unescape_uri(text: str) -> str:
    """Resolves ``%XX``; what is no escape stays as it is."""
    if "%" not in text:
        return text
    data = to_bytes(text)
    return _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), data).decode("utf-8", "surrogateescape")


def parse_uri_headers(headers: str) -> list[tuple[str, str]]:
    """The part of a URI behind ``?``: names and values with their escapes resolved."""
    found = []
    for part in headers.split("&"):
        name, _, value = part.partition("=")
        if name:
            found.append((unescape_uri(name), unescape_uri(value)))
    return found
