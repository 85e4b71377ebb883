"""LDAP URLs (RFC 4516) and the escaping of what goes into them (RFC 4514, 4515). No I/O."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from siprouter.db.ldap_session import BASE, ONE, SUBTREE, Search
from siprouter.util.text import to_bytes, to_str

SCHEME = "ldap://"
SCOPES = {"": BASE, "base": BASE, "one": ONE, "onelevel": ONE, "sub": SUBTREE, "subtree": SUBTREE}
MAX_URL = 65_536

_IN_FILTER = re.compile(r"[*()\\\0]")
_IN_URL = re.compile(r"[?%#\0-\x20\x7f]")
_IN_DN = re.compile(r"[,+\"\\<>;=\0]|^[ #]| $")
_NAME = re.compile(r"[A-Za-z0-9.;_*+-]+")


def parse_url(url: str) -> tuple[str, Search]:
    """`ldap://session/dn?attributes?scope?filter` as session and search. Raises ValueError."""
    if len(url) > MAX_URL:
        raise ValueError("the URL is too long")
    if url[: len(SCHEME)].lower() != SCHEME:
        raise ValueError(f"an LDAP URL begins with {SCHEME}")
    session, _, rest = url[len(SCHEME) :].partition("/")
    if not session:
        raise ValueError("the URL names no session")
    parts = rest.split("?")
    if len(parts) > 5:
        raise ValueError("a ? within a part of an LDAP URL is written %3F")
    dn, attributes, scope, filter, extensions = [decode(part) for part in (*parts, "", "", "", "", "")[:5]]
    if any(item.lstrip().startswith("!") for item in extensions.split(",")):
        raise ValueError(f"the extension {extensions} is not known")
    if scope.lower() not in SCOPES:
        raise ValueError(f"the scope must be base, one or sub, found '{scope[:32]}'")
    names = tuple(name for name in attributes.split(",") if name)
    wrong = next((name for name in names if not _NAME.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError(f"'{wrong[:32]}' is no name of an attribute")
    if "\0" in dn + filter:
        raise ValueError("there is a NUL in the URL")
    return session, Search(dn, SCOPES[scope.lower()], filter, names)


def decode(text: str) -> str:
    """Without percent-encoding."""
    return to_str(unquote_to_bytes(to_bytes(text))) if "%" in text else text


def escape_filter(text: str) -> str:
    """A value within a filter (RFC 4515 section 3)."""
    return _IN_FILTER.sub(lambda match: f"\\{ord(match[0]):02x}", text)


def escape_dn(text: str) -> str:
    """A value within a distinguished name (RFC 4514 section 2.4)."""
    return _IN_DN.sub(lambda match: f"\\{ord(match[0]):02X}" if match[0] == "\0" else f"\\{match[0]}", text)


def encode(text: str) -> str:
    """Text within a part of a URL: what would end the part, or be decoded, is percent-encoded."""
    return _IN_URL.sub(lambda match: f"%{ord(match[0]):02X}", text)


def encode_filter_value(text: str) -> str:
    """A value for the filter of a URL: what ldap_filter_url_encode() gives."""
    return encode(escape_filter(text))
