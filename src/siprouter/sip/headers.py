"""A block of header lines: one scan that finds where each field is and what it is called (RFC 3261 section 7.3)."""

from siprouter.sip.names import (
    ENTRY_IDS,
    ENTRY_NAMES,
    ENTRY_NEXT,
    HASH_HEADS,
    HEADER_IDS,
    HEADER_NAMES,
    MAX_HEADERS,
    SINGLE_HEADERS,
    TOKEN_CHARS,
)


class Header:
    """One header field line, as offsets into the message.

    [name_start, name_end) is the name, [start, end) the value without the white space around it (folds are still in it
    where `folded`), `line_end` is behind the line's CRLF.
    """

    __slots__ = ("end", "folded", "id", "line_end", "name_end", "name_start", "start")

    id: int
    name_start: int
    name_end: int
    start: int
    end: int
    line_end: int
    folded: bool

    def __repr__(self) -> str:
        return f"<Header {self.id} [{self.name_start}:{self.line_end}]>"


class HeaderBlock:
    """The header lines in `buf[headers_start:headers_end]` and what follows their empty line at `body_start`.

    `length` is where reading stops. `defect` is the reason of the first thing found wrong, "" where all is well; the
    scan goes on behind a defect, so that a refusal can still be addressed. `bare_lf` says whether a line ends in LF
    alone.
    """

    __slots__ = ("_seen", "bare_lf", "body_start", "buf", "defect", "headers", "headers_end", "headers_start", "length")

    buf: bytes
    length: int
    headers: list[Header]
    headers_start: int
    headers_end: int
    body_start: int
    defect: str
    bare_lf: bool
    _seen: int

    def get(self, header_id: int) -> Header | None:
        """The first header of this id."""
        if header_id < 64 and not (self._seen >> header_id) & 1:
            return None
        for header in self.headers:
            if header.id == header_id:
                return header
        return None

    def all(self, header_id: int) -> list[Header]:
        """All headers of this id, in order."""
        found: list[Header] = []
        if header_id < 64 and not (self._seen >> header_id) & 1:
            return found
        for header in self.headers:
            if header.id == header_id:
                found.append(header)
        return found

    def find(self, name: str) -> list[Header]:
        """All headers of a name in any case; a known name also finds its compact form, and the other way round."""
        lower = name.lower()
        number = HEADER_IDS.get(lower, 0)
        if number:
            return self.all(number)
        wanted = lower.encode("ascii", "replace")
        found: list[Header] = []
        for header in self.headers:
            if header.id == 0 and header.name_end - header.name_start == len(wanted):
                if self.octets(header.name_start, header.name_end).lower() == wanted:
                    found.append(header)
        return found

    def name(self, header: Header) -> str:
        """A header's name as written."""
        return self.octets(header.name_start, header.name_end).decode("ascii")

    def value(self, header: Header) -> str:
        """A header's value: trimmed, each fold one space."""
        if header.folded:
            return unfold(self.octets(header.start, header.end)).decode("utf-8", "surrogateescape")
        return self.text(header.start, header.end)

    def line(self, header: Header) -> bytes:
        """The header's whole line with its line end."""
        return self.octets(header.name_start, header.line_end)

    def octets(self, start: int, end: int) -> bytes:
        """`buf[start:end]`; IndexError where that is not all there."""
        p = self.buf
        if not 0 <= start <= end <= self.length:
            raise IndexError("outside the message")
        return p[start:end]

    def text(self, start: int, end: int) -> str:
        """`buf[start:end]` as text; IndexError where that is not all there."""
        p = self.buf
        if not 0 <= start <= end <= self.length:
            raise IndexError("outside the message")
        return p[start:end].decode("utf-8", "surrogateescape")

    def scan(self, start: int) -> None:
        """Reads header lines from `start` to the empty line; fills everything but `buf` and `length`."""
        p = self.buf
        end = self.length
        self.headers = []
        self._seen = 0  # one bit for each header id below 64
        self.headers_start = start
        i = start
        while i < end:
            if p[i] == 10:
                self.bare_lf = True
                self.headers_end = i
                self.body_start = i + 1
                return
            if p[i] == 13 and i + 1 < end and p[i + 1] == 10:
                self.headers_end = i
                self.body_start = i + 2
                return
            if len(self.headers) >= MAX_HEADERS:
                self.note("Too Many Headers")
                break
            i = self._scan_line(i)
        self.headers_end = self.body_start = i
        self.note("Missing End of Headers")

    def note(self, reason: str) -> None:
        """Notes a defect unless there is one already."""
        if not self.defect:
            self.defect = reason

    def _scan_line(self, start: int) -> int:
        """Reads the header field that starts at `start`, folds included; returns where the next one starts."""
        p = self.buf
        tok = TOKEN_CHARS
        end = self.length
        i = start
        while i < end and tok[p[i]]:
            i += 1
        name_end = i
        while i < end and (p[i] == 32 or p[i] == 9):
            i += 1
        if name_end == start or i >= end or p[i] != 58:
            self.note("Bad Header Line")
            return self._next_line(start)
        i += 1
        header = Header.__new__(Header)
        header.name_start = start
        header.name_end = name_end
        header.folded = False
        start = i
        while True:
            while i < end and p[i] != 10 and p[i] != 13:
                i += 1
            stop = i
            if i < end and p[i] == 13:
                i += 1
            else:
                self.bare_lf = True
            if i >= end or p[i] != 10:
                self.note("Bad Line End")
                return self._next_line(i)
            i += 1
            if i >= end or (p[i] != 32 and p[i] != 9):
                break
            header.folded = True
        while start < stop and p[start] <= 32:
            start += 1
        while stop > start and p[stop - 1] <= 32:
            stop -= 1
        header.start = start
        header.end = stop
        header.line_end = i
        self._add(header)
        return i

    def _add(self, header: Header) -> None:
        """Names the header and files it."""
        number = self._lookup(header.name_start, header.name_end - header.name_start)
        header.id = number
        self.headers.append(header)
        if number < 64:
            bit = 1
            bit <<= number
            if 0 < number <= SINGLE_HEADERS and self._seen & bit:
                self.note("Duplicate " + HEADER_NAMES[number])
            self._seen |= bit

    def _lookup(self, start: int, length: int) -> int:
        """The id of the header name of `length` octets at `start`."""
        p = self.buf
        entry_next = ENTRY_NEXT
        entry_ids = ENTRY_IDS
        heads = HASH_HEADS
        entry = heads[
            (length * 31 + (p[start] | 32) * 7 + (p[start + length // 2] | 32) * 3 + (p[start + length - 1] | 32) * 13)
            & 255
        ]
        while entry:
            name = ENTRY_NAMES[entry]
            if len(name) == length:
                q = name
                i = 0
                while i < length and (p[start + i] | 32) == q[i]:
                    i += 1
                if i == length:
                    return entry_ids[entry]
            entry = entry_next[entry]
        return 0

    def _next_line(self, pos: int) -> int:
        """The start of the line behind the one that `pos` is in."""
        p = self.buf
        end = self.length
        while pos < end and p[pos] != 10:
            pos += 1
        return pos + 1 if pos < end else end


def scan_headers(buf: bytes, start: int, end: int) -> HeaderBlock:
    """The header lines in `buf` from `start` on, not read beyond `end`; see `HeaderBlock.defect` for what is wrong."""
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    block = HeaderBlock.__new__(HeaderBlock)
    block.buf = buf
    block.length = end
    block.defect = ""
    block.bare_lf = False
    block.scan(start)
    return block


def unfold(value: bytes) -> bytes:
    """A folded header value on one line: each line end with the white space around it becomes one space."""
    lines = value.split(b"\n")
    for i in range(len(lines)):
        lines[i] = lines[i].strip(b" \t\r")
    return b" ".join(lines)


def parse_number(buf: bytes, start: int, end: int) -> int:
    """The decimal number `buf[start:end]`; -1 where it is anything else or 2**31 and more."""
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    p = buf
    value = 0
    if start >= end:
        return -1
    while start < end:
        if not 48 <= p[start] <= 57:
            return -1
        value = value * 10 + p[start] - 48
        if value > 0x7FFFFFFF:
            return -1
        start += 1
    return value
