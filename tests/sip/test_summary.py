"""One line for a message."""

import pytest

from siprouter.sip.summary import summarize


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"INVITE sip:bob@example.org SIP/2.0\r\nVia: x\r\n\r\n", "INVITE sip:bob@example.org"),
        (b"SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 1 BYE\r\n\r\n", "200 OK (BYE)"),
        (b"SIP/2.0 200 OK\r\ncseq :  7   REGISTER \r\n\r\n", "200 OK (REGISTER)"),
        (b"SIP/2.0 200 OK\r\nCSeq:\r\n\r\n", "200 OK"),
        (b"SIP/2.0 200\r\n\r\nCSeq: 1 X", "200"),
        (b"\r\n\r\n", "keep-alive"),
        (b"\0\0\0\0", "keep-alive"),
        (b"", "keep-alive"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1"),
    ],
)
def test_summaries(data: bytes, expected: str) -> None:
    assert summarize(data) == expected
