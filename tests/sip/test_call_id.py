"""The short cut to the Call-ID finds what the parser finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.sip.call_id import find_call_id
from siprouter.sip.errors import MessageError
from siprouter.sip.headers import unfold
from siprouter.sip.message import parse_message
from siprouter.sip.names import H_CALL_ID

LINES = [
    b"Via: SIP/2.0/UDP a;branch=z9hG4bK1",
    b"From: <sip:a@b>;tag=1",
    b"To: <sip:a@b>",
    b"CSeq: 1 INFO",
]


def message(*lines: bytes, end: bytes = b"\r\n", start: bytes = b"INFO sip:a@b SIP/2.0") -> bytes:
    return end.join([start, *LINES, *lines, b"", b""])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"Call-ID: abc@x"], b"abc@x"),
        ([b"i:abc@x"], b"abc@x"),
        ([b"I \t:  abc@x \t"], b"abc@x"),
        ([b"cALL-id\t: abc"], b"abc"),
        ([b"Call-ID:", b" abc"], b"abc"),
        ([b"Call-ID: a", b"\tb"], b"a b"),
        ([b"Subject: x", b" Call-ID: no", b"i: yes"], b"yes"),
        ([b"Call-ID2: no", b"Call-I: no", b"Contact: <sip:x@y>", b"Info: no", b"i: yes"], b"yes"),
        ([b"Content-Length: 0"], b""),
        ([b"Call-ID:"], b""),
        ([b"", b"Call-ID: in the body"], b""),
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_forms(lines: list[bytes], expected: bytes, end: bytes) -> None:
    assert find_call_id(message(*lines, end=end)) == expected
    assert find_call_id(b"\r\n\r\n" + message(*lines, end=end)) == expected


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"x", b"i", b"a\n", b"a\ni", b"a\nc", b"a\ncall-id", b"a\ni:", b"a\ni: "]
)
def test_what_is_no_message(data: bytes) -> None:
    assert find_call_id(data) == b""


PIECES = st.sampled_from(
    [b"i", b"I", b"Call-ID", b"call-id", b"C", b"all-ID", b":", b" ", b"\t", b"\r", b"\n", b"\r\n", b"a@b", b"x", b"\0",
     b"\xff", b"Contact", b";", b"Info"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(b"".join), st.sampled_from([b"\r\n", b"\n"]), st.booleans())
def test_agrees_with_the_parser(noise: bytes, end: bytes, has_one: bool) -> None:
    """Of every message that the parser accepts."""
    data = message(noise, *([b"Call-ID: one"] if has_one else []), end=end)
    try:
        msg = parse_message(data)
    except MessageError:
        find_call_id(data)
        return
    header = msg.get(H_CALL_ID)
    assert header is not None
    assert find_call_id(data) == unfold(msg.buf[header.start : header.end])
