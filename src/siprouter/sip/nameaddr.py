"""name-addr and addr-spec with parameters: From, To, Contact, Route, … (RFC 3261 sections 20.10, 25.1)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.params import ParamCursor, parse_params, unescape, walk_params
from siprouter.sip.uri import Uri, parse_uri_at


class NameAddr:
    """One address with its display name and header parameters; offsets are positions in the buffer it was read from.

    `display` is the display name as written (with its quotes), `tag` the tag parameter or "". `start` and `end` enclose
    the whole value without its comma, `uri_start` and `uri_end` the URI without angle brackets, `display_start` and
    `display_end` the display name; parameters begin at `params_start`. `star` marks the Contact ``*``.
    """

    __slots__ = ("_buf", "_params", "_tag", "_uri", "bracketed", "display_end", "display_start", "end",
                 "params_start", "star", "start", "tag_end", "tag_start", "uri_end", "uri_start")  # fmt: skip

    start: int
    end: int
    display_start: int
    display_end: int
    uri_start: int
    uri_end: int
    params_start: int
    tag_start: int
    tag_end: int
    bracketed: bool
    star: bool
    _buf: bytes
    _uri: Uri | None
    _tag: str | None
    _params: dict[str, str] | None

    @property
    def display(self) -> str:
        """The display name as written, "" where there is none."""
        return self._buf[self.display_start : self.display_end].decode("utf-8", "surrogateescape")

    @property
    def display_name(self) -> str:
        """The display name without quotes and escapes."""
        text = self.display
        if text.startswith('"'):
            return unescape(text[1:-1])
        return text

    @property
    def uri(self) -> str:
        """The text of the URI."""
        return self._buf[self.uri_start : self.uri_end].decode("utf-8", "surrogateescape")

    @property
    def parsed_uri(self) -> Uri:
        """The parts of the URI; MessageError(400) where it is malformed."""
        if self._uri is None:
            self._uri = parse_uri_at(self._buf, self.uri_start, self.uri_end)
        return self._uri

    @property
    def tag(self) -> str:
        """The tag parameter, "" where there is none."""
        if self._tag is None:
            self._tag = self._buf[self.tag_start : self.tag_end].decode("utf-8", "surrogateescape")
        return self._tag

    @property
    def params(self) -> dict[str, str]:
        """Header parameters: lower-case name → value without quotes, "" for a flag. Not to be changed by the caller."""
        if self._params is None:
            self._params = parse_params(self._buf, self.params_start, self.end)
        return self._params

    @property
    def text(self) -> str:
        """The whole value as written."""
        return self._buf[self.start : self.end].decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return f"<NameAddr {self.text}>"


def parse_nameaddr(buf: bytes, start: int, end: int, many: bool) -> NameAddr:
    """Reads one address in `buf[start:end]`. Raises MessageError(400).

    With `many` the value ends at a comma (`end` is then that comma's place or before it); without, a comma in an
    unquoted display name is forgiven and one behind the address is an error.
    """
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    p = buf
    addr = NameAddr.__new__(NameAddr)
    addr._buf = buf
    addr._uri = None
    addr._tag = None
    addr._params = None
    addr.star = False
    addr.bracketed = False
    addr.tag_start = addr.tag_end = 0
    i = start
    while i < end and p[i] <= 32:
        i += 1
    addr.start = i
    addr.display_start = addr.display_end = i
    if i < end and p[i] == 34:
        i = _skip_quoted(buf, i, end)
        addr.display_end = i
        while i < end and p[i] <= 32:
            i += 1
        if i >= end or p[i] != 60:
            raise MessageError(400, "Bad Name-Addr")
        i = _read_brackets(addr, i + 1, end)
    else:
        i = _read_plain(addr, i, end, many)
    addr.params_start = i
    addr.end = i
    _read_params(addr, i, end, many)
    return addr


def _skip_quoted(buf: bytes, pos: int, end: int) -> int:
    """`pos` is at a quote; returns the position behind the closing one."""
    p = buf
    i = pos + 1
    while i < end and p[i] != 34:
        if p[i] == 92:
            i += 1
        i += 1
    if i >= end:
        raise MessageError(400, "Unbalanced Quotes")
    return i + 1


def _read_brackets(addr: NameAddr, pos: int, end: int) -> int:
    """Reads ``uri>`` from `pos` on; white space inside the brackets' edges is forgiven (RFC 4475 section 3.1.2.14)."""
    p = addr._buf
    addr.bracketed = True
    i = pos
    while i < end and p[i] <= 32:
        i += 1
    addr.uri_start = i
    while i < end and p[i] > 32 and p[i] != 62 and p[i] != 60:
        i += 1
    addr.uri_end = i
    while i < end and p[i] <= 32:
        i += 1
    if i >= end or p[i] != 62 or addr.uri_end == addr.uri_start:
        raise MessageError(400, "Bad Name-Addr")
    return i + 1


def _read_plain(addr: NameAddr, pos: int, end: int, many: bool) -> int:
    """Reads ``Display Name <uri>`` or a bare URI from `pos` on; returns the position behind it."""
    p = addr._buf
    i = pos
    while i < end and p[i] != 60 and p[i] != 59 and p[i] != 34 and not (many and p[i] == 44):
        i += 1
    if i < end and p[i] == 34:
        raise MessageError(400, "Bad Name-Addr")
    stop = i
    while stop > pos and p[stop - 1] <= 32:
        stop -= 1
    if i < end and p[i] == 60:
        addr.display_end = stop
        return _read_brackets(addr, i + 1, end)
    if stop == pos:
        raise MessageError(400, "Bad Name-Addr")
    addr.uri_start = pos
    addr.uri_end = stop
    i = pos
    while i < stop:
        # RFC 3261 section 20: a URI with a comma, question mark or semicolon must stand in angle brackets
        if p[i] <= 32 or p[i] == 63 or p[i] == 44:
            raise MessageError(400, "Bad Name-Addr")
        i += 1
    addr.star = stop - pos == 1 and p[pos] == 42
    return stop


def _read_params(addr: NameAddr, pos: int, end: int, many: bool) -> None:
    """Checks the parameters and notes where the tag is."""
    p = addr._buf
    i = pos
    while i < end and p[i] <= 32:
        i += 1
    if i >= end:
        return
    cursor = walk_params(addr._buf, i, end)
    while cursor.next():
        addr.end = cursor.pos
        if cursor.named(b"tag"):
            if cursor.value_start == cursor.value_end:
                raise MessageError(400, "Empty Tag")
            if addr.tag_end == 0:
                addr.tag_start = cursor.value_start
                addr.tag_end = cursor.value_end
    if cursor.pos < end and not many:
        raise MessageError(400, "Unexpected Comma")


def params_of(addr: NameAddr) -> ParamCursor:
    """A cursor before the first header parameter: for who wants one or two of them only."""
    return walk_params(addr._buf, addr.params_start, addr.end)


def parse_nameaddrs(buf: bytes, start: int, end: int) -> list[NameAddr]:
    """All addresses of a comma-separated header value; empty elements are passed over. Raises MessageError(400)."""
    if start < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    p = buf
    found: list[NameAddr] = []
    i = start
    while True:
        while i < end and (p[i] <= 32 or p[i] == 44):
            i += 1
        if i >= end:
            return found
        addr = parse_nameaddr(buf, i, end, True)
        found.append(addr)
        i = addr.end
        while i < end and p[i] != 44:
            i += 1
