"""A phone's side of digest authentication, written after RFC 2617 without the product's code."""

from __future__ import annotations

import hashlib
import re

HASHES = {"": "md5", "MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
PARAM = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


def h(algorithm: str, text: str) -> str:
    """A hash in hexadecimal digits."""
    return hashlib.new(HASHES[algorithm.removesuffix("-sess")], text.encode()).hexdigest()


def read_challenge(line: str) -> dict[str, str]:
    """The parameters of a challenge."""
    return {name: quoted or plain for name, quoted, plain in PARAM.findall(line)}


def answer(
    challenge: dict[str, str],
    method: str,
    request_uri: str,
    *,
    user: str = "alice",
    password: str = "wonderland",
    nc: int = 1,
    body: str = "",
    **changed: str,
) -> str:
    """The value of Authorization that answers a challenge; keywords exchange parameters after they were hashed."""
    algorithm = challenge.get("algorithm", "")
    realm, nonce, cnonce = challenge["realm"], challenge["nonce"], "c0ffee"
    qop = challenge.get("qop", "").split(",")[0]
    ha1 = h(algorithm, f"{user}:{realm}:{password}")
    if algorithm.endswith("-sess"):
        ha1 = h(algorithm, f"{ha1}:{nonce}:{cnonce}")
    a2 = f"{method}:{request_uri}" + (f":{h(algorithm, body)}" if qop == "auth-int" else "")
    middle = f"{nonce}:{nc:08x}:{cnonce}:{qop}" if qop else nonce
    params = {
        "username": f'"{user}"',
        "realm": f'"{realm}"',
        "nonce": f'"{nonce}"',
        "uri": f'"{request_uri}"',
        "response": f'"{h(algorithm, f"{ha1}:{middle}:{h(algorithm, a2)}")}"',
    }
    if algorithm:
        params["algorithm"] = algorithm
    if qop:
        params |= {"qop": qop, "nc": f"{nc:08x}"}
    if qop or algorithm.endswith("-sess"):
        params["cnonce"] = f'"{cnonce}"'
    params |= changed
    return "Digest " + ", ".join(f"{name}={value}" for name, value in params.items() if value)
