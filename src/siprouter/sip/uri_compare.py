"""Whether two URIs are equal (RFC 3261 section 19.1.4, RFC 3966 section 4)."""

from siprouter.sip.escape import UNRESERVED, parse_uri_headers
from siprouter.sip.uri import U_TEL, Uri

# A parameter of these names in one URI only makes the two differ; others count only where both have them.
_DECISIVE = ("user", "ttl", "method", "maddr", "transport")
_SEPARATORS = str.maketrans("", "", "-.()")


def uris_equal(a: Uri, b: Uri) -> bool:
    """Compares part by part: user and password with case, all else without; escapes of unreserved characters resolved.

    A port that is absent differs from one that is the default. URIs of other schemes are compared as text.
    """
    if a.scheme != b.scheme:
        return False
    if a.is_sip:
        return (
            _plain(a.user) == _plain(b.user)
            and _plain(a.password) == _plain(b.password)
            and a.host.lower() == b.host.lower()
            and a.port == b.port
            and _same_params(a.param_dict(), b.param_dict())
            and _same_headers(a.headers, b.headers)
        )
    if a.kind == U_TEL:
        return _number(a.user) == _number(b.user) and _folded(a.param_dict()) == _folded(b.param_dict())
    return a.text.partition(":")[2] == b.text.partition(":")[2]


def _plain(text: str) -> str:
    """Resolves the escapes that need not be there and writes the others in upper case."""
    if "%" not in text:
        return text
    parts = text.split("%")
    found = [parts[0]]
    for part in parts[1:]:
        try:
            octet = int(part[:2], 16) if len(part) >= 2 else -1
        except ValueError:
            octet = -1
        if octet in UNRESERVED:
            found.append(chr(octet) + part[2:])
        elif octet >= 0:
            found.append(f"%{octet:02X}{part[2:]}")
        else:
            found.append("%" + part)
    return "".join(found)


def _folded(params: dict[str, str]) -> dict[str, str]:
    return {_plain(name).lower(): _plain(value).lower() for name, value in params.items()}


def _same_params(first: dict[str, str], second: dict[str, str]) -> bool:
    if not first and not second:
        return True
    a, b = _folded(first), _folded(second)
    if any((name in a) != (name in b) for name in _DECISIVE):
        return False
    return all(b[name] == value for name, value in a.items() if name in b)


def _same_headers(a: str, b: str) -> bool:
    if not a and not b:
        return True
    return sorted((name.lower(), value) for name, value in parse_uri_headers(a)) == sorted(
        (name.lower(), value) for name, value in parse_uri_headers(b)
    )


def _number(text: str) -> str:
    return text.translate(_SEPARATORS).lower()
