"""The checks, each a bit of `sanity_check(checks)`.

The parser makes some of them on every message, long before any script runs: the version in the request line (505), the
headers that every request has, the method and number of CSeq, and a Content-Length beyond what came (all 400). Their
bits are known here, and find nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.sip.auth import AuthParams, parse_auth
from siprouter.sip.lists import list_values
from siprouter.sip.message import Message
from siprouter.sip.names import H_AUTHORIZATION, H_EXPIRES, H_PROXY_AUTHORIZATION, H_PROXY_REQUIRE
from siprouter.sip.uri import U_OTHER
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context

RURI_VERSION = 1
RURI_SCHEME = 2
REQUIRED_HEADERS = 4
VIA_VERSION = 8
VIA_PROTOCOL = 16
CSEQ_METHOD = 32
CSEQ_VALUE = 64
CONTENT_LENGTH = 128
EXPIRES = 256
PROXY_REQUIRE = 512
URIS = 1024
DIGEST = 2048
ALL_CHECKS = 4095
REPLY_CHECKS = VIA_VERSION | VIA_PROTOCOL | CONTENT_LENGTH | EXPIRES | URIS
"""what may find something in a reply"""
KNOWN_CHECKS = 32767
"""with those of later versions, which scripts may ask for"""

URI_REQUEST = 1
URI_FROM = 2
URI_TO = 4
URI_CONTACT = 8
ALL_URIS = 15

VIA_TRANSPORTS = frozenset(("UDP", "TCP", "TLS", "SCTP", "WS", "WSS"))
MAX_EXPIRES = 0xFFFFFFFF
DIGEST_PARAMS = ("username", "realm", "nonce", "uri", "response")


class Failure:
    """What is wrong, as the answer that the request gets; `headers` are whole lines. Immutable."""

    __slots__ = ("headers", "reason", "status")

    def __init__(self, status: int, reason: str, headers: bytes = b"") -> None:
        self.status = status
        self.reason = reason
        self.headers = headers


def check_scheme(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """The present request URI can be parsed, and its scheme is one that we know."""
    try:
        uri = ctx.parsed_uri
    except PeerError:
        return Failure(400, "Bad Request URI")
    return Failure(416, "Unsupported URI Scheme in Request URI") if uri.kind == U_OTHER else None


def check_via_version(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """The top Via says SIP 2.0."""
    msg: Message = ctx.msg
    version = msg.via.text.split("/", 2)[1].strip()
    return None if version == "2.0" else Failure(505, "Version Not Supported (Via)")


def check_via_protocol(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """The transport of the top Via is one that there is."""
    msg: Message = ctx.msg
    known = msg.via.transport in VIA_TRANSPORTS
    return None if known else Failure(400, "Unsupported Transport in Topmost Via")


def check_content_length(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """Nothing lies behind the body."""
    msg: Message = ctx.msg
    return Failure(400, "Content-Length mis-match") if msg.surplus else None


def check_expires(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """Expires is a number of seconds below 2**32."""
    msg: Message = ctx.msg
    for header in msg.all(H_EXPIRES):
        text = msg.value(header)
        if not text:
            return Failure(400, "Missing number in Expires header")
        if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MAX_EXPIRES:
            return Failure(400, "Expires value is illegal")
    return None


def check_proxy_require(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """Proxy-Require names only extensions that we know; the answer lists the others (RFC 3261 section 16.3)."""
    msg: Message = ctx.msg
    if msg.get(H_PROXY_REQUIRE) is None:
        return None
    try:
        tags = list_values(msg, H_PROXY_REQUIRE)
    except PeerError:
        tags = []
    if not tags:
        return Failure(400, "Bad Proxy-Require Header")
    unknown = [tag for tag in tags if tag.lower() not in extensions]
    if not unknown:
        return None
    line = f"Unsupported: {', '.join(unknown)}\r\n"
    return Failure(420, "Bad Extension", line.encode("utf-8", "surrogateescape"))


def check_uris(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """The URIs that `uris` names can be parsed, and have a scheme that we know."""
    msg: Message = ctx.msg
    wrong = "Request"
    try:
        if uris & URI_REQUEST:
            uri = ctx.parsed_uri
            if uri.kind == U_OTHER:
                return Failure(400, "Bad Request URI")
        wrong = "From"
        if uris & URI_FROM:
            uri = msg.from_.parsed_uri
            if uri.kind == U_OTHER:
                return Failure(400, "Bad From URI")
        wrong = "To"
        if uris & URI_TO:
            uri = msg.to.parsed_uri
            if uri.kind == U_OTHER:
                return Failure(400, "Bad To URI")
    except PeerError:
        return Failure(400, f"Bad {wrong} URI")
    return _check_contacts(msg) if uris & URI_CONTACT else None


def _check_contacts(msg: Message) -> Failure | None:
    try:
        contacts = msg.contacts()
    except PeerError:
        return Failure(400, "Bad Contact Header")
    try:
        for contact in contacts:
            if not contact.star and contact.parsed_uri.kind == U_OTHER:
                return Failure(400, "Bad Contact URI")
    except PeerError:
        return Failure(400, "Bad Contact URI")
    return None


def check_digest(ctx: Context, uris: int, extensions: frozenset[str]) -> Failure | None:
    """All digest credentials have what it takes to check them (RFC 2617 section 3.2.2). Other schemes pass."""
    msg: Message = ctx.msg
    for kind in (H_AUTHORIZATION, H_PROXY_AUTHORIZATION):
        for header in msg.all(kind):
            try:
                credentials = parse_auth(msg.value(header))
            except PeerError:
                return Failure(400, "Bad Auth Header")
            failure = _check_credentials(credentials) if credentials.is_digest else None
            if failure is not None:
                return failure
    return None


def _check_credentials(credentials: AuthParams) -> Failure | None:
    given = credentials.params
    complete = all(name in given for name in DIGEST_PARAMS)
    if complete and credentials.get("qop").lower() in ("auth", "auth-int"):
        complete = "cnonce" in given and "nc" in given
    if not complete:
        return Failure(400, "Bad Auth Credentials")
    for name, what in (("username", "User"), ("nonce", "Nonce"), ("response", "Response")):
        if not given[name]:
            return Failure(400, f"Auth Empty {what}")
    return None


Check = Callable[["Context", int, frozenset[str]], Failure | None]
"""`uris`: bits of the URIs to look at; `extensions`: those that we know, in lower case"""

CHECKS: tuple[tuple[int, Check], ...] = (
    (RURI_SCHEME, check_scheme),
    (VIA_VERSION, check_via_version),
    (VIA_PROTOCOL, check_via_protocol),
    (CONTENT_LENGTH, check_content_length),
    (EXPIRES, check_expires),
    (PROXY_REQUIRE, check_proxy_require),
    (URIS, check_uris),
    (DIGEST, check_digest),
)
"""in the order in which they are made; the first that fails decides"""


def select_checks(bits: int) -> tuple[Check, ...]:
    """The checks that a sum of bits asks for."""
    return tuple(check for bit, check in CHECKS if bits & bit)
