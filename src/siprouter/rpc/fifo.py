"""Commands over a FIFO: the request format of mi_fifo and of ctl's `fifo`, and the replies of both.

A request is ``:command:reply_file`` on one line, then an argument a line, then an empty line. The reply goes to the
FIFO `reply_file`, or nowhere when it has none. MI arguments are ``value``, ``name::value`` or ``name::"value"``; a
quoted value may span lines, with ``\\"`` for a quote.
"""

from __future__ import annotations

from dataclasses import dataclass

from siprouter.rpc.mi import MiArgument, MiReply, node_lines
from siprouter.rpc.values import NULL_TEXT, Pairs, RpcValue, is_struct, members
from siprouter.util.errors import PeerError
from siprouter.util.text import to_bytes, to_str

MAX_REQUEST = 65535
"""largest request, in bytes"""

_SEPARATOR = "::"
_FORBIDDEN_IN_REPLY_FILE = frozenset("./\\\0")


class FifoError(PeerError):
    """A request that cannot be understood; `reply_file` is where the peer expects the answer, "" when unknown."""

    def __init__(self, reason: str, reply_file: str = "") -> None:
        super().__init__(400, reason)
        self.reply_file = reply_file


@dataclass(frozen=True, slots=True)
class FifoRequest:
    """A command with its argument lines, still unparsed; `reply_file` is a bare file name or ""."""

    command: str
    reply_file: str
    lines: list[str]


class FifoReader:
    """Cuts what writers put into a FIFO into requests."""

    def __init__(self, limit: int = MAX_REQUEST) -> None:
        self._buffer = bytearray()
        self._limit = limit
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def clear(self) -> None:
        """Forget an unfinished request (its writer has gone)."""
        self._buffer.clear()
        self._skipping = False

    @property
    def pending(self) -> int:
        """Bytes of an unfinished request."""
        return len(self._buffer)

    def next(self) -> FifoRequest | None:
        """The next request, None when more bytes are needed. Raises FifoError for a bad one, which is then skipped."""
        while True:
            end = self._end_of_request()
            if end < 0:
                if len(self._buffer) <= self._limit:
                    return None
                self._drop_lines()
                if self._skipping:
                    return None
                self._skipping = True
                raise FifoError("request too long")
            text = to_str(bytes(self._buffer[:end]))
            del self._buffer[:end]
            if self._skipping:
                self._skipping = False
                continue
            lines = [line.rstrip("\r") for line in text.split("\n")[:-1]]
            if lines[0].strip():
                return parse_request(lines[0], lines[1:-1])

    def _drop_lines(self) -> None:
        """Forget the lines of a request that is too long, but not whether a line has begun."""
        last_line = bytes(self._buffer[self._buffer.rfind(b"\n") + 1 :])
        self._buffer[:] = last_line if last_line in (b"", b"\r") else b"x"

    def _end_of_request(self) -> int:
        """Offset past the empty line that ends the first request; -1 when it is not there yet."""
        buffer = self._buffer
        start = 0
        while True:
            newline = buffer.find(b"\n", start)
            if newline < 0:
                return -1
            if newline == start or (newline == start + 1 and buffer[start] == 0x0D):
                return newline + 1
            start = newline + 1


def parse_request(first_line: str, lines: list[str]) -> FifoRequest:
    """A request from its first line and its argument lines. Raises FifoError."""
    first_line = first_line.rstrip()
    if not first_line.startswith(":"):
        raise FifoError("command must begin with ':'")
    command, separator, reply_file = first_line[1:].partition(":")
    if not separator:
        raise FifoError("':' missing after the command")
    if not _FORBIDDEN_IN_REPLY_FILE.isdisjoint(reply_file):
        raise FifoError("forbidden reply file name")
    if not command:
        raise FifoError("empty command", reply_file)
    return FifoRequest(command, reply_file, lines)


def parse_mi_arguments(lines: list[str]) -> list[MiArgument]:
    """The arguments of an MI command. Raises FifoError when quotes do not match."""
    arguments: list[MiArgument] = []
    pending = iter(lines)
    for line in pending:
        line = line.strip()
        if not line:
            continue
        name: str | None = None
        if not line.startswith('"'):
            head, separator, tail = line.partition(_SEPARATOR)
            if separator:
                name = head.rstrip() or None
                line = tail.lstrip()
            if '"' in head:
                raise FifoError("quote inside an argument")
        if line.startswith('"'):
            value, rest = _quoted(line)
            while rest is None:
                following = next(pending, None)
                if following is None:
                    raise FifoError("closing quote missing")
                more, rest = _quoted('"' + following)
                value = f"{value}\n{more}"
            if rest.strip():
                raise FifoError("text after the closing quote")
        elif '"' in line:
            raise FifoError("quote inside an argument")
        else:
            value = line
        arguments.append(MiArgument(name, value))
    return arguments


def _quoted(text: str) -> tuple[str, str | None]:
    """What is between the quote that `text` starts with and the next one, and what follows it (None: there is none)."""
    out: list[str] = []
    position = 1
    while position < len(text):
        char = text[position]
        if char == "\\" and text.startswith('"', position + 1):
            out.append('"')
            position += 2
            continue
        if char == '"':
            return "".join(out), text[position + 1 :]
        out.append(char)
        position += 1
    return "".join(out), None


def build_mi_reply(reply: MiReply, indent: str = "\t") -> bytes:
    """The reply as mi_fifo writes it: status line, tree, empty line."""
    lines = [f"{reply.code} {reply.reason}", *node_lines(reply, indent), ""]
    return to_bytes("\n".join(lines) + "\n")


# The RPC form of the old SER FIFO: values in lines, structures as name:value,name:value.


def unescape(text: str) -> str:
    r"""Text of an RPC argument line: ``\n \r \t \0 \\`` and, for structures, ``\o`` a colon and ``\c`` a comma."""
    if "\\" not in text:
        return text
    out: list[str] = []
    chars = iter(text)
    for char in chars:
        if char == "\\":
            char = _ESCAPES.get(next(chars, ""), "")
            if not char:
                raise FifoError("bad escape")
        out.append(char)
    return "".join(out)


_ESCAPES = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t", "0": "\0", "o": ":", "c": ","}
_TO_LINE = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"})
_TO_MEMBER = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", ":": "\\o", ",": "\\c"})


def build_rpc_reply(code: int, reason: str, values: list[RpcValue]) -> bytes:
    """The reply as ctl's FIFO writes it: status line, then a line a value."""
    lines = [f"{code} {reason.translate(_TO_LINE)}"]
    for value in values:
        _add_rpc_lines(lines, value)
    return to_bytes("\n".join(lines) + "\n")


def _add_rpc_lines(lines: list[str], value: RpcValue) -> None:
    if is_struct(value):
        lines.append(_struct_line(value))
    elif isinstance(value, list | tuple):
        for item in value:
            _add_rpc_lines(lines, item)
    else:
        lines.append(_scalar(value).translate(_TO_LINE))


def _struct_line(value: RpcValue) -> str:
    """``name:value,name:value``; the format has no nesting, so an inner structure is one escaped value."""
    parts: list[str] = []
    for name, member in _named(value):
        if is_struct(member) or isinstance(member, list | tuple):
            text = _struct_line(member)
        else:
            text = _scalar(member)
        parts.append(f"{name.translate(_TO_MEMBER)}:{text.translate(_TO_MEMBER)}")
    return ",".join(parts)


def _named(value: RpcValue) -> list[tuple[str, RpcValue]]:
    if isinstance(value, list | tuple):
        return [(str(index), item) for index, item in enumerate(value)]
    return list(members(value)) if isinstance(value, Pairs | dict) else []


def _scalar(value: RpcValue) -> str:
    if value is None:
        return NULL_TEXT
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:f}"
    return to_str(value) if isinstance(value, bytes) else str(value)
