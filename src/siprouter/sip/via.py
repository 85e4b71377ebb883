"""Via (RFC 3261 sections 18.2 and 20.42, RFC 3581): one hop of the way back."""

from siprouter.sip.errors import MessageError
from siprouter.sip.names import TOKEN_CHARS
from siprouter.sip.params import ParamCursor, parse_params, walk_params
from siprouter.sip.uri import host_end, number, port_end

_TRANSPORTS = {b"UDP": "UDP", b"TCP": "TCP", b"TLS": "TLS", b"SCTP": "SCTP", b"WS": "WS", b"WSS": "WSS"}


class Via:
    """One Via value; offsets are positions in the buffer it was read from, absent texts are "".

    `port` is 0 where it is absent; `rport` is -1 where the parameter is absent, 0 where it has no value. [start, end)
    is the value from the protocol name to the last parameter, [rport_start, rport_end) and [received_start,
    received_end) are those parameters with name and value but without the semicolon (0, 0 where absent). `gaps` says
    whether there were empty parameters: the grammar forbids them, but the way back is plain.
    """

    __slots__ = ("_buf", "_params", "_params_start", "branch", "end", "gaps", "host", "maddr", "port", "received",
                 "received_end", "received_start", "rport", "rport_end", "rport_start", "start",
                 "transport")  # fmt: skip

    transport: str
    host: str
    port: int
    branch: str
    received: str
    maddr: str
    rport: int
    start: int
    end: int
    rport_start: int
    rport_end: int
    received_start: int
    received_end: int
    gaps: bool
    _buf: bytes
    _params_start: int
    _params: dict[str, str] | None

    @property
    def params(self) -> dict[str, str]:
        """All parameters: lower-case name → value. Not to be changed by the caller."""
        if self._params is None:
            self._params = parse_params(self._buf, self._params_start, self.end)
        return self._params

    @property
    def text(self) -> str:
        """The value as written."""
        return self._buf[self.start : self.end].decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return f"<Via {self.text}>"


def parse_via(buf: bytes, start: int, end: int) -> Via:
    """Reads the first Via value in `buf[start:end]`; a comma behind `via.end` leads to another. MessageError(400)."""
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    p = buf
    via = Via.__new__(Via)
    via._buf = buf
    via._params = None
    via.branch = via.received = via.maddr = ""
    via.rport = -1
    via.port = via.rport_start = via.rport_end = via.received_start = via.received_end = 0
    i = start
    while i < end and p[i] <= 32:
        i += 1
    via.start = i
    i = _protocol(via, i, end)
    pos = i
    i = host_end(buf, pos, end)
    via.host = p[pos:i].decode("ascii")
    via.end = i
    while i < end and p[i] <= 32:
        i += 1
    if i < end and p[i] == 58:
        i += 1
        while i < end and p[i] <= 32:
            i += 1
        pos = i
        i = port_end(buf, pos, end)
        via.port = number(buf, pos, i)
        via.end = i
    via._params_start = via.end
    _read_params(via, i, end)
    return via


def _protocol(via: Via, pos: int, end: int) -> int:
    """Reads ``SIP / 2.0 / UDP`` and the space behind it; any version is taken (a reply must find its way back)."""
    p = via._buf
    tok = TOKEN_CHARS
    i = pos
    start = pos
    for part in range(3):
        start = i
        while i < end and tok[p[i]]:
            i += 1
        if i == start:
            raise MessageError(400, "Bad Via")
        if part == 0 and not (
            i - start == 3 and (p[start] | 32) == 115 and (p[start + 1] | 32) == 105 and (p[start + 2] | 32) == 112
        ):
            raise MessageError(400, "Bad Via Protocol")
        if part == 2:
            break
        while i < end and p[i] <= 32:
            i += 1
        if i >= end or p[i] != 47:
            raise MessageError(400, "Bad Via")
        i += 1
        while i < end and p[i] <= 32:
            i += 1
    name = p[start:i]
    known = _TRANSPORTS.get(name)
    via.transport = name.decode("ascii").upper() if known is None else known
    start = i
    while i < end and p[i] <= 32:
        i += 1
    if i == start:
        raise MessageError(400, "Bad Via")
    return i


def _read_params(via: Via, pos: int, end: int) -> None:
    """Picks the well-known parameters and leaves the others for later; the last one of a name counts."""
    cursor = walk_params(via._buf, pos, end)
    while cursor.next():
        via.end = cursor.pos
        if cursor.named(b"branch"):
            via.branch = cursor.value()
        elif cursor.named(b"rport"):
            via.rport = _rport(cursor)
            via.rport_start = cursor.name_start
            via.rport_end = cursor.pos
        elif cursor.named(b"received"):
            via.received = cursor.value()
            via.received_start = cursor.name_start
            via.received_end = cursor.pos
        elif cursor.named(b"maddr"):
            via.maddr = cursor.value()
    via.gaps = cursor.gaps


def _rport(cursor: ParamCursor) -> int:
    if cursor.value_start == cursor.value_end:
        return 0
    if port_end(cursor.buf, cursor.value_start, cursor.value_end) != cursor.value_end:
        raise MessageError(400, "Bad Via rport")
    return number(cursor.buf, cursor.value_start, cursor.value_end)
