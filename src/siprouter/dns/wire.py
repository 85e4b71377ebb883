"""DNS messages (RFC 1035, 2782, 3403, 6891): building queries, reading answers that may be hostile.

No I/O in this file.
"""

import struct
from dataclasses import dataclass, field
from socket import AF_INET, AF_INET6, inet_ntop

A = 1
NS = 2
CNAME = 5
SOA = 6
PTR = 12
TXT = 16
AAAA = 28
SRV = 33
NAPTR = 35
OPT = 41
EBL = 65300

RECORD_TYPES = {
    "A": A,
    "NS": NS,
    "CNAME": CNAME,
    "PTR": PTR,
    "TXT": TXT,
    "AAAA": AAAA,
    "SRV": SRV,
    "NAPTR": NAPTR,
    "EBL": EBL,
}
"""types of records that can be read, by name"""

IN = 1

NOERROR = 0
FORMERR = 1
SERVFAIL = 2
NXDOMAIN = 3
NOTIMP = 4
REFUSED = 5

EDNS_SIZE = 1232  # octets that fit in one packet everywhere
MAX_RECORDS = 512  # of one message that are looked at
MAX_NAME = 255
MAX_LABEL = 63
MAX_POINTERS = 64
DATA_OVERHEAD = 33  # octets that an object takes beside its text

HEADER = struct.Struct("!HHHHHH")
FLAG_RESPONSE = 0x8000
FLAG_TRUNCATED = 0x0200
FLAG_RECURSION_DESIRED = 0x0100


class WireError(ValueError):
    """A message or a name that is malformed."""


class OtherAnswer(WireError):
    """A message that does not answer what was asked: late, or forged."""


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782; `target` in lower case without the last dot, "" where the service is not available."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Naptr:
    """RFC 3403; `flags` and `service` as in the record, `replacement` a name or ""."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Ebl:
    """Where infrastructure ENUM branches off (draft-ietf-enum-branch-location-record); `apex` a name."""

    position: int
    separator: str
    apex: str


Data = str | Srv | Naptr | Ebl | tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record.

    `data`: the address of A and AAAA, the name of CNAME, NS and PTR, the strings of TXT, an Srv, a Naptr, an Ebl.
    """

    name: str
    type: int
    ttl: int
    data: Data


@dataclass(slots=True)
class Response:
    """An answer, reduced to the records that this codec knows."""

    rcode: int
    truncated: bool
    answers: list[Record] = field(default_factory=list)
    additional: list[Record] = field(default_factory=list)


def normalize_name(name: str) -> str:
    """A host name as names are compared: lower case, no dot at the end."""
    return name.lower().removesuffix(".")


def encode_name(name: str) -> bytes:
    """The labels of a name. Raises WireError for one that cannot be in the DNS."""
    name = name.removesuffix(".")
    encoded = bytearray()
    for label in name.split(".") if name else ():
        if not label or len(label) > MAX_LABEL or not label.isascii():
            raise WireError(f"not a domain name: {name!r}")
        encoded.append(len(label))
        encoded += label.encode("ascii")
    encoded.append(0)
    if len(encoded) > MAX_NAME:
        raise WireError(f"domain name too long: {name[:40]!r}...")
    return bytes(encoded)


def build_query(number: int, name: str, type: int, edns: bool = True) -> bytes:
    """A recursive query with the given id. Raises WireError for an impossible name."""
    head = HEADER.pack(number, FLAG_RECURSION_DESIRED, 1, 0, 0, 1 if edns else 0)
    question = encode_name(name) + struct.pack("!HH", type, IN)
    return head + question + (b"\0" + struct.pack("!HHIH", OPT, EDNS_SIZE, 0, 0) if edns else b"")


def parse_response(data: bytes, number: int, name: str, type: int) -> Response:
    """The answer to the query with this id and question. Raises OtherAnswer for another one, WireError if malformed.

    What comes truncated is given as far as it is whole.
    """
    if len(data) < HEADER.size:
        raise WireError("message too short")
    got_number, flags, questions, answers, authorities, additionals = HEADER.unpack_from(data)
    if got_number != number or not flags & FLAG_RESPONSE or flags & 0x7800:
        raise OtherAnswer("not an answer to this query")
    response = Response(flags & 0xF, bool(flags & FLAG_TRUNCATED))
    pos = HEADER.size
    if questions != 1:
        if questions == 0 and response.rcode in (FORMERR, SERVFAIL, NOTIMP, REFUSED):
            return response
        raise WireError("not one question")
    asked, pos = read_name(data, pos)
    if asked != normalize_name(name) or _u16(data, pos) != type or _u16(data, pos + 2) != IN:
        raise OtherAnswer("answer to another question")
    pos += 4
    try:
        pos = _read_records(data, pos, answers, response.answers)
        pos = _read_records(data, pos, authorities, None)
        _read_records(data, pos, additionals, response.additional)
    except WireError:
        if not response.truncated:
            raise
    return response


def _read_records(data: bytes, pos: int, count: int, found: list[Record] | None) -> int:
    """Reads `count` records into `found`, unknown types left out; returns the place behind them."""
    if count > MAX_RECORDS:
        raise WireError("too many records")
    for _ in range(count):
        name, pos = read_name(data, pos)
        type, klass, ttl, size = _u16(data, pos), _u16(data, pos + 2), _u32(data, pos + 4), _u16(data, pos + 8)
        pos += 10
        end = pos + size
        if end > len(data):
            raise WireError("record beyond the end")
        if found is not None and klass == IN:
            content = _read_data(data, type, pos, end)
            if content is not None:
                # RFC 2181 8: a TTL with the top bit set counts as 0
                found.append(Record(name, type, ttl if ttl < 1 << 31 else 0, content))
        pos = end
    return pos


def _read_data(data: bytes, type: int, pos: int, end: int) -> Data | None:
    """The content of a record; None for a type that is not known here."""
    if type == A:
        if end - pos != 4:
            raise WireError("bad A record")
        return inet_ntop(AF_INET, data[pos:end])
    if type == AAAA:
        if end - pos != 16:
            raise WireError("bad AAAA record")
        return inet_ntop(AF_INET6, data[pos:end])
    if type == SRV:
        target, stop = read_name(data, pos + 6)
        _check_end(stop, end)
        return Srv(_u16(data, pos), _u16(data, pos + 2), _u16(data, pos + 4), target)
    if type == NAPTR:
        return _read_naptr(data, pos, end)
    if type in (CNAME, NS, PTR):
        name, stop = read_name(data, pos)
        _check_end(stop, end)
        return name
    if type == TXT:
        strings: list[bytes] = []
        while pos < end:
            text, pos = _read_string(data, pos, end)
            strings.append(text)
        return tuple(strings)
    if type == EBL:
        return _read_ebl(data, pos, end)
    return None


def _read_naptr(data: bytes, pos: int, end: int) -> Naptr:
    order, preference = _u16(data, pos), _u16(data, pos + 2)
    flags, pos = _read_string(data, pos + 4, end)
    service, pos = _read_string(data, pos, end)
    regexp, pos = _read_string(data, pos, end)
    replacement, stop = read_name(data, pos)
    _check_end(stop, end)
    return Naptr(
        order,
        preference,
        flags.decode("latin-1"),
        service.decode("latin-1"),
        regexp.decode("utf-8", "surrogateescape"),
        replacement,
    )


def _read_ebl(data: bytes, pos: int, end: int) -> Ebl:
    if pos >= end:
        raise WireError("bad EBL record")
    separator, after = _read_string(data, pos + 1, end)
    apex, stop = read_name(data, after)
    _check_end(stop, end)
    return Ebl(data[pos], separator.decode("latin-1"), apex)


def data_size(data: Data) -> int:
    """Octets that the text in a record takes."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, Srv):
        return len(data.target)
    if isinstance(data, Naptr):
        return len(data.flags) + len(data.service) + len(data.regexp) + len(data.replacement)
    if isinstance(data, Ebl):
        return len(data.separator) + len(data.apex)
    return sum(len(text) + DATA_OVERHEAD for text in data)


def _read_string(data: bytes, pos: int, end: int) -> tuple[bytes, int]:
    if pos >= end or pos + 1 + data[pos] > end:
        raise WireError("string beyond the end of its record")
    stop = pos + 1 + data[pos]
    return data[pos + 1 : stop], stop


def _check_end(stop: int, end: int) -> None:
    if stop != end:
        raise WireError("record of a wrong length")


def read_name(data: bytes, pos: int) -> tuple[str, int]:
    """The name at `pos` in lower case without its last dot, and the place behind it.

    Compression pointers lead backwards only, so that no name is read for ever. Raises WireError.
    """
    labels: list[str] = []
    after = -1
    length = pointers = 0
    limit = len(data)
    while True:
        if pos >= limit:
            raise WireError("name beyond the end")
        size = data[pos]
        if size >= 0xC0:
            target = _u16(data, pos) & 0x3FFF
            if after < 0:
                after = pos + 2
            pointers += 1
            if target >= pos or pointers > MAX_POINTERS:
                raise WireError("name that leads nowhere")
            limit = pos
            pos = target
            continue
        if size > MAX_LABEL:
            raise WireError("unknown label type")
        pos += 1
        if size == 0:
            break
        length += size + 1
        if length >= MAX_NAME or pos + size > limit:
            raise WireError("name too long")
        label = data[pos : pos + size]
        if b"." in label or b"\0" in label:
            raise WireError("label with a dot in it")
        labels.append(label.decode("latin-1"))
        pos += size
    return ".".join(labels).lower(), after if after >= 0 else pos


def _u16(data: bytes, pos: int) -> int:
    if pos + 2 > len(data):
        raise WireError("message ends too early")
    return data[pos] << 8 | data[pos + 1]


def _u32(data: bytes, pos: int) -> int:
    return _u16(data, pos) << 16 | _u16(data, pos + 2)
