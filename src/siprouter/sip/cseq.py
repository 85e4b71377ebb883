"""CSeq (RFC 3261 sections 8.1.1.5 and 20.16)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.names import METHOD_IDS, METHOD_NAMES, TOKEN_CHARS


class CSeq:
    """Sequence number (below 2**31) and method; `method_start` and `method_end` are positions in the buffer."""

    __slots__ = ("method", "method_end", "method_id", "method_start", "number", "number_end", "number_start")

    number: int
    method: str
    method_id: int
    number_start: int
    number_end: int
    method_start: int
    method_end: int

    def __repr__(self) -> str:
        return f"<CSeq {self.number} {self.method}>"


def parse_cseq(buf: bytes, start: int, end: int) -> CSeq:
    """Reads ``number method`` in `buf[start:end]`. Raises MessageError(400)."""
    p = buf
    tok = TOKEN_CHARS
    value = 0
    i = start
    while i < end and 48 <= p[i] <= 57:
        value = value * 10 + p[i] - 48
        if value > 0x7FFFFFFF:
            raise MessageError(400, "CSeq Number Too Large")
        i += 1
    cseq = CSeq.__new__(CSeq)
    cseq.number = value
    cseq.number_start = start
    cseq.number_end = i
    while i < end and p[i] <= 32:
        i += 1
    if i == cseq.number_end or cseq.number_end == start:
        raise MessageError(400, "Bad CSeq")
    cseq.method_start = i
    while i < end and tok[p[i]]:
        i += 1
    cseq.method_end = i
    if i == cseq.method_start or i < end:
        raise MessageError(400, "Bad CSeq")
    method = buf[cseq.method_start : i]
    cseq.method_id = METHOD_IDS.get(method, 0)
    cseq.method = METHOD_NAMES[cseq.method_id] if cseq.method_id else method.decode("ascii")
    return cseq
