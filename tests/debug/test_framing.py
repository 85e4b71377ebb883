"""Messages on a stream: whole, in pieces, and everything that is none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.debug.framing import MAX_BODY, MAX_DEPTH, MAX_HEADER, FramingError, frame_message, read_message


def read_all(data: bytes) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        stream = asyncio.StreamReader(MAX_HEADER)
        stream.feed_data(data)
        stream.feed_eof()
        found = []
        while (message := await read_message(stream)) is not None:
            found.append(message)
        return found

    return asyncio.run(run())


def test_there_and_back() -> None:
    messages = [{"seq": 1, "type": "request", "command": "ü\udc80"}, {"seq": 2}]
    assert read_all(b"".join(frame_message(message) for message in messages)) == messages


def test_other_headers_and_line_ends() -> None:
    assert read_all(b"content-length:2\nContent-Type: a/b\n\n{}") == [{}]
    assert read_all(b"") == []
    assert read_all(b"Content-Length: 10\r\n\r\n{}") == []


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: 2\r\nHost: x\r\n\r\n{}",
        b"Content-Length: -2\r\n\r\n{}",
        b"Content-Length: 2x\r\n\r\n{}",
        b"Content-Length: %d\r\n\r\n{}" % (MAX_BODY + 1),
        b"Content-Length: 99999999999999\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"\r\n{}",
        b"Content-Length",
        b"x" * (MAX_HEADER * 3),
        b"Content-Type: x\r\n" * 200,
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 2\r\n\r\n{x",
        b"Content-Length: 2\r\n\r\n\xff\xfe",
        b"Content-Length: 200000\r\n\r\n" + b"[" * 200000,
        frame_message({"a": eval("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))}),
    ],
    ids=range(16),
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(FramingError):
        read_all(data)


@given(st.binary(max_size=300))
def test_anything(data: bytes) -> None:
    try:
        read_all(data)
    except FramingError:
        pass
