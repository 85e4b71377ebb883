"""Numbers for header fields and methods (RFC 3261 section 20, the IANA registries), and their spellings.

A header id is an index into `HEADER_NAMES`; 0 is any other header. The first `SINGLE_HEADERS` ids are the fields
that may appear only once: the parser refuses a second one.
"""

from typing import Final

# (canonical name, compact form); the position is the header id
_HEADERS: Final = (
    ("", ""),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("CSeq", ""),
    ("Content-Length", "l"),
    ("Max-Forwards", ""),
    ("Via", "v"),
    ("Contact", "m"),
    ("Route", ""),
    ("Record-Route", ""),
    ("Content-Type", "c"),
    ("Expires", ""),
    ("Authorization", ""),
    ("Proxy-Authorization", ""),
    ("Supported", "k"),
    ("Require", ""),
    ("Proxy-Require", ""),
    ("Unsupported", ""),
    ("Allow", ""),
    ("Event", "o"),
    ("Accept", ""),
    ("Accept-Language", ""),
    ("Accept-Encoding", ""),
    ("Content-Encoding", "e"),
    ("Content-Disposition", ""),
    ("Content-Language", ""),
    ("Organization", ""),
    ("Priority", ""),
    ("Subject", "s"),
    ("User-Agent", ""),
    ("Server", ""),
    ("Diversion", ""),
    ("Remote-Party-ID", ""),
    ("Refer-To", "r"),
    ("Referred-By", "b"),
    ("Replaces", ""),
    ("SIP-If-Match", ""),
    ("SIP-ETag", ""),
    ("Session-Expires", "x"),
    ("Min-SE", ""),
    ("Subscription-State", ""),
    ("P-Asserted-Identity", ""),
    ("P-Preferred-Identity", ""),
    ("Privacy", ""),
    ("Retry-After", ""),
    ("Path", ""),
    ("Service-Route", ""),
    ("Reason", ""),
    ("RAck", ""),
    ("RSeq", ""),
    ("Date", ""),
    ("Timestamp", ""),
    ("Warning", ""),
    ("Min-Expires", ""),
    ("WWW-Authenticate", ""),
    ("Proxy-Authenticate", ""),
    ("Authentication-Info", ""),
    ("Identity", "y"),
    ("Identity-Info", "n"),
    ("Allow-Events", "u"),
    ("MIME-Version", ""),
    ("In-Reply-To", ""),
    ("Reply-To", ""),
    ("Alert-Info", ""),
    ("Call-Info", ""),
    ("Error-Info", ""),
    ("Accept-Contact", "a"),
    ("Reject-Contact", "j"),
    ("Request-Disposition", "d"),
    ("Join", ""),
    ("Flow-Timer", ""),
    ("History-Info", ""),
    ("P-Charging-Vector", ""),
    ("P-Access-Network-Info", ""),
    ("P-Called-Party-ID", ""),
    ("P-Visited-Network-ID", ""),
    ("P-Associated-URI", ""),
)

HEADER_NAMES: Final = tuple(name for name, _ in _HEADERS)
HEADER_COUNT: Final = len(_HEADERS)
SINGLE_HEADERS: Final = 6
MAX_HEADERS: Final = 1000  # more in one message are refused

H_OTHER: Final = 0
H_FROM: Final = 1
H_TO: Final = 2
H_CALL_ID: Final = 3
H_CSEQ: Final = 4
H_CONTENT_LENGTH: Final = 5
H_MAX_FORWARDS: Final = 6
H_VIA: Final = 7
H_CONTACT: Final = 8
H_ROUTE: Final = 9
H_RECORD_ROUTE: Final = 10
H_CONTENT_TYPE: Final = 11
H_EXPIRES: Final = 12
H_AUTHORIZATION: Final = 13
H_PROXY_AUTHORIZATION: Final = 14
H_SUPPORTED: Final = 15
H_REQUIRE: Final = 16
H_PROXY_REQUIRE: Final = 17
H_UNSUPPORTED: Final = 18
H_ALLOW: Final = 19
H_EVENT: Final = 20
H_ACCEPT: Final = 21
H_ACCEPT_LANGUAGE: Final = 22
H_ACCEPT_ENCODING: Final = 23
H_CONTENT_ENCODING: Final = 24
H_CONTENT_DISPOSITION: Final = 25
H_CONTENT_LANGUAGE: Final = 26
H_ORGANIZATION: Final = 27
H_PRIORITY: Final = 28
H_SUBJECT: Final = 29
H_USER_AGENT: Final = 30
H_SERVER: Final = 31
H_DIVERSION: Final = 32
H_REMOTE_PARTY_ID: Final = 33
H_REFER_TO: Final = 34
H_REFERRED_BY: Final = 35
H_REPLACES: Final = 36
H_SIP_IF_MATCH: Final = 37
H_SIP_ETAG: Final = 38
H_SESSION_EXPIRES: Final = 39
H_MIN_SE: Final = 40
H_SUBSCRIPTION_STATE: Final = 41
H_P_ASSERTED_IDENTITY: Final = 42
H_P_PREFERRED_IDENTITY: Final = 43
H_PRIVACY: Final = 44
H_RETRY_AFTER: Final = 45
H_PATH: Final = 46
H_SERVICE_ROUTE: Final = 47
H_REASON: Final = 48
H_RACK: Final = 49
H_RSEQ: Final = 50
H_DATE: Final = 51
H_TIMESTAMP: Final = 52
H_WARNING: Final = 53
H_MIN_EXPIRES: Final = 54
H_WWW_AUTHENTICATE: Final = 55
H_PROXY_AUTHENTICATE: Final = 56
H_AUTHENTICATION_INFO: Final = 57
H_IDENTITY: Final = 58
H_IDENTITY_INFO: Final = 59
H_ALLOW_EVENTS: Final = 60
H_MIME_VERSION: Final = 61
H_IN_REPLY_TO: Final = 62
H_REPLY_TO: Final = 63
H_ALERT_INFO: Final = 64
H_CALL_INFO: Final = 65
H_ERROR_INFO: Final = 66
H_ACCEPT_CONTACT: Final = 67
H_REJECT_CONTACT: Final = 68
H_REQUEST_DISPOSITION: Final = 69
H_JOIN: Final = 70
H_FLOW_TIMER: Final = 71
H_HISTORY_INFO: Final = 72
H_P_CHARGING_VECTOR: Final = 73
H_P_ACCESS_NETWORK_INFO: Final = 74
H_P_CALLED_PARTY_ID: Final = 75
H_P_VISITED_NETWORK_ID: Final = 76
H_P_ASSOCIATED_URI: Final = 77

HEADER_IDS: Final[dict[str, int]] = {
    spelling.lower(): number for number, pair in enumerate(_HEADERS) for spelling in pair if spelling
}
COMPACT_FORMS: Final[dict[str, str]] = {name.lower(): compact for name, compact in _HEADERS if compact}

M_OTHER: Final = 0
M_INVITE: Final = 1
M_ACK: Final = 2
M_CANCEL: Final = 3
M_BYE: Final = 4
M_REGISTER: Final = 5
M_OPTIONS: Final = 6
M_INFO: Final = 7
M_UPDATE: Final = 8
M_PRACK: Final = 9
M_SUBSCRIBE: Final = 10
M_NOTIFY: Final = 11
M_MESSAGE: Final = 12
M_REFER: Final = 13
M_PUBLISH: Final = 14
M_KDMQ: Final = 15

METHOD_NAMES: Final = (
    "", "INVITE", "ACK", "CANCEL", "BYE", "REGISTER", "OPTIONS", "INFO", "UPDATE", "PRACK", "SUBSCRIBE", "NOTIFY",
    "MESSAGE", "REFER", "PUBLISH", "KDMQ",
)  # fmt: skip
METHOD_IDS: Final[dict[str, int]] = {name: number for number, name in enumerate(METHOD_NAMES) if name}


def header_id(name: str) -> int:
    """The id of a header name in any case, long or compact; `H_OTHER` for one not in the table."""
    return HEADER_IDS.get(name.lower(), H_OTHER)


def method_id(name: str) -> int:
    """The id of a method; methods are case-sensitive (RFC 3261 section 7.1), unknown ones are `M_OTHER`."""
    return METHOD_IDS.get(name, M_OTHER)


# --- tables for the scanner: 256 flags for each octet, and a chained hash of the header names


def _flags(octets: bytes) -> bytes:
    return bytes(octet in octets for octet in range(256))


_ALPHANUM: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TOKEN_CHARS: Final = _flags(_ALPHANUM + b"-.!%*_+`'~")
# What may stand in a request URI as received: no white space, no controls, no delimiters of a name-addr.
URI_CHARS: Final = _flags(bytes(c for c in range(0x21, 0x100) if c not in b'<>"\x7f'))
HOST_CHARS: Final = _flags(_ALPHANUM + b"-._")

HASH_SIZE: Final = 256


def name_hash(name: bytes) -> int:
    """The scanner's hash of a header name: from its length, first, middle and last octet, the same for every case."""
    length = len(name)
    first, middle, last = name[0] | 0x20, name[length // 2] | 0x20, name[length - 1] | 0x20
    return (length * 31 + first * 7 + middle * 3 + last * 13) % HASH_SIZE


# Each spelling is an entry (counted from 1); HASH_HEADS leads from a hash to the first, ENTRY_NEXT on to the others.
ENTRY_NAMES: Final = (b"", *(spelling.encode() for spelling in HEADER_IDS))
ENTRY_IDS: Final = bytes((0, *HEADER_IDS.values()))


def _chains() -> tuple[bytes, bytes]:
    heads, following = bytearray(HASH_SIZE), bytearray(len(ENTRY_NAMES))
    for entry in range(len(ENTRY_NAMES) - 1, 0, -1):
        slot = name_hash(ENTRY_NAMES[entry])
        following[entry], heads[slot] = heads[slot], entry
    return bytes(heads), bytes(following)


HASH_HEADS, ENTRY_NEXT = _chains()


METHOD_OCTETS: Final = tuple(name.encode() for name in METHOD_NAMES)


def _method_slots() -> bytes:
    slots = bytearray(512)
    for number, name in enumerate(METHOD_OCTETS):
        if name:
            slots[(name[0] & 31) << 4 | len(name)] = number
    return bytes(slots)


# The one known method with this first letter (its low five bits) and this length (below 16).
METHOD_SLOTS: Final = _method_slots()
