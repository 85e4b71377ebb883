"""Building the next message from a received one."""

import pytest

from siprouter.sip.build import (
    build_ack,
    build_cancel,
    build_forward,
    build_forward_reply,
    build_reply,
    build_request,
)
from siprouter.sip.errors import MessageError
from siprouter.sip.message import parse_message
from siprouter.sip.names import H_CONTENT_LENGTH, H_MAX_FORWARDS, H_ROUTE, H_TO
from siprouter.sip.uri import parse_uri
from tests.sip.samples import INVITE, REPLY, lines

VIA = b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKown\r\n"
HEAD = b"INVITE sip:bob@192.0.2.5 SIP/2.0\r\n"


def test_forward_copies_all_but_uri_and_via() -> None:
    sent = build_forward(parse_message(INVITE), "sip:bob@192.0.2.5", VIA)
    assert sent == HEAD + VIA + INVITE.partition(b"\r\n")[2]


def test_forward_notes_the_source_in_the_senders_via() -> None:
    msg = parse_message(INVITE)
    sent = parse_message(build_forward(msg, None, VIA, None, "192.0.2.99", 6000))
    assert sent.vias()[1].text == "SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;rport=6000;received=192.0.2.99"
    bare = parse_message(INVITE.replace(b";rport", b""))
    sent = parse_message(build_forward(bare, None, VIA, None, "192.0.2.99", 6000))
    assert sent.vias()[1].text == "SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;received=192.0.2.99;rport=6000"
    noted = parse_message(INVITE.replace(b";rport", b";received=192.0.2.7;rport=7"))
    sent = parse_message(build_forward(noted, None, VIA, None, "192.0.2.99", 6000))
    assert sent.vias()[1].text == "SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;received=192.0.2.99;rport=6000"


def test_forward_does_the_pending_edits() -> None:
    msg = parse_message(INVITE)
    forwards = msg.get(H_MAX_FORWARDS)
    assert forwards is not None
    msg.replace(forwards.start, forwards.end - forwards.start, b"69")
    msg.insert_header(b"Record-Route: <sip:192.0.2.1;lr>\r\n")
    msg.append_header(b"P-Hint: outbound\r\n")
    sent = parse_message(build_forward(msg, "sip:bob@192.0.2.5", VIA, None, "", 0, b"Route: <sip:192.0.2.8;lr>\r\n"))
    assert [sent.name(header) for header in sent.headers][:4] == ["Record-Route", "Via", "Route", "Via"]
    assert (sent.max_forwards, sent.value(sent.headers[-1])) == (69, "outbound")
    assert sent.body == msg.body


def test_forks_have_their_own_edits() -> None:
    msg = parse_message(INVITE)
    msg.append_header(b"X: all\r\n")
    common = msg.edits
    msg.edits = list(common)
    msg.append_header(b"X: one\r\n")
    one = parse_message(build_forward(msg, None, VIA))
    msg.edits = common
    assert len(one.find("X")) == 2
    assert len(parse_message(build_forward(msg, None, VIA)).find("X")) == 1


def test_content_length_follows_the_body() -> None:
    msg = parse_message(INVITE)
    msg.replace_body(b"0123456789")
    assert parse_message(build_forward(msg, None, VIA)).body == b"0123456789"
    msg.replace_body(b"")
    sent = parse_message(build_forward(msg, None, VIA))
    assert (sent.body, sent.content_length) == (b"", 0)
    part = parse_message(INVITE)
    part.replace(part.body_start + 2, 1, b"12345")
    sent = parse_message(build_forward(part, None, VIA))
    assert (sent.body, sent.content_length) == (b"v=12345\r\n", 9)


def test_content_length_is_added_for_streams() -> None:
    data = INVITE.replace(b"Content-Length: 5\r\n", b"")
    msg = parse_message(data)
    assert parse_message(build_forward(msg, None, VIA)).content_length == -1
    assert parse_message(build_forward(msg, None, VIA, None, "", 0, b"", True)).content_length == 5
    msg = parse_message(INVITE)
    header = msg.get(H_CONTENT_LENGTH)
    assert header is not None
    msg.delete(header.name_start, header.line_end - header.name_start)
    assert parse_message(build_forward(msg, None, VIA, None, "", 0, b"", True)).content_length == 5
    msg.replace_body(b"abc")
    assert parse_message(build_forward(msg, None, VIA, None, "", 0, b"", True)).content_length == 3
    assert parse_message(build_forward(msg, None, VIA)).content_length == -1


def test_forward_reply_takes_only_our_via_off() -> None:
    back = parse_message(build_forward_reply(parse_message(REPLY)))
    assert [via.host for via in back.vias()] == ["192.0.2.4"]
    separate = REPLY.replace(b",SIP/2.0", b"\r\nVia: SIP/2.0")
    assert parse_message(build_forward_reply(parse_message(separate))).vias()[0].host == "192.0.2.4"
    assert build_forward_reply(parse_message(separate)) == separate.replace(
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-9\r\n", b""
    )


def test_reply() -> None:
    msg = parse_message(INVITE.replace(b"Contact:", b"Record-Route: <sip:a;lr>\r\nTimestamp: 54\r\nContact:"))
    data = build_reply(msg, 180, "Ringing", "ab", b"Server: x\r\n", b"", "192.0.2.99", 6000)
    assert data == lines(
        "SIP/2.0 180 Ringing",
        "Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;rport=6000;received=192.0.2.99",
        'From: "Alice" <sip:alice@atlanta.example.com>;tag=9fxced76sl',
        "To: Bob <sip:bob@biloxi.example.com>;tag=ab",
        "Call-ID: 3848276298220188511@atlanta.example.com",
        "CSeq: 2 INVITE",
        "Record-Route: <sip:a;lr>",
        "Server: x",
        "Content-Length: 0",
    )
    assert b"Record-Route" not in build_reply(msg, 404, "Not Found")
    assert b"Timestamp: 54\r\n" in build_reply(msg, 100, "Trying")
    assert b"Timestamp" not in build_reply(msg, 200, "OK")
    assert build_reply(msg, 200, "Ок", "", b"Content-Type: text/plain\r\n", b"hi").endswith(
        b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"
    )


def test_reply_keeps_a_to_tag_and_all_vias() -> None:
    msg = parse_message(
        INVITE.replace(b"To: Bob <sip:bob@biloxi.example.com>", b"Via: SIP/2.0/TCP b\r\nt: <sip:b@c>;tag=1")
    )
    reply = parse_message(build_reply(msg, 200, "OK", "other", b"", b"", "192.0.2.99"))
    assert (reply.to.tag, len(reply.vias())) == ("1", 2)
    assert reply.via.received == "192.0.2.99"


def test_ack_and_cancel_belong_to_what_was_sent() -> None:
    received = parse_message(
        INVITE.replace(b"Contact:", b"Route: <sip:a;lr>\r\nroute: <sip:b;lr>, <sip:c;lr>\r\nContact:")
    )
    sent = parse_message(build_forward(received, "sip:bob@192.0.2.5", VIA))
    reply = parse_message(build_reply(sent, 486, "Busy Here", "remote"))
    ack = parse_message(build_ack(sent, reply))
    assert (ack.method, ack.uri, ack.to.tag, ack.from_.tag) == ("ACK", "sip:bob@192.0.2.5", "remote", "9fxced76sl")
    assert (ack.cseq.number, ack.call_id, ack.body) == (2, received.call_id, b"")
    assert [via.branch for via in ack.vias()] == ["z9hG4bKown"]
    assert [route.uri for route in ack.routes()] == ["sip:a;lr", "sip:b;lr", "sip:c;lr"]
    cancel = parse_message(build_cancel(sent, b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'))
    assert (cancel.method, cancel.uri, cancel.to.tag) == ("CANCEL", "sip:bob@192.0.2.5", "")
    assert cancel.get(H_ROUTE) is not None and cancel.find("Reason")
    assert cancel.line(cancel.headers[0]) == VIA


def test_request_of_our_own() -> None:
    data = build_request(
        "MESSAGE", "sip:bob@b", VIA, "<sip:a@a>;tag=1", "<sip:bob@b>", "c1", 7, b"Content-Type: text/plain\r\n", b"hi"
    )
    msg = parse_message(data)
    assert (msg.method, msg.max_forwards, msg.from_.tag, msg.cseq.number, msg.body) == ("MESSAGE", 70, "1", 7, b"hi")
    assert msg.get(H_TO) is not None and msg.to.tag == ""


def test_scripts_cannot_smuggle_lines_in() -> None:
    msg = parse_message(INVITE)
    for uri in ("sip:a@b\r\nX: y", "sip:a b@c", "sip:a@b\n", "", "sip:a\x00@b"):
        with pytest.raises(MessageError):
            build_forward(msg, uri, VIA)
    assert build_reply(msg, 404, "Not\r\nX: y").startswith(b"SIP/2.0 404 Not  X: y\r\n")
    data = build_request("OPTIONS", "sip:b@b", VIA, "<sip:a@a>\r\nX: y;tag=1", "<sip:b@b>", "c", 1)
    assert b"\r\nX:" not in data
    assert build_reply(msg, 404, "\ud800").startswith(b"SIP/2.0 404 ?\r\n")
    assert msg.find("\ud800") == []
    with pytest.raises(MessageError):
        parse_uri("sip:\ud800@b")
