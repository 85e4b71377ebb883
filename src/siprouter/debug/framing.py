"""Messages of the Debug Adapter Protocol on a stream: a header with Content-Length, then JSON; every part is bounded.

A header line of any other name ends the connection: so a web page that a browser was made to send here does nothing.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

MAX_HEADER = 1024
MAX_BODY = 1 << 20
MAX_DEPTH = 40

Json = dict[str, Any]


class FramingError(Exception):
    """What came is no message of the protocol: nothing that follows can be understood."""


async def read_message(stream: asyncio.StreamReader) -> Json | None:
    """The next message; None at the end of the stream. Raises FramingError."""
    length = await _read_header(stream)
    if length is None:
        return None
    try:
        body = await stream.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    return parse_body(body)


async def _read_header(stream: asyncio.StreamReader) -> int | None:
    length = -1
    used = 0
    while True:
        try:
            line = await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial and length < 0:
                raise FramingError("the stream ends inside a header") from None
            return None
        except asyncio.LimitOverrunError:
            raise FramingError(f"a header of more than {MAX_HEADER} octets") from None
        used += len(line)
        if used > MAX_HEADER:
            raise FramingError(f"a header of more than {MAX_HEADER} octets")
        if line in (b"\r\n", b"\n"):
            if length < 0:
                raise FramingError("a header without Content-Length")
            return length
        length = _take_line(line, length)


def _take_line(line: bytes, length: int) -> int:
    """The content length after one header line."""
    name, colon, value = line.partition(b":")
    name, value = name.strip().lower(), value.strip()
    if name == b"content-type" and colon:
        return length
    if name != b"content-length" or not value.isdigit() or len(value) > 9 or length >= 0:
        raise FramingError(f"a header line that is not Content-Length and a number: {line[:60]!r}")
    if int(value) > MAX_BODY:
        raise FramingError(f"a message of more than {MAX_BODY} octets")
    return int(value)


def parse_body(body: bytes) -> Json:
    """The object that a body spells. Raises FramingError."""
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FramingError(f"a body that is no JSON: {str(error)[:80]}") from None
    if not isinstance(found, dict):
        raise FramingError("a body that is no JSON object")
    if depth_of(found) > MAX_DEPTH:
        raise FramingError(f"a body nested deeper than {MAX_DEPTH}")
    return found


def depth_of(value: Any) -> int:
    """How deep containers are nested in a value."""
    depth = 0
    level = [value]
    while level and depth <= MAX_DEPTH:
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        depth += 1
    return depth


def frame_message(message: Json) -> bytes:
    """A message as it goes on the stream."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
