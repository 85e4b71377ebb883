"""binrpc, the binary RPC protocol of SIP Router's `ctl` module and of `kamcmd`.

A packet is a header, then a body of records::

    header   4 bits magic 0xA, 4 bits version 1, 4 bits kind, 2 bits LL, 2 bits CL,
             LL+1 bytes length of the body, CL+1 bytes cookie
    record   1 bit S, 3 bits size, 4 bits type, value of `size` bytes
             (S set: `size` bytes that hold the size of the value, then the value)

A structure starts with 0x03 and ends with 0x83, an array 0x04 and 0x84. Each member of a structure is a name (type 5)
followed by its value. Strings and names end with a zero byte that counts. A double is its value times 1000 as an
integer; it may take 8 bytes (size field 8), which later servers and clients use for what does not fit 31 bits. No
fault of the peer gets past `BinrpcError`: sizes, nesting and types are all checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from siprouter.rpc.values import NULL_TEXT, Pairs, RpcValue, members
from siprouter.util.errors import InternalError, PeerError
from siprouter.util.text import to_bytes, to_str

REQUEST = 0
REPLY = 1
FAULT = 3

MAX_PACKET = 65535
"""largest packet accepted from a client, in bytes"""
MAX_REPLY = 16 * 1024 * 1024
"""largest packet accepted from a server, in bytes"""
MAX_DEPTH = 32
"""deepest nesting of structures and arrays"""

_FIRST_BYTE = 0xA1
_INT, _STR, _DOUBLE, _STRUCT, _ARRAY, _AVP, _BYTES = range(7)
_STRUCT_END = 0x80 | _STRUCT
_ARRAY_END = 0x80 | _ARRAY


class BinrpcError(PeerError):
    """A packet that breaks the protocol; `reason` in SIP Router's words."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet with its body still unparsed."""

    kind: int
    cookie: int
    body: bytes


# Building


def build_packet(kind: int, cookie: int, values: Iterable[RpcValue]) -> bytes:
    """A whole packet. Raises InternalError for a value that the protocol cannot carry."""
    body = bytearray()
    for value in values:
        _add_value(body, value, 0)
    length = _minimal(len(body)) or b"\0"
    cookie_bytes = _minimal(cookie & 0xFFFFFFFF) or b"\0"
    if len(length) > 4:
        raise InternalError("binrpc packet over 4 GB")
    sizes = kind << 4 | (len(length) - 1) << 2 | (len(cookie_bytes) - 1)
    return bytes((_FIRST_BYTE, sizes)) + length + cookie_bytes + body


def build_request(cookie: int, method: str, params: Iterable[RpcValue] = ()) -> bytes:
    """A call of `method`."""
    return build_packet(REQUEST, cookie, [method, *params])


def build_fault(cookie: int, code: int, message: str) -> bytes:
    """The reply to a call that failed."""
    return build_packet(FAULT, cookie, [code, message])


def _minimal(number: int) -> bytes:
    """Big-endian bytes without leading zeros; 0 is empty."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _add_value(out: bytearray, value: RpcValue, depth: int) -> None:
    if isinstance(value, str):
        _add_sized(out, _STR, to_bytes(value) + b"\0")
    elif isinstance(value, int):
        _add_int(out, value)
    elif isinstance(value, float):
        _add_double(out, value)
    elif isinstance(value, bytes):
        _add_sized(out, _BYTES, value)
    elif value is None:
        _add_sized(out, _STR, NULL_TEXT.encode() + b"\0")
    elif depth >= MAX_DEPTH:
        raise InternalError("binrpc value nested too deeply")
    elif isinstance(value, Pairs | Mapping):
        out.append(_STRUCT)
        for name, member in members(value):
            _add_sized(out, _AVP, to_bytes(name) + b"\0")
            if isinstance(member, list | tuple):
                _add_list_member(out, member, depth + 1)
            else:
                _add_value(out, member, depth + 1)
        out.append(_STRUCT_END)
    else:
        out.append(_ARRAY)
        for item in value:
            _add_value(out, item, depth + 1)
        out.append(_ARRAY_END)


def _add_list_member(out: bytearray, items: Iterable[RpcValue], depth: int) -> None:
    """A list inside a structure: clients take no array there, but a structure of nameless values."""
    if depth >= MAX_DEPTH:
        raise InternalError("binrpc value nested too deeply")
    out.append(_STRUCT)
    for item in items:
        if isinstance(item, list | tuple):
            _add_list_member(out, item, depth + 1)
        else:
            _add_value(out, item, depth + 1)
    out.append(_STRUCT_END)


def _add_int(out: bytearray, number: int) -> None:
    if not -0x80000000 <= number <= 0x7FFFFFFF:
        _add_thousandths(out, number * 1000)  # wider than the integer type; clients print a whole double as an integer
        return
    data = _minimal(number & 0xFFFFFFFF)
    out.append(len(data) << 4 | _INT)
    out += data


def _add_double(out: bytearray, number: float) -> None:
    if not math.isfinite(number):
        raise InternalError(f"binrpc cannot carry {number}")
    _add_thousandths(out, round(number * 1000))


def _add_thousandths(out: bytearray, number: int) -> None:
    if not -(1 << 63) <= number < 1 << 63:
        raise InternalError("number too large for binrpc")
    data = _minimal(number & 0xFFFFFFFFFFFFFFFF)
    out.append(len(data) << 4 | _DOUBLE)
    out += data


def _add_sized(out: bytearray, kind: int, data: bytes) -> None:
    if len(data) < 8:
        out.append(len(data) << 4 | kind)
    else:
        size = _minimal(len(data))
        out.append((8 | len(size)) << 4 | kind)
        out += size
    out += data


# Parsing


class PacketReader:
    """Cuts a byte stream, or one datagram, into packets."""

    def __init__(self, limit: int = MAX_PACKET) -> None:
        self._buffer = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def next(self) -> Packet | None:
        """The next whole packet, None when more bytes are needed. Raises BinrpcError: the stream cannot go on."""
        buffer = self._buffer
        if buffer and buffer[0] != _FIRST_BYTE:
            raise BinrpcError("corrupted packet")
        if len(buffer) < 4:
            return None
        kind = buffer[1] >> 4
        if kind not in (REQUEST, REPLY, FAULT):
            raise BinrpcError("corrupted packet")
        cookie_start = 3 + (buffer[1] >> 2 & 3)
        body_start = cookie_start + 1 + (buffer[1] & 3)
        if len(buffer) < body_start:
            return None
        end = body_start + int.from_bytes(buffer[2:cookie_start], "big")
        if end > self._limit:
            raise BinrpcError("packet too big")
        if len(buffer) < end:
            return None
        packet = Packet(kind, int.from_bytes(buffer[cookie_start:body_start], "big"), bytes(buffer[body_start:end]))
        del buffer[:end]
        return packet

    @property
    def pending(self) -> int:
        """Bytes of an unfinished packet."""
        return len(self._buffer)


def parse_values(body: bytes) -> list[RpcValue]:
    """All values of a body. Structures come as Pairs, or as a list where no member has a name. Raises BinrpcError."""
    reader = _BodyReader(body)
    values: list[RpcValue] = []
    while reader.position < len(body):
        values.append(reader.value(0))
    return values


def parse_request(packet: Packet) -> tuple[str, list[RpcValue]]:
    """Method and parameters of a request. Raises BinrpcError."""
    if packet.kind != REQUEST:
        raise BinrpcError("bad request: corrupted packet")
    values = parse_values(packet.body)
    if not values:
        raise BinrpcError("bad request method: end of packet encountered")
    method = values[0]
    if not isinstance(method, str):
        raise BinrpcError("bad request method: record doesn't match type")
    return method, values[1:]


def parse_fault(packet: Packet) -> tuple[int, str]:
    """Code and message of a fault. Raises BinrpcError."""
    match parse_values(packet.body):
        case [int(code), str(message), *_]:
            return code, message
    raise BinrpcError("bad record")


class _BodyReader:
    """Reads the records of a body one after the other."""

    __slots__ = ("body", "position")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.position = 0

    def value(self, depth: int) -> RpcValue:
        """The value that starts here."""
        kind, size, extended = self._mark()
        if kind == _STR:
            return to_str(self._text(size))
        if kind == _INT:
            return self._int(size)
        if kind == _DOUBLE:
            return self._double(size)
        if kind == _BYTES:
            return self._take(size)
        if kind not in (_STRUCT, _ARRAY) or extended or size or depth >= MAX_DEPTH:
            raise BinrpcError("bad record")
        return self._struct(depth + 1) if kind == _STRUCT else self._array(depth + 1)

    def _mark(self) -> tuple[int, int, bool]:
        """Type, size of the value, and whether the size was in bytes of its own."""
        if self.position >= len(self.body):
            raise BinrpcError("more data needed")
        mark = self.body[self.position]
        self.position += 1
        kind = mark & 0xF
        size = mark >> 4
        if size < 8 or (kind == _DOUBLE and size == 8):
            return kind, size, False
        if size > 12:
            raise BinrpcError("bad record")
        return kind, int.from_bytes(self._take(size & 7), "big"), True

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.body):
            raise BinrpcError("more data needed")
        data = self.body[self.position : end]
        self.position = end
        return data

    def _text(self, size: int) -> bytes:
        data = self._take(size)
        if not data:
            return data
        if data[-1]:
            raise BinrpcError("bad record")
        return data[:-1]

    def _int(self, size: int) -> int:
        if size > 4:
            raise BinrpcError("bad record")
        return int.from_bytes(self._take(size), "big", signed=size == 4)

    def _double(self, size: int) -> float:
        if size > 8:
            raise BinrpcError("bad record")
        return int.from_bytes(self._take(size), "big", signed=size == 8) / 1000

    def _struct(self, depth: int) -> RpcValue:
        result = Pairs()
        named = False
        while not self._ends_with(_STRUCT_END):
            name = ""
            if self.position < len(self.body) and self.body[self.position] & 0xF == _AVP:
                name = to_str(self._text(self._mark()[1]))
                named = True
            result.add(name, self.value(depth))
        if named or not len(result):
            return result
        return [value for _, value in result]

    def _array(self, depth: int) -> list[RpcValue]:
        result: list[RpcValue] = []
        while not self._ends_with(_ARRAY_END):
            result.append(self.value(depth))
        return result

    def _ends_with(self, mark: int) -> bool:
        if self.position >= len(self.body):
            raise BinrpcError("more data needed")
        if self.body[self.position] != mark:
            return False
        self.position += 1
        return True
