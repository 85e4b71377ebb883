import pytest

from tests.modules.nathelper.conftest import Phone, sent
from tests.support.fakes import call, write

BODY = (
    b"v=0\r\no=alice 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 31\r\nc=IN IP4 10.0.0.2\r\n"
)
TYPE = "Content-Type: application/sdp"


def body_after(phone: Phone, flags: int, *more: str, body: bytes = BODY, ip: str = "203.0.113.7") -> list[str]:
    ctx = phone.send(TYPE, body=body, ip=ip)
    assert call(ctx, "fix_nated_sdp", flags, *more) == 1
    msg = sent(ctx)
    assert int(msg.value(msg.find("Content-Length")[0])) == len(msg.body)
    return msg.body.decode().split("\r\n")


def test_direction_and_nortpproxy(phone: Phone) -> None:
    assert body_after(phone, 1)[-2:] == ["a=direction:active", ""]
    assert body_after(phone, 4)[-2:] == ["a=nortpproxy:yes", ""]
    assert body_after(phone, 5)[-3:] == ["a=nortpproxy:yes", "a=direction:active", ""]


def test_other_nortpproxy_line() -> None:
    assert body_after(Phone(nortpproxy_str="a=ours:1\r\n"), 4)[-2:] == ["a=ours:1", ""]
    assert body_after(Phone(nortpproxy_str=""), 4) == BODY.decode().split("\r\n")


def test_connection(phone: Phone) -> None:
    lines = body_after(phone, 2)
    assert lines[1] == "o=alice 1 1 IN IP4 10.0.0.1"
    assert (lines[3], lines[7]) == ("c=IN IP4 203.0.113.7", "c=IN IP4 203.0.113.7")
    assert lines[8:] == ["a=oldmediaip:10.0.0.1", "a=oldmediaip:10.0.0.2", ""]


def test_origin(phone: Phone) -> None:
    lines = body_after(phone, 8)
    assert lines[1] == "o=alice 1 1 IN IP4 203.0.113.7"
    assert lines[3] == "c=IN IP4 10.0.0.1"


def test_all_with_an_address_from_a_variable(phone: Phone) -> None:
    ctx = phone.send(TYPE, body=BODY)
    write(ctx, "$avp(s:ip)", "198.51.100.1")
    assert call(ctx, "fix_nated_sdp", "15", "$avp(s:ip)") == 1
    lines = sent(ctx).body.decode().split("\r\n")
    assert lines[1] == "o=alice 1 1 IN IP4 198.51.100.1"
    assert lines[8:] == [
        "a=nortpproxy:yes",
        "a=direction:active",
        "a=oldmediaip:10.0.0.1",
        "a=oldmediaip:10.0.0.2",
        "a=oldmediaip:10.0.0.1",
        "",
    ]


def test_on_hold_and_right_addresses_stay(phone: Phone) -> None:
    held = BODY.replace(b"10.0.0.1", b"0.0.0.0").replace(b"10.0.0.2", b"203.0.113.7")
    assert body_after(phone, 10, body=held) == held.decode().split("\r\n")


def test_ipv6_source(phone: Phone) -> None:
    lines = body_after(phone, 10, ip="2001:db8::7")
    assert lines[1] == "o=alice 1 1 IN IP6 2001:db8::7"
    assert (lines[3], lines[7]) == ("c=IN IP6 2001:db8::7", "c=IN IP6 2001:db8::7")


def test_body_without_last_line_end(phone: Phone) -> None:
    assert body_after(phone, 1, body=BODY[:-2])[-2:] == ["c=IN IP4 10.0.0.2", "a=direction:active"]


def test_part_of_a_multipart_body(phone: Phone) -> None:
    body = (
        b"--b\r\nContent-Type: application/sdp\r\n\r\n"
        + BODY
        + b"\r\n--b\r\nContent-Type: text/x\r\n\r\nx\r\n--b--\r\n"
    )
    ctx = phone.send("Content-Type: multipart/mixed;boundary=b", body=body)
    assert call(ctx, "fix_nated_sdp", 3) == 1
    assert b"a=oldmediaip:10.0.0.2\r\n\r\n--b\r\n" in sent(ctx).body
    assert sent(ctx).body.count(b"c=IN IP4 203.0.113.7") == 2


@pytest.mark.parametrize(
    "flags,content_type,body",
    [
        (1, "text/plain", BODY),
        (1, "application/sdp", b""),
        (1, "application/sdp", b"\r\n\r\n"),
        (2, "application/sdp", b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n"),
        (8, "application/sdp", b"v=0\r\nc=IN IP4 1.2.3.4\r\n"),
        (2, "application/sdp", b"v=0\r\nc=IN IP6 ::1\r\n"),
        (2, "application/sdp", BODY + b"c=IN IP6 ::1\r\n"),
    ],
)
def test_refused_without_any_change(phone: Phone, flags: int, content_type: str, body: bytes) -> None:
    ctx = phone.send(f"Content-Type: {content_type}", body=body)
    assert call(ctx, "fix_nated_sdp", flags) == -1
    assert ctx.msg.edits == []
