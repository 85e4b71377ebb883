"""Cuts messages out of a byte stream by Content-Length (RFC 3261 section 18.3) and finds keep-alives (RFC 5626)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.headers import parse_number

PING = b"\r\n\r\n"
PONG = b"\r\n"

MAX_HEAD = 65535
MAX_MESSAGE = 1 << 20

NAME = b"content-length"
ABSENT = -1
BROKEN = -2


class Framer:
    """One stream's receive buffer: octets in, whole messages out.

    `feed` returns messages, and the very objects `PING` (to be answered with a CRLF) and `PONG` for keep-alives between
    messages. Where a message's headers end and how long its body is, is decided as `parse_message` decides it.
    After an error nothing is returned any more: `error` says what the peer deserves, and `rest` begins with the refused
    message, for answering it. The connection is then to be closed, since what follows cannot be trusted.

    `max_head` bounds start line and headers, `max_message` the whole (octets). With `need_length` False a message
    without Content-Length has no body; else it is refused.
    """

    __slots__ = ("_buffer", "_empty_lines", "_end", "_searched", "error", "max_head", "max_message", "need_length")

    def __init__(self, max_message: int = MAX_MESSAGE, max_head: int = MAX_HEAD, need_length: bool = True) -> None:
        self.error: MessageError | None = None
        self.max_message = max_message
        self.max_head = max_head
        self.need_length = need_length
        self._buffer = bytearray()  # the incomplete message
        self._searched = 0  # how much of it is known not to hold the end of the headers
        self._end = 0  # its length, 0 while its headers are incomplete
        self._empty_lines = 0

    @property
    def idle(self) -> bool:
        """Whether no message is under way."""
        return not self._buffer

    @property
    def rest(self) -> bytes:
        """What has arrived of the message that is not complete or was refused."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Takes received octets; returns what is complete."""
        found: list[bytes] = []
        if self.error is not None:
            return found
        try:
            if self._buffer:
                data = self._complete(data, found)
            start = 0
            while start < len(data):
                start = self._skip_empty_lines(data, start, found)
                stop = self._message_end(data, start)
                if stop == 0 or stop > len(data):
                    break
                found.append(data[start:stop] if start or stop < len(data) else data)
                start = stop
                self._end = 0
            if start < len(data):
                self._buffer += data[start:]
        except MessageError as error:
            self.error = error
        return found

    def _complete(self, data: bytes, found: list[bytes]) -> bytes:
        """Adds `data` to the message under way; returns what lies behind that message."""
        buffer = self._buffer
        buffer += data
        if self._end == 0:
            stop = head_end(buffer, max(self._searched - 2, 0))
            if stop == 0:
                self._searched = len(buffer)
                self._check_head(len(buffer))
                return b""
            self._end = self._length(bytes(buffer[:stop]), 0, stop)
        if len(buffer) < self._end:
            return b""
        found.append(bytes(buffer[: self._end]))
        rest = bytes(buffer[self._end :])
        self._buffer = bytearray()
        self._searched = self._end = 0
        return rest

    def _skip_empty_lines(self, data: bytes, start: int, found: list[bytes]) -> int:
        """Passes over line ends in front of a message; two in a row are a ping, one alone may be a pong."""
        i = start
        pings = 0
        while i < len(data) and (data[i] == 13 or data[i] == 10):
            if data[i] == 10:
                self._empty_lines += 1
                if self._empty_lines == 2:
                    self._empty_lines = 0
                    pings += 1
            i += 1
        if pings:
            found.append(PING)
        elif self._empty_lines and i > start:
            found.append(PONG)
        if i < len(data):
            self._empty_lines = 0
        return i

    def _message_end(self, data: bytes, start: int) -> int:
        """Where the message that starts at `start` ends; 0 while that is not known."""
        if start >= len(data):
            return 0
        stop = head_end(data, start)
        try:
            if stop == 0:
                self._searched = len(data) - start
                self._check_head(self._searched)
                return 0
            self._end = self._length(data, start, stop)
        except MessageError:
            self._buffer += data[start:]
            raise
        return start + self._end

    def _check_head(self, size: int) -> None:
        if size > self.max_head:
            raise MessageError(513, "Message Too Large")

    def _length(self, data: bytes, start: int, stop: int) -> int:
        """The length of the message whose start line and headers are `data[start:stop]`."""
        self._check_head(stop - start)
        size = content_length(data, start, stop)
        if size == ABSENT:
            if self.need_length:
                raise MessageError(400, "Missing Content-Length")
            size = 0
        elif size == BROKEN:
            raise MessageError(400, "Bad Content-Length")
        if stop - start + size > self.max_message:
            raise MessageError(513, "Message Too Large")
        return stop - start + size


def head_end(data: bytes | bytearray, start: int) -> int:
    """The place behind the first empty line at or after `start`; 0 where there is none."""
    crlf = data.find(b"\n\r\n", start)
    lf = data.find(b"\n\n", start) if crlf < 0 else data.find(b"\n\n", start, crlf + 1)
    if lf >= 0:
        return lf + 2
    return crlf + 3 if crlf >= 0 else 0


def content_length(data: bytes, start: int, end: int) -> int:
    """The Content-Length of `data[start:end]`, start line and headers; `ABSENT`, or `BROKEN` also where repeated.

    This is a short cut to what `HeaderBlock` finds: it looks at the first letter of each line only.
    """
    if start < 0 or end > len(data):
        raise IndexError("outside the buffer")
    p = data
    found = ABSENT
    i = start
    while i < end and p[i] != 10:
        i += 1
    i += 1
    while i < end:
        if (p[i] | 32) == 108 or (p[i] | 32) == 99:
            colon = _colon(data, i, end)
            if colon:
                if found != ABSENT:
                    return BROKEN
                found = _number_in_line(data, colon + 1, end)
        while i < end and p[i] != 10:
            i += 1
        i += 1
    return found


def _colon(data: bytes, start: int, end: int) -> int:
    """Where the colon behind the name is if this line is a Content-Length, else 0."""
    p = data
    q = NAME
    i = start
    if (p[i] | 32) == 108:
        i += 1
    else:
        while i < end and i - start < 14 and (p[i] | 32) == q[i - start]:
            i += 1
        if i - start < 14:
            return 0
    while i < end and (p[i] == 32 or p[i] == 9):
        i += 1
    return i if i < end and p[i] == 58 else 0


def _number_in_line(data: bytes, start: int, end: int) -> int:
    """The number that starts behind `start` and ends with its line and the folds of that; `BROKEN` if it is none."""
    p = data
    stop = start
    while stop < end and not (p[stop] == 10 and (stop + 1 >= end or (p[stop + 1] != 32 and p[stop + 1] != 9))):
        stop += 1
    while start < stop and p[start] <= 32:
        start += 1
    while stop > start and p[stop - 1] <= 32:
        stop -= 1
    value = parse_number(data, start, stop)
    return value if value >= 0 else BROKEN
