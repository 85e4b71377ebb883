"""Parameters of header fields: ``;name=value;flag`` (generic-param, RFC 3261 section 25.1)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.names import TOKEN_CHARS


class ParamCursor:
    """Walks the parameters of one header value, octet by octet, without building anything.

    `next()` moves to the next parameter and says whether there is one; then name_start/name_end and
    value_start/value_end (equal where there is no value; inside the quotes where `quoted`) are offsets into the buffer.
    Meanwhile `pos` is just behind the parameter; after the last one it is at the comma that ends the value, or at the
    end. `gaps` says whether there were empty parameters (``;;``); a semicolon at the very end is forgiven. Raises
    MessageError(400) on anything that is no parameter list.
    """

    __slots__ = ("buf", "end", "escaped", "gaps", "name_end", "name_start", "pos", "quoted", "value_end",
                 "value_start")  # fmt: skip

    buf: bytes
    pos: int
    end: int
    name_start: int
    name_end: int
    value_start: int
    value_end: int
    quoted: bool
    escaped: bool
    gaps: bool

    def next(self) -> bool:
        """Moves to the next parameter; empty ones (``;;``) are passed over."""
        p = self.buf
        tok = TOKEN_CHARS
        end = self.end
        i = self.pos
        while True:
            while i < end and p[i] <= 32:
                i += 1
            if i >= end or p[i] == 44:
                self.pos = i
                return False
            if p[i] != 59:
                raise MessageError(400, "Bad Header Parameter")
            i += 1
            while i < end and p[i] <= 32:
                i += 1
            if i < end:
                if p[i] != 44 and p[i] != 59:
                    break
                self.gaps = True
        self.name_start = i
        while i < end and tok[p[i]]:
            i += 1
        self.name_end = i
        if i == self.name_start:
            raise MessageError(400, "Bad Header Parameter")
        self.quoted = False
        self.escaped = False
        while i < end and p[i] <= 32:
            i += 1
        if i < end and p[i] == 61:
            i = self._value(i + 1)
        else:
            i = self.name_end
            self.value_start = i
            self.value_end = i
        self.pos = i
        return True

    def _value(self, i: int) -> int:
        """Reads the value after ``=`` from `i` on; returns the position behind it."""
        p = self.buf
        end = self.end
        while i < end and p[i] <= 32:
            i += 1
        if i < end and p[i] == 34:
            self.quoted = True
            i += 1
            self.value_start = i
            while i < end and p[i] != 34:
                if p[i] == 92:
                    self.escaped = True
                    i += 1
                i += 1
            if i >= end:
                raise MessageError(400, "Unbalanced Quotes")
            self.value_end = i
            return i + 1
        self.value_start = i
        while i < end and p[i] > 32 and p[i] != 59 and p[i] != 44:
            if p[i] == 34 or p[i] == 60 or p[i] == 62:
                raise MessageError(400, "Bad Header Parameter")
            i += 1
        self.value_end = i
        return i

    def named(self, name: bytes) -> bool:
        """Whether the parameter has this name, which is given in lower case."""
        p = self.buf
        q = name
        start = self.name_start
        length = len(name)
        if self.name_end - start != length:
            return False
        i = 0
        while i < length:
            if (p[start + i] | 32) != q[i]:
                return False
            i += 1
        return True

    def name(self) -> str:
        """The name in lower case."""
        p = self.buf
        return p[self.name_start : self.name_end].decode("utf-8", "surrogateescape").lower()

    def value(self) -> str:
        """The value: "" where there is none; without quotes and escapes."""
        p = self.buf
        text = p[self.value_start : self.value_end].decode("utf-8", "surrogateescape")
        return unescape(text) if self.escaped else text


def walk_params(buf: bytes, pos: int, end: int) -> ParamCursor:
    """A cursor before the first parameter of `buf[pos:end]`."""
    if pos < 0 or end > len(buf):
        raise IndexError("outside the buffer")
    cursor = ParamCursor.__new__(ParamCursor)
    cursor.buf = buf
    cursor.pos = pos
    cursor.end = end
    cursor.gaps = False
    return cursor


def unescape(text: str) -> str:
    """Resolves the backslash escapes of the inside of a quoted string (quoted-pair)."""
    parts = []
    i = 0
    while True:
        j = text.find("\\", i)
        if j < 0 or j + 1 >= len(text):
            parts.append(text[i:])
            return "".join(parts)
        parts.append(text[i:j])
        parts.append(text[j + 1])
        i = j + 2


def quote(text: str) -> str:
    """`text` as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_params(buf: bytes, start: int, end: int) -> dict[str, str]:
    """Header parameters in `buf[start:end]` (``;a=b;c``): lower-case name → value; the first of a name counts."""
    found: dict[str, str] = {}
    cursor = walk_params(buf, start, end)
    while cursor.next():
        name = cursor.name()
        if name not in found:
            found[name] = cursor.value()
    return found
