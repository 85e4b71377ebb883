"""The message parser: what it finds, what it refuses, and with which status."""

import gc

import pytest

from siprouter.sip import names
from siprouter.sip.cseq import parse_cseq
from siprouter.sip.errors import MessageError
from siprouter.sip.headers import parse_number
from siprouter.sip.message import parse_message
from siprouter.sip.nameaddr import parse_nameaddrs
from siprouter.sip.params import parse_params
from siprouter.sip.uri import parse_uri_at
from siprouter.sip.via import parse_via
from tests.sip.samples import INVITE, REPLY, lines


def test_request_line_and_headers() -> None:
    msg = parse_message(INVITE)
    assert (msg.is_request, msg.method, msg.method_id) == (True, "INVITE", names.M_INVITE)
    assert msg.uri == "sip:bob@biloxi.example.com"
    assert (msg.parsed_uri.user, msg.parsed_uri.host) == ("bob", "biloxi.example.com")
    assert (msg.cseq.number, msg.cseq.method) == (2, "INVITE")
    assert msg.call_id == "3848276298220188511@atlanta.example.com"
    assert (msg.via.host, msg.via.port, msg.via.branch, msg.via.rport) == ("192.0.2.4", 5060, "z9hG4bK-1", 0)
    assert (msg.from_.display, msg.from_.tag, msg.to.tag) == ('"Alice"', "9fxced76sl", "")
    assert msg.body == b"v=0\r\n"
    assert msg.max_forwards == 70


def test_reply() -> None:
    msg = parse_message(REPLY)
    assert (msg.is_request, msg.status, msg.reason, msg.method, msg.uri) == (False, 180, "Ringing", "INVITE", "")
    assert [via.host for via in msg.vias()] == ["192.0.2.1", "192.0.2.4"]


def test_compact_names_folds_and_case() -> None:
    msg = parse_message(
        lines(
            "OPTIONS sip:a@b SIP/2.0", "v : SIP / 2.0 / TCP host ; branch = z9hG4bKx", "F: <sip:a@b>\r\n ;tag=1",
            "t: <sip:a@b>", "i: x", "cSEQ: 1\r\n\tOPTIONS", "s: one\r\n  two\r\n\tthree", "l: 0",
        )
    )  # fmt: skip
    assert msg.via.transport == "TCP"
    assert msg.from_.tag == "1"
    subject = msg.find("Subject")[0]
    assert msg.value(subject) == "one two three"
    assert msg.find("s") == [subject]
    assert msg.name(subject) == "s"


def test_edits_are_pending_until_applied() -> None:
    msg = parse_message(INVITE)
    msg.append_header(b"X-Last: 1\r\n")
    msg.insert_header(b"X-First: 1\r\n")
    msg.replace_body(b"longer body")
    assert msg.body == b"v=0\r\n"
    assert msg.find("X-First") == []
    new = msg.apply_edits()
    assert new.headers[0].id == 0 and new.name(new.headers[0]) == "X-First"
    assert new.name(new.headers[-1]) == "X-Last"
    assert new.body == b"longer body"
    assert new.content_length == 11
    assert new.edits == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"CSeq: 2 INVITE", b"CSeq: 2 BYE", "CSeq Method Does Not Match"),
        (b"CSeq: 2 INVITE", b"CSeq: 2147483648 INVITE", "CSeq Number Too Large"),
        (b"CSeq: 2 INVITE\r\n", b"", "Missing CSeq"),
        (b"Content-Length: 5", b"Content-Length: -5", "Bad Content-Length"),
        (b"Content-Length: 5", b"Content-Length: 4294967301", "Bad Content-Length"),
        (b"Content-Length: 5", b"Content-Length: 6", "Content-Length Beyond Message"),
        (b"Content-Length: 5", b"l: 5\r\nContent-Length: 5", "Duplicate Content-Length"),
        (b"tag=9fxced76sl", b"tag=", "Empty Tag"),
        (b"\r\n\r\nv=0\r\n", b"\r\n", "Missing End of Headers"),
        (b"Max-Forwards: 70", b"Max-Forwards 70", "Bad Header Line"),
        (b"Max-Forwards: 70", b"Max-Forwards: 7\r0", "Bad Line End"),
    ],
)
def test_refused(old: bytes, new: bytes, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(INVITE.replace(old, new))
    assert (caught.value.status, caught.value.reason) == (400, reason)
    assert caught.value.message is not None


def test_offsets_of_another_message_are_no_way_out_of_this_one() -> None:
    long = parse_message(INVITE.replace(b"Content-Type", b"X: " + b"y" * 5000 + b"\r\nContent-Type"))
    short = parse_message(INVITE)
    for read in (short.value, short.name, short.line):
        with pytest.raises(IndexError):
            read(long.headers[-1])
    with pytest.raises(IndexError):
        short.text(-1, 5)
    for parse in (parse_via, parse_uri_at, parse_cseq, parse_nameaddrs, parse_number, parse_params):
        with pytest.raises(IndexError):
            parse(b"SIP/2.0/UDP a", 0, 5000)


def test_messages_and_refusals_leave_no_reference_cycles() -> None:
    """The garbage collector is tuned to run rarely; it must have nothing to find."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            msg = parse_message(INVITE)
            msg.append_header(b"X: y\r\n")
            assert all((msg.uri, msg.contacts(), msg.via.params, msg.from_.params, msg.to.parsed_uri, msg.body))
            assert msg.apply_edits().call_id == msg.call_id
            with pytest.raises(MessageError):
                parse_message(INVITE.replace(b"CSeq: 2", b"CSeq: x"))
        caught = gc.collect()
    finally:
        gc.enable()
    del msg
    assert caught == 0
