"""The lazy SIP message: one scan finds the lines, everything else is parsed when it is asked for (RFC 3261 section 7).

What the scan refuses, with MessageError(400) unless said otherwise: a start line that is not exactly three parts, or
another SIP version (505); a header line without a colon or with a name that is no token; a carriage return alone; no
empty line behind the headers; a missing or repeated From, To, Call-ID or CSeq; a repeated Max-Forwards; a
Content-Length that is no number below 2**31, repeated, or beyond what was received; a CSeq number of 2**31 or more; a
CSeq method other than the request's; no or a broken top Via; in a request a broken From, To or request URI, or a
request URI with header fields (an unknown scheme is no error here). Octets behind Content-Length are cut off. Lines
that end in LF alone are taken, and get a CRLF before anything else sees them.
"""

from siprouter.sip.cseq import CSeq, find_method, parse_cseq
from siprouter.sip.edits import Edit, assemble, make_edit
from siprouter.sip.errors import MessageError
from siprouter.sip.headers import Header, HeaderBlock, parse_number
from siprouter.sip.nameaddr import NameAddr, parse_nameaddr, parse_nameaddrs
from siprouter.sip.names import (
    H_CALL_ID,
    H_CONTACT,
    H_CONTENT_LENGTH,
    H_CSEQ,
    H_FROM,
    H_MAX_FORWARDS,
    H_RECORD_ROUTE,
    H_ROUTE,
    H_TO,
    H_VIA,
    M_ACK,
    METHOD_NAMES,
    TOKEN_CHARS,
    URI_CHARS,
)
from siprouter.sip.uri import Uri, parse_uri_at
from siprouter.sip.via import Via, parse_via


class Message(HeaderBlock):
    """One received message. Reads always see it as received; edits wait in `edits` until the next message is built.

    `method` of a reply is that of its CSeq; `status` is 0 for a request. `content_length` is -1 where the field is
    absent, `surplus` the number of octets behind the body that were cut off. `answerable` says whether a refusal can be
    sent. [uri_start, uri_end) is the request URI, in a reply the reason phrase; [0, method_end) is the method.
    """

    __slots__ = ("_addresses", "_body", "_call_id", "_from", "_parsed_uri", "_to", "_uri", "answerable",
                 "content_length", "cseq", "defect_status", "edits", "is_request", "method", "method_end", "method_id",
                 "status", "surplus", "uri_end", "uri_start", "via")  # fmt: skip

    is_request: bool
    method: str
    method_id: int
    method_end: int
    uri_start: int
    uri_end: int
    status: int
    defect_status: int
    answerable: bool
    content_length: int
    surplus: int
    cseq: CSeq
    via: Via
    edits: list[Edit]
    _uri: str | None
    _parsed_uri: Uri | None
    _from: NameAddr | None
    _to: NameAddr | None
    _call_id: str | None
    _body: bytes | None
    _addresses: dict[int, list[NameAddr]] | None

    # --- start line

    # Each of these is a property, and a method for compiled code: that calls a method directly, a property through
    # Python.

    @property
    def uri(self) -> str:
        """The request URI as received; "" for a reply."""
        return self.uri_text()

    def uri_text(self) -> str:
        """`uri`."""
        if self._uri is None:
            self._uri = self.text(self.uri_start, self.uri_end) if self.is_request else ""
        return self._uri

    @property
    def parsed_uri(self) -> Uri:
        """The parts of the received request URI; of a sound request only."""
        return self.uri_parts()

    def uri_parts(self) -> Uri:
        """`parsed_uri`."""
        assert self._parsed_uri is not None
        return self._parsed_uri

    @property
    def reason(self) -> str:
        """The reason phrase of a reply, "" for a request."""
        return "" if self.is_request else self.text(self.uri_start, self.uri_end)

    @property
    def first_line(self) -> str:
        """The start line without its line end."""
        return self.text(0, self.headers_start).rstrip("\r\n")

    # --- headers

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.call_id_text()

    def call_id_text(self) -> str:
        """`call_id`."""
        if self._call_id is None:
            header = self.get(H_CALL_ID)
            assert header is not None
            self._call_id = self.value(header)
        return self._call_id

    @property
    def from_(self) -> NameAddr:
        """From. MessageError(400) where it is malformed (replies only, a request was checked)."""
        return self.from_address()

    def from_address(self) -> NameAddr:
        """`from_`."""
        if self._from is None:
            self._from = self.address(H_FROM)
        return self._from

    @property
    def to(self) -> NameAddr:
        """To. MessageError(400) where it is malformed (replies only, a request was checked)."""
        return self.to_address()

    def to_address(self) -> NameAddr:
        """`to`."""
        if self._to is None:
            self._to = self.address(H_TO)
        return self._to

    def address(self, header_id: int) -> NameAddr:
        """The address in the first header of this id, which is there and holds one only. MessageError(400)."""
        header = self.get(header_id)
        assert header is not None
        return parse_nameaddr(self.buf, header.start, header.end, False)

    def vias(self) -> list[Via]:
        """All Via values, top first. MessageError(400) where one is malformed."""
        found = []
        for header in self.all(H_VIA):
            pos = header.start
            while pos < header.end:
                via = parse_via(self.buf, pos, header.end)
                found.append(via)
                pos = self.buf.find(b",", via.end, header.end) + 1
                if pos == 0:
                    break
        return found

    def addresses(self, header_id: int) -> list[NameAddr]:
        """All values of all headers of an address list, parsed once. MessageError(400) where one is malformed.

        The list is not to be changed by the caller.
        """
        found = self._addresses.get(header_id) if self._addresses is not None else None
        if found is None:
            found = []
            for header in self.all(header_id):
                found.extend(parse_nameaddrs(self.buf, header.start, header.end))
            if self._addresses is None:
                self._addresses = {}
            self._addresses[header_id] = found
        return found

    def contacts(self) -> list[NameAddr]:
        """All Contact values; one of them may be the star. MessageError(400) where one is malformed."""
        return self.addresses(H_CONTACT)

    def routes(self) -> list[NameAddr]:
        """All Route values. MessageError(400) where one is malformed."""
        return self.addresses(H_ROUTE)

    def record_routes(self) -> list[NameAddr]:
        """All Record-Route values. MessageError(400) where one is malformed."""
        return self.addresses(H_RECORD_ROUTE)

    @property
    def max_forwards(self) -> int:
        """Max-Forwards, -1 where it is absent. MessageError(400) where it is no number below 2**31."""
        header = self.get(H_MAX_FORWARDS)
        if header is None:
            return -1
        value = parse_number(self.buf, header.start, header.end)
        if value < 0:
            raise MessageError(400, "Bad Max-Forwards")
        return value

    @property
    def body(self) -> bytes:
        """The body as received."""
        if self._body is None:
            self._body = self.buf[self.body_start :]
        return self._body

    # --- pending edits

    def delete(self, start: int, length: int) -> None:
        """Takes `length` octets at `start` out."""
        self.edits.append(make_edit(start, length, b""))

    def insert(self, pos: int, data: bytes) -> None:
        """Puts `data` in front of the octet at `pos`; several at one place come in the order of the calls."""
        self.edits.append(make_edit(pos, 0, data))

    def replace(self, start: int, length: int, data: bytes) -> None:
        """Puts `data` in the place of `length` octets at `start`; of several for the same octets the last counts."""
        self.edits.append(make_edit(start, length, data))

    def append_header(self, data: bytes) -> None:
        """Adds whole header lines (with CRLF) behind the last header."""
        self.edits.append(make_edit(self.headers_end, 0, data))

    def insert_header(self, data: bytes) -> None:
        """Adds whole header lines (with CRLF) in front of the first header."""
        self.edits.append(make_edit(self.headers_start, 0, data))

    def replace_body(self, data: bytes) -> None:
        """Exchanges the body; Content-Length follows when the message is built."""
        self.edits.append(make_edit(self.body_start, self.length - self.body_start, data, True))

    def apply_edits(self) -> "Message":
        """A new message with the pending edits done (msg_apply_changes)."""
        return parse_message(assemble(self, self.edits, False))

    # --- reading, once

    def _read(self) -> None:
        """Reads the start line, finds the headers and checks what everything else relies on; notes defects."""
        self.status = self.method_id = 0
        self.defect_status = 400
        self.defect = self.method = ""
        self.content_length = -1
        self.surplus = 0
        self.edits = []
        self._uri = self._call_id = None
        self._parsed_uri = None
        self._from = self._to = None
        self._body = None
        self._addresses = None
        self.answerable = False
        self.bare_lf = False
        self.scan(self._read_start_line())
        self._check_headers()

    def _read_start_line(self) -> int:
        """Returns where the headers start. Raises MessageError where this is no SIP message at all."""
        p = self.buf
        tok = TOKEN_CHARS
        end = self.length
        stop = 0
        while stop < end and p[stop] != 10:
            stop += 1
        headers_start = stop + 1 if stop < end else end
        if stop > 0 and p[stop - 1] == 13:
            stop -= 1
        else:
            self.bare_lf = True
        i = 0
        while i < stop and tok[p[i]]:
            i += 1
        self.method_end = i
        if i == 3 and i < stop and p[i] == 47:
            self._read_status_line(stop)
        elif i == 0 or i >= stop or p[i] != 32:
            raise MessageError(400, "Not a SIP Message")
        else:
            self._read_request_line(i, stop)
        return headers_start

    def _read_request_line(self, pos: int, stop: int) -> None:
        """Reads `` URI SIP/2.0`` between the method's end and the line's end."""
        p = self.buf
        chars = URI_CHARS
        self.is_request = True
        self.method_id = find_method(self.buf, 0, pos)
        self.method = METHOD_NAMES[self.method_id] if self.method_id else p[0:pos].decode("ascii")
        i = pos + 1
        self.uri_start = i
        while i < stop and chars[p[i]]:
            i += 1
        self.uri_end = i
        if i > self.uri_start and stop - i == 8 and p[i:stop] == b" SIP/2.0":
            return
        while stop > i and p[stop - 1] <= 32:
            stop -= 1
            self.note("Bad Request Line")
        start = stop
        while start > i and p[start - 1] > 32:
            start -= 1
        version = p[start:stop].upper()
        if not version.startswith(b"SIP/"):
            raise MessageError(400, "Not a SIP Message")
        if version != b"SIP/2.0":
            self.defect_status = 505
            self.defect = "Version Not Supported"
        elif i == self.uri_start or start != i + 1:
            self.note("Bad Request Line")
            self.uri_end = max(start - 1, self.uri_start)

    def _read_status_line(self, stop: int) -> None:
        """Reads ``SIP/2.0 200 OK``; the reason phrase, and the space before it, may be missing."""
        p = self.buf
        self.is_request = False
        line = p[0:stop]
        if line[:8].upper() != b"SIP/2.0 ":
            raise MessageError(505, "Version Not Supported")
        self.status = parse_number(line, 8, 11) if stop >= 11 else -1
        if not 100 <= self.status <= 699 or (stop > 11 and p[11] != 32):
            raise MessageError(400, "Bad Status Line")
        self.uri_start = min(12, stop)
        self.uri_end = stop

    def _check_headers(self) -> None:
        """Checks the fields that every message has."""
        via = from_ = to = call_id = cseq = length = None
        for header in self.headers:
            number = header.id
            if number == H_VIA:
                if via is None:
                    via = header
            elif number == H_FROM:
                from_ = header
            elif number == H_TO:
                to = header
            elif number == H_CALL_ID:
                call_id = header
            elif number == H_CSEQ:
                cseq = header
            elif number == H_CONTENT_LENGTH:
                length = header
        if length is not None:
            self._check_length(length)
        if call_id is None:
            self.note("Missing Call-ID")
        elif call_id.end == call_id.start:
            self.note("Bad Call-ID")
        try:
            if via is None:
                raise MessageError(400, "Missing Via")
            self.via = parse_via(self.buf, via.start, via.end)
            self.answerable = self.is_request and self.method_id != M_ACK
            self._check_cseq(cseq)
            if self.via.gaps:
                raise MessageError(400, "Bad Via")
            if from_ is None or to is None:
                raise MessageError(400, "Missing From or To")
            if self.is_request:
                self._from = parse_nameaddr(self.buf, from_.start, from_.end, False)
                self._to = parse_nameaddr(self.buf, to.start, to.end, False)
                self._parsed_uri = parse_uri_at(self.buf, self.uri_start, self.uri_end)
                if self._parsed_uri.headers:
                    raise MessageError(400, "Header Fields in Request-URI")
        except MessageError as error:
            self.note(error.reason)

    def _check_length(self, header: Header) -> None:
        """Reads Content-Length; cuts off what lies behind the body."""
        p = self.buf
        self.content_length = parse_number(self.buf, header.start, header.end)
        stop = self.body_start + self.content_length
        if self.content_length < 0:
            self.note("Bad Content-Length")
        elif stop > self.length:
            self.note("Content-Length Beyond Message")
        elif stop < self.length:
            self.surplus = self.length - stop
            self.buf = p[0:stop]
            self.length = stop

    def _check_cseq(self, header: Header | None) -> None:
        """Reads CSeq; it names the method of a reply and repeats that of a request."""
        if header is None:
            raise MessageError(400, "Missing CSeq")
        self.cseq = parse_cseq(self.buf, header.start, header.end)
        if not self.is_request:
            self.method = self.cseq.method
            self.method_id = self.cseq.method_id
        elif self.cseq.method_id != self.method_id or (self.method_id == 0 and self.cseq.method != self.method):
            raise MessageError(400, "CSeq Method Does Not Match")

    def __repr__(self) -> str:
        return f"<Message {self.first_line}>"


def _read_message(buf: bytes) -> Message:
    msg = Message.__new__(Message)
    msg.buf = buf
    msg.length = len(buf)
    msg._read()
    return msg


def parse_message(buf: bytes) -> Message:
    """Reads one message: a datagram, or what the framer cut out of a stream. Empty lines in front are passed over.

    Raises MessageError; its `message` is there to be answered only for a request other than ACK with a sound top Via.
    """
    p = buf
    if len(buf) > 0 and (p[0] == 13 or p[0] == 10):
        buf = buf.lstrip(b"\r\n")
    msg = _read_message(buf)
    if msg.bare_lf:
        head = buf[: msg.body_start].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        msg = _read_message(head + buf[msg.body_start :])
    if msg.defect:
        raise MessageError(msg.defect_status, msg.defect, msg if msg.answerable else None)
    return msg
