"""Where the values of headers and their parameters are. All offsets are those of the message's octets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from siprouter.modules.textops.args import HeaderName
from siprouter.modules.textops.headers import find_all
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.util.text import to_bytes, to_str

T = TypeVar("T")

_BLANKS = b" \t\r\n"
_STOP = re.compile(rb'[,"<>\\]')
_QUOTED = rb'"(?:[^"\\]|\\.)*"?'
_PARAM = re.compile(rb"\s*;\s*([^\s=;]*)(?:(\s*=\s*)(" + _QUOTED + rb"|[^\s;]*))?", re.DOTALL)
_WORD = re.compile(rb"(\s*(?:(,)\s*)?)([\w-]+)(?:(\s*=\s*)(" + _QUOTED + rb"|[^\s,]*))?", re.DOTALL)
_NO_WORD = re.compile(rb"\s*,?\s*[^\s,]*")
_NEXT_COMMA = re.compile(rb"\s*,\s*")


@dataclass(frozen=True, slots=True)
class Value:
    """One of the values of a header, without blanks around it; `area` is from the comma before to behind the comma."""

    header: Header
    start: int
    end: int
    area_start: int
    area_end: int

    def text(self, msg: Message) -> str:
        """The value; a folded one is unfolded."""
        return unfolded(msg.buf[self.start : self.end])


@dataclass(frozen=True, slots=True)
class Found:
    """A parameter: all of it with what sets it off from the others, what follows its name, and its value."""

    start: int
    end: int
    rest_start: int
    rest_end: int
    value: str


def unfolded(data: bytes) -> str:
    """Text without line ends in it."""
    text = to_str(data)
    return " ".join(line.strip() for line in text.split("\n")) if "\n" in text else text


def values_of(msg: Message, header: Header) -> list[Value]:
    """The values between the commas of a header; those in quotes and in angle brackets do not count."""
    buf = msg.buf
    found = []
    start = pos = header.start
    quoted = bracket = False
    while True:
        stop = _STOP.search(buf, pos, header.end)
        if stop is not None:
            pos = stop.end()
            char = stop.group()
            if char == b"\\":
                pos += 1 if quoted else 0
            elif char == b'"':
                quoted = not quoted
            elif not quoted and char != b",":
                bracket = char == b"<"
            if char != b"," or quoted or bracket:
                continue
        area_end = header.end if stop is None else pos
        end = area_end if stop is None else area_end - 1
        found.append(_trimmed(buf, header, start, end, area_end))
        if stop is None:
            return found
        start = pos


def _trimmed(buf: bytes, header: Header, start: int, end: int, area_end: int) -> Value:
    first = start
    while first < end and buf[first] in _BLANKS:
        first += 1
    last = end
    while last > first and buf[last - 1] in _BLANKS:
        last -= 1
    return Value(header, first, last, start, area_end)


def all_values(msg: Message, name: HeaderName) -> list[Value]:
    """The values of all headers of a name, in order."""
    return [value for header in find_all(msg, name) for value in values_of(msg, header)]


def pick(items: list[T], index: int) -> T | None:
    """Number `index` from 1; a negative one counts from the end."""
    place = index - 1 if index > 0 else index
    return items[place] if place < len(items) and -place <= len(items) else None


@dataclass(frozen=True, slots=True)
class Parts:
    """Name and URI (without brackets) of a value, and where its parameters begin."""

    name: str
    uri: str
    params: int


def parts_of(msg: Message, value: Value) -> Parts:
    """`"Name" <uri>;params`, `uri;params`, or as in Via `first … uri;params`."""
    buf = msg.buf
    pos = value.start
    quoted = False
    opening = -1
    while pos < value.end:
        char = buf[pos]
        if char == 0x22:
            quoted = not quoted
        elif char == 0x5C and quoted:
            pos += 1
        elif not quoted and char == 0x3C:
            opening = pos
            break
        elif not quoted and char == 0x3B:
            break
        pos += 1
    pos = min(pos, value.end)
    if opening < 0:
        words = unfolded(buf[value.start : pos]).split()
        return Parts(words[0] if len(words) > 1 else "", words[-1] if words else "", pos)
    closing = buf.find(b">", opening, value.end)
    name = unfolded(buf[value.start : opening]).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    if closing < 0:
        return Parts(name, "", value.end)
    return Parts(name, to_str(buf[opening + 1 : closing]), closing + 1)


def _unquoted(data: bytes) -> str:
    if data[:1] == b'"':
        data = data[1:-1] if len(data) > 1 and data[-1:] == b'"' else data[1:]
    return to_str(data)


def find_param(msg: Message, start: int, end: int, name: str) -> tuple[Found | None, int]:
    """The first parameter of a name in `;a=b;c`, and where the parameters end (those before it, where it is found)."""
    wanted = to_bytes(name).lower()
    pos = start
    while (match := _PARAM.match(msg.buf, pos, end)) is not None:
        pos = match.end()
        if match.group(1).lower() == wanted:
            value = _unquoted(match.group(3) or b"")
            return Found(match.start(), match.end(), match.end(1), match.end(), value), match.start()
    return None, pos


def find_word_param(msg: Message, start: int, end: int, name: str) -> tuple[Found | None, str]:
    """The first parameter of a name in `Digest a=b, c="d"`, and what sets a new one off at the end."""
    wanted = to_bytes(name).lower()
    buf = msg.buf
    pos = start
    delimiter = ""
    while pos < end:
        match = _WORD.match(buf, pos, end)
        if match is None:
            skipped = _NO_WORD.match(buf, pos, end)
            pos = max(pos + 1, skipped.end() if skipped else 0)
            continue
        if match.group(4) is None:
            delimiter = delimiter or " "
        else:
            delimiter = ","
            if match.group(3).lower() == wanted:
                return _word_found(buf, match, end), delimiter
        pos = match.end()
    return None, delimiter


def _word_found(buf: bytes, match: re.Match[bytes], end: int) -> Found:
    start, stop = match.span()
    if match.group(2) is None:
        # the first one takes the comma behind it, and leaves what stands before
        comma = _NEXT_COMMA.match(buf, stop, end)
        start, stop = (match.start(3), comma.end()) if comma else (start, stop)
    return Found(start, stop, match.end(3), match.end(), _unquoted(match.group(5)))
