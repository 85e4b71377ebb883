"""Digest credentials (RFC 7616 section 3.4) as far as pseudo-variables show them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARAM = re.compile(r'\s*([\w.!%*+`\'~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a digest says about who and what for; "" where it says nothing."""

    username: str = ""
    realm: str = ""
    uri: str = ""


def parse_credentials(value: str) -> Credentials | None:
    """The value of an Authorization header; None for another scheme than Digest or a malformed list."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    pos = 0
    while pos < len(rest):
        match = _PARAM.match(rest, pos)
        if match is None:
            return None
        name, quoted, plain = match.groups()
        found.setdefault(name.lower(), plain if quoted is None else quoted)
        pos = match.end()
    return Credentials(found.get("username", ""), found.get("realm", ""), found.get("uri", ""))
