"""What attackers send, decided once: each of these costs one refusal, or nothing."""

import pytest

from siprouter.sip.content_type import parse_content_type
from siprouter.sip.errors import MessageError
from siprouter.sip.framing import Framer
from siprouter.sip.message import parse_message
from siprouter.sip.multipart import find_body, parse_multipart
from siprouter.sip.names import MAX_HEADERS
from siprouter.sip.sdp import parse_sdp
from tests.sip.samples import INVITE, REPLY

MEGABYTE = b"x" * (1 << 20)


def refused(data: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        parse_message(data)
    assert caught.value.status == 400
    return caught.value.reason


def with_length(value: bytes) -> bytes:
    return INVITE.replace(b"Content-Length: 5", b"Content-Length: " + value)


@pytest.mark.parametrize(
    "value",
    [
        b"-1",
        b"-5",
        b"+5",
        b"",
        b"5 5",
        b"5,5",
        b"0x5",
        b"5.0",
        b"2147483648",
        b"4294967296",
        b"4294967301",
        b"5\xb2",
        b"18446744073709551621",
        b"9" * 100,
        "٥".encode(),
    ],
)
def test_content_length_is_a_small_number(value: bytes) -> None:
    assert refused(with_length(value)) == "Bad Content-Length"
    framer = Framer()
    assert framer.feed(with_length(value)) == []
    assert framer.error is not None and framer.error.status == 400


@pytest.mark.parametrize("value", [b"6", b"2147483647"])
def test_content_length_beyond_a_datagram(value: bytes) -> None:
    assert refused(with_length(value)) == "Content-Length Beyond Message"


@pytest.mark.parametrize("value", [b"5", b"005", b" 5 ", b"\r\n 5"])
def test_content_length_written_otherwise(value: bytes) -> None:
    assert parse_message(with_length(value)).content_length == 5
    assert Framer().feed(with_length(value) + b"XXX") == [with_length(value)]


@pytest.mark.parametrize(
    "other", [b"Content-Length: 5", b"Content-Length: 500", b"l: 5", b"L : 0", b"CONTENT-LENGTH:5"]
)
def test_second_content_length(other: bytes) -> None:
    data = INVITE.replace(b"Max-Forwards: 70", other)
    assert refused(data) == "Duplicate Content-Length"
    framer = Framer()
    assert framer.feed(data) == []
    assert framer.error is not None


@pytest.mark.parametrize(
    "line",
    [
        b"To: <sip:b@c>",
        b"t: <sip:b@c>",
        b"FROM : <sip:b@c>;tag=1",
        b"f:<sip:b@c>",
        b"Call-ID: other",
        b"i: other",
        b"CSeq: 3 INVITE",
        b"Max-Forwards: 5",
    ],
)
def test_fields_that_may_appear_once(line: bytes) -> None:
    assert refused(INVITE.replace(b"Content-Type", line + b"\r\nContent-Type")).startswith("Duplicate ")


@pytest.mark.parametrize("name", [b"To", b"From", b"Call-ID", b"CSeq", b"Via"])
def test_fields_that_must_be_there(name: bytes) -> None:
    assert refused(INVITE.replace(b"\r\n" + name + b":", b"\r\nX-" + name + b":")).startswith("Missing ")


def test_white_space_before_the_colon_hides_nothing() -> None:
    msg = parse_message(INVITE.replace(b"Content-Length:", b"Content-Length \t :").replace(b"To:", b"To :"))
    assert (msg.content_length, msg.to.parsed_uri.user) == (5, "bob")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Max-Forwards: 70", b"Max Forwards: 70"),
        (b"Max-Forwards: 70", b": 70"),
        (b"Max-Forwards: 70", b"Max-Forwards"),
        (b"Max-Forwards: 70", b"Max\xffForwards: 70"),
        (b"Max-Forwards: 70", b"Max\x00Forwards: 70"),
        (b"Max-Forwards: 70", b"Max-Forwards\r\n : 70"),
    ],
)
def test_broken_header_lines(old: bytes, new: bytes) -> None:
    assert refused(INVITE.replace(old, new)) == "Bad Header Line"


def test_carriage_returns_alone() -> None:
    assert refused(INVITE.replace(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\r")) == "Bad Line End"
    assert refused(INVITE.replace(b"Max-Forwards: 70", b"Max-Forwards: 70\rContent-Length: 0")) == "Bad Line End"


@pytest.mark.parametrize("cut", [1, 3, 5, 40, 200, 300])
def test_no_end_of_headers(cut: int) -> None:
    head = INVITE.partition(b"\r\n\r\n")[0]
    assert refused(head[:-cut]) in ("Missing End of Headers", "Bad Line End", "Bad Header Line")


def test_line_feeds_alone_are_line_ends() -> None:
    data = INVITE.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n\nv=0\r\n"
    assert parse_message(data).body == b"v=0\r\n"
    assert Framer().feed(data + data) == [data, data]


def test_empty_tag() -> None:
    assert refused(INVITE.replace(b"tag=9fxced76sl", b"tag")) == "Empty Tag"
    assert refused(INVITE.replace(b"tag=9fxced76sl", b"tag = ")) == "Empty Tag"
    assert refused(INVITE.replace(b"tag=9fxced76sl", b'tag=""')) == "Empty Tag"


@pytest.mark.parametrize("old", [b"9fxced76sl", b"z9hG4bK-1", b"bob", b"biloxi", b"Alice", b"38482762", b"70"])
def test_megabytes(old: bytes) -> None:
    msg = parse_message(INVITE.replace(old, old + MEGABYTE, 1))
    assert msg.length == len(INVITE) + len(MEGABYTE)


def test_a_megabyte_of_header_name() -> None:
    for size in (255, 256, 257, 65536, 1 << 20):
        msg = parse_message(INVITE.replace(b"Max-Forwards", b"M" * size))
        assert msg.value(msg.find("M" * size)[0]) == "70"


def test_many_headers() -> None:
    assert refused(INVITE.replace(b"Max-Forwards: 70", b"a: b\r\n" * MAX_HEADERS + b"a: b")) == "Too Many Headers"
    assert len(parse_message(INVITE.replace(b"Max-Forwards: 70", b"a: b\r\n" * 500 + b"a: b")).headers) == 509


def test_many_values() -> None:
    vias = INVITE.replace(b"branch=z9hG4bK-1;rport", b"branch=z9hG4bK-1" + b",SIP/2.0/UDP a;branch=b" * 20000)
    assert len(parse_message(vias).vias()) == 20001
    contacts = INVITE.replace(b"Contact: ", b"Contact: " + b"<sip:a@b>, " * 20000)
    assert len(parse_message(contacts).contacts()) == 20001


def test_via_without_branch() -> None:
    assert parse_message(INVITE.replace(b";branch=z9hG4bK-1", b"")).via.branch == ""


@pytest.mark.parametrize(
    "via",
    [
        b"",
        b"SIP/2.0/UDP",
        b"SIP/2.0/UDP ",
        b"SIP/2.0 192.0.2.4",
        b"SIP/2.0/UDP 192.0.2.4:",
        b"SIP/2.0/UDP 192.0.2.4:x",
        b"SIP/2.0/UDP 192.0.2.4:65536",
        b"HTTP/1.1/TCP host",
        b"SIP/2.0/UDP [2001:db8::1",
        b"SIP/2.0/UDP [x::1]",
        b'SIP/2.0/UDP host;branch="x',
        b"SIP/2.0/UDP host;rport=x",
        b"SIP/2.0/UDP host;rport=70000",
        b"SIP/2.0/UDP;branch=x",
        b"SIP/2.0/UDP host branch=x",
        b"SIP/2.0/UDP host;=x",
        b"SIP/2.0/UDP ho\x00st;branch=x",
    ],
)
def test_invalid_via_cannot_be_answered(via: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(INVITE.replace(b"SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;rport", via))
    assert caught.value.message is None


@pytest.mark.parametrize(
    "cseq",
    [
        b"2147483648 INVITE",
        b"4294967298 INVITE",
        b"-1 INVITE",
        b"2",
        b"INVITE",
        b"2INVITE",
        b"",
        b"2 INVITE x",
        b"2 invite",
        b"2 INVI\x00TE",
        b"9" * 1000 + b" INVITE",
    ],
)
def test_bad_cseq(cseq: bytes) -> None:
    assert "CSeq" in refused(INVITE.replace(b"2 INVITE", cseq))


def test_largest_cseq() -> None:
    assert parse_message(INVITE.replace(b"2 INVITE", b"2147483647 INVITE")).cseq.number == 2**31 - 1


@pytest.mark.parametrize(
    "line",
    [
        b"INVITE",
        b"INVITE sip:a@b",
        b"",
        b"\x16\x03\x01\x02",
        b"GET / HTTP/1.1",
        b"INVITE  SIP/2.0",
        b"HTTP/1.1 200 OK",
        b"sip:a@b INVITE SIP/2.0",
        b"INV\x00TE sip:a@b SIP/2.0",
    ],
)
def test_what_is_no_sip(line: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(INVITE.replace(b"INVITE sip:bob@biloxi.example.com SIP/2.0", line))
    assert caught.value.message is None or line.startswith(b"INVITE  ")


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"\r\n\r\n", b"\x00" * 4, b"jaK", b"SIP/2.0", b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(data)
    assert caught.value.message is None


@pytest.mark.parametrize(
    "line",
    [
        b"SIP/2.0 99 x",
        b"SIP/2.0 1000 x",
        b"SIP/2.0 700 x",
        b"SIP/2.0 2 0",
        b"SIP/2.0 -20 x",
        b"SIP/2.0  200 x",
        b"SIP/2.0 20\xb2 x",
    ],
)
def test_bad_status_lines(line: bytes) -> None:
    assert refused(REPLY.replace(b"SIP/2.0 180 Ringing", line)) == "Bad Status Line"


def test_acknowledgements_are_never_answered() -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(INVITE.replace(b"INVITE", b"ACK").replace(b"CSeq: 2 ACK", b"CSeq: 2 BYE"))
    assert caught.value.message is None


def test_smuggling_behind_a_body() -> None:
    """What the Content-Length of a datagram leaves over is gone; on a stream it is the next message, not this one."""
    bye = INVITE.replace(b"INVITE", b"BYE")
    assert parse_message(INVITE + bye).buf == INVITE
    assert Framer().feed(INVITE + bye) == [INVITE, bye]
    longer = INVITE.replace(b"Content-Length: 5", b"Content-Length: %d" % (5 + len(bye)))
    assert Framer().feed(longer + bye) == [longer + bye]


def test_smuggling_with_a_folded_or_hidden_content_length() -> None:
    for hidden in (b"X: y\r\n Content-Length: 500", b"X: y\r\n\tContent-Length: 0", b"X-Content-Length: 1"):
        data = INVITE.replace(b"Max-Forwards: 70", hidden)
        assert Framer().feed(data + data) == [data, data]
        assert parse_message(data).content_length == 5


def test_session_descriptions() -> None:
    sdp = parse_sdp(
        b"v=0\r\nb=\r\nb=AS\r\nb\r\n=\r\nm=audio\r\nm=audio 99999 RTP/AVP 0\r\nm=audio -1 x y\r\nc=IN\r\nc=IN IP4\r\n"
        b"a=\r\na=rtcp:\r\no=x\r\nm=audio 4/99999999999999999999 RTP/AVP 0\r\nm="
    )
    assert [(media.port, media.port_count) for media in sdp.media] == [(4, 65535)]
    assert parse_sdp(b"m=audio 1 RTP/AVP" + b" 0" * 100000).media[0].port == 1
    assert parse_sdp(b"\n" * (1 << 20)).media == []


@pytest.mark.parametrize("tail", [b"", b"--", b"\r", b"--\r\n", b"-", b"--x"])
def test_multipart_boundary_at_the_end(tail: bytes) -> None:
    parts = parse_multipart(b"--b\r\n\r\none\r\n--b" + tail, "b")
    assert len(parts) == 1


def test_multipart_bombs() -> None:
    with pytest.raises(MessageError):
        parse_multipart(b"--b\r\n\r\nx\r\n" * 101, "b")
    with pytest.raises(MessageError):
        parse_multipart(b"--\r\n", "")
    assert parse_multipart(b"--b" * 100000, "b") == []
    assert parse_multipart(b"\n--bx" * 100000, "b") == []


@pytest.mark.parametrize(
    "text", ["", "application", "application/", "/sdp", "a/b/c", ";", "application/sdp;", "a b/c", "a/b;x"]
)
def test_content_types(text: str) -> None:
    msg = parse_message(INVITE.replace(b"application/sdp", text.encode()))
    assert msg.body == b"v=0\r\n"
    try:
        parse_content_type(text)
    except MessageError as error:
        assert error.status == 400
        with pytest.raises(MessageError):
            find_body(msg, "application/sdp")
    else:
        assert text in ("application/sdp;", "a/b;x")
