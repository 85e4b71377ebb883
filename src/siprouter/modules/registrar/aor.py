"""The address of record: the key under which contacts are stored (RFC 3261 section 10.3 step 5)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from siprouter.modules.registrar.rejection import AOR_PARSE, AOR_TOO_LONG, UNESCAPE, Rejected
from siprouter.sip.uri import U_OTHER, U_URN, Uri
from siprouter.util.text import to_bytes, to_str

MAX_USER = 256
MAX_HOST = 256


_BROKEN = re.compile("%(?![0-9A-Fa-f]{2})")
_KEPT = re.compile("%(?:[01][0-9A-F]|7F|25)", re.IGNORECASE)


def unescape_user(user: str) -> str:
    """`user` with its %-escapes undone. Raises Rejected for a broken escape.

    Control characters, which RFC 4475 section 3.1.1.4 has in a valid request, would end up in lists and logs: their
    escapes stay, and so does that of "%" itself, so that no two users become one.
    """
    if _BROKEN.search(user):
        raise Rejected(*UNESCAPE)
    kept = _KEPT.sub(lambda match: "%25" + match[0][1:].upper(), user)
    return to_str(unquote_to_bytes(to_bytes(kept)))


def make_aor(uri: Uri, use_domain: bool, realm_prefix: str, case_sensitive: bool) -> str:
    """The key for a URI: user, or user@host without `realm_prefix`; lower case but for the user where that counts.

    Raises Rejected.
    """
    if uri.kind == U_OTHER or uri.kind == U_URN:
        raise Rejected(*AOR_PARSE)
    user = uri.user
    host = uri.host
    if len(user) > MAX_USER or len(host) > MAX_HOST:
        raise Rejected(*AOR_TOO_LONG)
    if "%" in user:
        user = unescape_user(user)
    if not case_sensitive:
        user = user.lower()
    if not use_domain:
        return user
    if realm_prefix and len(host) > len(realm_prefix) and host.startswith(realm_prefix):
        host = host[len(realm_prefix) :]
    host = host.lower()
    return f"{user}@{host}" if user else host
