"""RSeq and RAck (RFC 3262 section 7)."""

from dataclasses import dataclass

from siprouter.sip.cseq import parse_cseq
from siprouter.sip.errors import MessageError
from siprouter.sip.headers import parse_number
from siprouter.util.text import to_bytes


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable provisional reply is acknowledged: its RSeq, and number and method of its CSeq."""

    rseq: int
    cseq: int
    method: str


def parse_rack(text: str) -> RAck:
    """Reads ``776656 1 INVITE``. Raises MessageError(400)."""
    rseq, _, rest = text.strip().partition(" ")
    data = to_bytes(rest.strip())
    cseq = parse_cseq(data, 0, len(data))
    return RAck(parse_rseq(rseq), cseq.number, cseq.method)


def parse_rseq(text: str) -> int:
    """A number from 1 to 2**31 - 1. Raises MessageError(400)."""
    data = to_bytes(text.strip())
    value = parse_number(data, 0, len(data))
    if value < 1:
        raise MessageError(400, "Bad RSeq")
    return value
