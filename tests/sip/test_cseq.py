"""CSeq values."""

import pytest

from siprouter.sip.cseq import parse_cseq
from siprouter.sip.errors import MessageError


def test_parts_and_offsets() -> None:
    data = b"0009\r\n  INVITE"
    cseq = parse_cseq(data, 0, len(data))
    assert (cseq.number, cseq.method, cseq.method_id) == (9, "INVITE", 1)
    assert data[cseq.number_start : cseq.number_end] == b"0009"
    assert data[cseq.method_start : cseq.method_end] == b"INVITE"


def test_unknown_methods() -> None:
    cseq = parse_cseq(b"1 RE%47IST%45R", 0, 14)
    assert (cseq.method, cseq.method_id) == ("RE%47IST%45R", 0)


@pytest.mark.parametrize(
    "data", [b"", b"1", b"INVITE", b"1INVITE", b"1 INVITE BYE", b"1 I,", b"-1 INVITE", b"2147483648 BYE"]
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(MessageError):
        parse_cseq(data, 0, len(data))
