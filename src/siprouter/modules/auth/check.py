"""One check of credentials: where it stands, and the credentials themselves."""

from __future__ import annotations

from siprouter.sip.auth import AuthParams, parse_auth
from siprouter.sip.digest import is_known_algorithm
from siprouter.sip.errors import MessageError
from siprouter.sip.message import Message
from siprouter.sip.names import H_AUTHORIZATION, H_PROXY_AUTHORIZATION, M_ACK, M_CANCEL, M_PRACK

PASSED = 1
GO_ON = 0
NO_CREDENTIALS = -1
BAD_CREDENTIALS = -2
BAD_NONCE = -3

# an ACK has no reply, a CANCEL the CSeq of another request, and PRACK confirms what was let in
EXEMPT = frozenset((M_ACK, M_CANCEL, M_PRACK))

MAX_HEADERS = 16
RESPONSE_LENGTHS = {"md5": 32, "sha-256": 64, "sha-512-256": 64}
QOPS = ("", "auth", "auth-int")


class Check:
    """A request on its way through authentication.

    `state`: PASSED (such requests need no credentials), GO_ON (compare the password next), NO_CREDENTIALS (none of
    the realm), BAD_CREDENTIALS (malformed, or of an algorithm not offered), BAD_NONCE (not made here).
    `stale`: right or not, they have to be asked for again; set before GO_ON, or by a replay that `accept` finds.
    """

    __slots__ = ("credentials", "nonce_count", "number", "proxy", "realm", "stale", "state", "value")

    def __init__(self, realm: str, proxy: bool) -> None:
        self.realm = realm
        self.proxy = proxy
        self.state = GO_ON
        self.stale = False
        self.credentials = AuthParams("", {})
        self.value = ""
        self.number = -1
        self.nonce_count = -1

    @property
    def header_id(self) -> int:
        """The header that the credentials stand in."""
        return H_PROXY_AUTHORIZATION if self.proxy else H_AUTHORIZATION


def algorithm_of(credentials: AuthParams) -> str:
    """Their hash function in lower case, without ``-sess``: what HA1 must have been made with."""
    name = credentials.get("algorithm")
    return name.lower().removesuffix("-sess") if name else "md5"


def find_credentials(check: Check, msg: Message, algorithms: tuple[str, ...]) -> None:
    """Fill in the first credentials of the realm (in any case) whose algorithm is offered; sets `state`."""
    check.state = NO_CREDENTIALS
    realm = check.realm.lower()
    for header in msg.all(H_PROXY_AUTHORIZATION if check.proxy else H_AUTHORIZATION)[:MAX_HEADERS]:
        value = msg.value(header)
        try:
            found = parse_auth(value)
        except MessageError:
            check.state = BAD_CREDENTIALS
            return
        if found.scheme != "digest" or found.get("realm").lower() != realm:
            continue
        check.credentials, check.value = found, value
        if is_complete(found) and algorithm_of(found) in algorithms:
            check.state = GO_ON
            return
        check.state = BAD_CREDENTIALS


def is_complete(credentials: AuthParams) -> bool:
    """Whether all is there that a response is computed from, in a form that can be compared (RFC 2617 3.2.2)."""
    user = credentials.get("username")
    algorithm = credentials.get("algorithm")
    qop = credentials.get("qop").lower()
    if not user or user[0] == "@" or not credentials.get("nonce") or not credentials.get("uri"):
        return False
    if not is_known_algorithm(algorithm):
        return False
    if len(credentials.get("response")) != RESPONSE_LENGTHS[algorithm_of(credentials)]:
        return False
    if qop not in QOPS or (algorithm and algorithm.lower().endswith("-sess") and not credentials.get("cnonce")):
        return False
    return not qop or (credentials.get("cnonce") != "" and parse_count(credentials.get("nc")) >= 0)


def parse_count(text: str) -> int:
    """A nonce count: eight hexadecimal digits; -1 for anything else."""
    if len(text) != 8:
        return -1
    value = 0
    for i in range(8):
        c = ord(text[i])
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 97 <= (c | 32) <= 102:
            value = value * 16 + (c | 32) - 87
        else:
            return -1
    return value
