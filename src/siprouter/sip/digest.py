"""Digest authentication: what is hashed (RFC 2617, RFC 7616, RFC 8760). No clock, no randomness, no storage."""

import hashlib
from hmac import compare_digest

from siprouter.sip.auth import AuthParams
from siprouter.util.text import to_bytes

try:
    # for texts as short as ours the one in OpenSSL takes three times as long
    from _md5 import md5 as _plain_md5  # type: ignore[import-not-found]
except ImportError:
    _plain_md5 = hashlib.md5


def _md5(data: bytes) -> str:
    digest: str = _plain_md5(data, usedforsecurity=False).hexdigest()
    return digest


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha512_256(data: bytes) -> str:
    return hashlib.new("sha512_256", data).hexdigest()


_HASHES = {"md5": _md5, "sha-256": _sha256, "sha-512-256": _sha512_256}


def is_known_algorithm(algorithm: str) -> bool:
    """Whether the algorithm (with or without ``-sess``; "" is MD5) can be computed."""
    return _base(algorithm) in _HASHES


def _base(algorithm: str) -> str:
    if not algorithm:
        return "md5"
    name = algorithm.lower()
    return name.removesuffix("-sess")


def hash_hex(algorithm: str, data: bytes) -> str:
    """The algorithm's hash in lower-case hexadecimal digits. KeyError for one that is not known."""
    return _HASHES[_base(algorithm)](data)


def _joined(algorithm: str, text: str) -> str:
    return hash_hex(algorithm, to_bytes(text))


def compute_ha1(username: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """H(username:realm:password), as it may be kept in place of the password."""
    return _joined(algorithm, f"{username}:{realm}:{password}")


def compute_response(
    ha1: str,
    method: str,
    uri: str,
    nonce: str,
    *,
    algorithm: str = "MD5",
    qop: str = "",
    nc: str = "",
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """The response to a challenge. `ha1` is that of `compute_ha1`; `qop` is "", "auth" or "auth-int"."""
    return _response(ha1, method, uri, nonce, algorithm, qop, nc, cnonce, body)


def _response(
    ha1: str, method: str, uri: str, nonce: str, algorithm: str, qop: str, nc: str, cnonce: str, body: bytes
) -> str:
    if algorithm and algorithm.lower().endswith("-sess"):
        ha1 = _joined(algorithm, f"{ha1}:{nonce}:{cnonce}")
    if qop.lower() == "auth-int":
        hashed = _joined(algorithm, f"{method}:{uri}:{hash_hex(algorithm, body)}")
    else:
        hashed = _joined(algorithm, f"{method}:{uri}")
    if not qop:
        return _joined(algorithm, f"{ha1}:{nonce}:{hashed}")
    return _joined(algorithm, f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{hashed}")


def check_response(credentials: AuthParams, ha1: str, method: str, body: bytes = b"") -> bool:
    """Whether the credentials prove knowledge of `ha1`; takes the same time for every wrong answer."""
    algorithm = credentials.get("algorithm")
    if not is_known_algorithm(algorithm):
        return False
    expected = _response(
        ha1,
        method,
        credentials.get("uri"),
        credentials.get("nonce"),
        algorithm,
        credentials.get("qop"),
        credentials.get("nc"),
        credentials.get("cnonce"),
        body,
    )
    return compare_digest(expected.encode(), to_bytes(credentials.get("response").lower()))


def build_challenge(
    realm: str, nonce: str, *, algorithm: str = "", qop: str = "", opaque: str = "", stale: bool = False
) -> str:
    """The value of a WWW-Authenticate or Proxy-Authenticate header."""
    parts = [f'Digest realm="{realm}"', f'nonce="{nonce}"']
    if opaque:
        parts.append(f'opaque="{opaque}"')
    if qop:
        parts.append(f'qop="{qop}"')
    if stale:
        parts.append("stale=true")
    if algorithm:
        parts.append(f"algorithm={algorithm}")
    return ", ".join(parts)


def build_credentials(
    challenge: AuthParams,
    username: str,
    ha1: str,
    method: str,
    uri: str,
    *,
    cnonce: str = "",
    nonce_count: int = 1,
    body: bytes = b"",
) -> str:
    """The value of the Authorization or Proxy-Authorization header that answers `challenge`.

    "auth" is preferred where it is offered; a `cnonce` is needed for any qop and for ``-sess`` algorithms.
    """
    offered = [option.strip().lower() for option in challenge.get("qop").split(",")]
    qop = next((option for option in ("auth", "auth-int") if option in offered), "")
    algorithm = challenge.get("algorithm")
    nc = f"{nonce_count:08x}"
    response = compute_response(
        ha1, method, uri, challenge.get("nonce"), algorithm=algorithm, qop=qop, nc=nc, cnonce=cnonce, body=body
    )
    parts = [
        f'Digest username="{username}"', f'realm="{challenge.realm}"', f'nonce="{challenge.get("nonce")}"',
        f'uri="{uri}"', f'response="{response}"',
    ]  # fmt: skip
    if algorithm:
        parts.append(f"algorithm={algorithm}")
    if challenge.get("opaque"):
        parts.append(f'opaque="{challenge.get("opaque")}"')
    if qop:
        parts += [f"qop={qop}", f"nc={nc}"]
    if qop or algorithm.lower().endswith("-sess"):
        parts.append(f'cnonce="{cnonce}"')
    return ", ".join(parts)
