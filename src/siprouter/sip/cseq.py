"""CSeq (RFC 3261 sections 8.1.1.5 and 20.16)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.names import METHOD_NAMES, METHOD_OCTETS, METHOD_SLOTS, TOKEN_CHARS


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
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
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
    cseq.method_id = find_method(buf, cseq.method_start, i)
    cseq.method = METHOD_NAMES[cseq.method_id] if cseq.method_id else p[cseq.method_start : i].decode("ascii")
    return cseq


def find_method(buf: bytes, start: int, end: int) -> int:
    """The id of the method `buf[start:end]`, `M_OTHER` for an unknown one."""
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    p = buf
    slots = METHOD_SLOTS
    length = end - start
    if not 0 < length < 16:
        return 0
    number = slots[((p[start] & 31) << 4) | length]
    octets = METHOD_OCTETS[number]
    q = octets
    if number == 0 or p[start] != q[0]:
        return 0
    i = 1
    while i < length:
        if p[start + i] != q[i]:
            return 0
        i += 1
    return number
