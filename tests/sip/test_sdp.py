"""Session descriptions and multipart bodies."""

import pytest

from siprouter.sip.errors import MessageError
from siprouter.sip.message import parse_message
from siprouter.sip.multipart import find_body, parse_multipart
from siprouter.sip.sdp import parse_sdp
from tests.sip.samples import INVITE
from tests.torture import rfc4475_valid, rfc5118

BODY = (
    b"v=0\r\no=bob 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.1/127\r\nt=0 0\r\na=sendonly\r\na=x:y\r\n"
    b"m=audio 49170/2 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtcp:53020 IN IP4 192.0.2.2\r\na=recvonly\r\n"
    b"m=video 51372 RTP/SAVPF 99\nc=IN IP6 2001:db8::1\nb=AS:64\na=rtpmap:99 h263-1998/90000\n"
)


def test_session_description() -> None:
    sdp = parse_sdp(BODY)
    assert sdp.origin is not None and BODY[sdp.origin.start : sdp.origin.end] == b"192.0.2.9"
    assert sdp.connection is not None and BODY[sdp.connection.start : sdp.connection.end] == b"192.0.2.1"
    assert [(c.address, c.family) for c in sdp.connections] == [("192.0.2.1", 4), ("2001:db8::1", 6)]
    assert (sdp.direction, sdp.attributes) == ("sendonly", [("sendonly", ""), ("x", "y")])
    audio, video = sdp.media
    assert (audio.media, audio.port, audio.port_count, audio.transport) == ("audio", 49170, 2, "RTP/AVP")
    assert (audio.formats, audio.rtcp_port, audio.direction) == (["0", "8", "101"], 53020, "recvonly")
    assert BODY[audio.port_start : audio.port_end] == b"49170"
    assert audio.attribute("rtpmap") == "0 PCMU/8000" and audio.attribute("none") is None
    assert BODY[audio.line_start : audio.end].startswith(b"m=audio") and audio.end == video.line_start
    assert (video.connection, video.end) == (sdp.connections[1], len(BODY))


def test_no_session_description() -> None:
    sdp = parse_sdp(b"<xml/>\r\nhello")
    assert (sdp.media, sdp.connections, sdp.origin) == ([], [], None)


def test_mapped_addresses() -> None:
    sdp = parse_sdp(parse_message(rfc5118.IPV4_MAPPED_IPV6).body)
    assert [c.address for c in sdp.connections] == ["::ffff:192.0.2.2"]


def test_multipart() -> None:
    msg = parse_message(rfc4475_valid.MPART01)
    parts = parse_multipart(msg.body, "7a9cbec02ceef655")
    assert [part.content_type() for part in parts] == ["text/plain", "application/octet-stream"]
    assert msg.body[parts[0].start : parts[0].end] == b"Hello"
    assert len(msg.body[parts[1].start : parts[1].end]) == 342
    found = find_body(msg, "text/plain")
    assert found is not None and msg.buf[slice(*found)] == b"Hello"


def test_multipart_forms() -> None:
    body = (
        b"preamble\r\n--b \r\n\r\none\r\n--bc\r\n\r\n--b\t\r\nContent-Type: a/b\r\n\r\n\r\n--b--\r\n"
        b"epilogue\r\n--b\r\n\r\nno"
    )
    parts = parse_multipart(body, "b")
    assert [body[part.start : part.end] for part in parts] == [b"one\r\n--bc\r\n", b""]
    assert parse_multipart(b"", "b") == parse_multipart(b"--b--", "b") == []


def test_finding_the_session_description() -> None:
    msg = parse_message(INVITE)
    assert find_body(msg, "application/sdp") == (msg.body_start, msg.length)
    assert find_body(msg, "text/plain") is None
    body = b"--x\r\nContent-Type: Application/SDP\r\n\r\nv=0\r\n--x--\r\n"
    head = INVITE.replace(b"application/sdp", b'multipart/mixed;boundary="x"').replace(b"v=0\r\n", body)
    nested = parse_message(head.replace(b"Content-Length: 5", b"Content-Length: %d" % len(body)))
    found = find_body(nested, "application/sdp")
    assert found is not None and nested.buf[slice(*found)] == b"v=0"
    empty = parse_message(INVITE.replace(b"v=0\r\n", b"").replace(b"Length: 5", b"Length: 0"))
    assert find_body(empty, "application/sdp") is None


def test_part_with_a_bad_content_type() -> None:
    part = parse_multipart(b"--b\r\nContent-Type: x\r\n\r\n\r\n--b--", "b")[0]
    with pytest.raises(MessageError):
        part.content_type()
