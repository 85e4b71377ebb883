"""Reading and building single SIP messages, and the parts of them."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.micro import Case
from siprouter.sip import build, framing, message
from siprouter.sip.auth import parse_auth
from siprouter.sip.digest import check_response, compute_ha1
from siprouter.sip.nameaddr import parse_nameaddr
from siprouter.sip.uri import parse_uri
from siprouter.sip.via import parse_via

INVITE = (
    b"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-24762-1-0;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Alice" <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n'
    b"To: Bob <sip:bob@biloxi.example.com>\r\n"
    b"Call-ID: 3848276298220188511@atlanta.example.com\r\n"
    b"CSeq: 2 INVITE\r\n"
    b"Contact: <sip:alice@192.0.2.4:5060;transport=udp>\r\n"
    b"Route: <sip:192.0.2.9;lr>\r\n"
    b"User-Agent: Softphone/4.2\r\n"
    b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n"
    b"Supported: replaces, 100rel, timer\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 129\r\n\r\n"
    b"v=0\r\no=alice 53655765 2353687637 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
    b"m=audio 3456 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
INVITE = INVITE.replace(b"Content-Length: 129", b"Content-Length: %d" % len(INVITE.partition(b"\r\n\r\n")[2]))
NAME_ADDR = b'"Alice" <sip:alice@atlanta.example.com>;tag=9fxced76sl'
CREDENTIALS = (
    'Digest username="alice", realm="example.com", nonce="ZVP2FGVT9OgAAAAAAAB4oxzZNxm55eQs4BJR6nBm", '
    'uri="sip:example.com", response="cdb67d3824110580928cc27583ba684f", qop=auth, nc=00000001, cnonce="c0ffee"'
)
VIA = b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKcydzigwkX.1\r\n"


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    msg = message.parse_message(INVITE)
    reply = build.build_reply(msg, 200, "OK", "a6c85cf")
    record_route = b"Record-Route: <sip:192.0.2.1;lr>\r\n"
    edited = message.parse_message(INVITE)
    edited.insert_header(record_route)
    max_forwards = edited.get(6)
    assert max_forwards is not None
    edited.replace(max_forwards.start, max_forwards.end - max_forwards.start, b"69")

    def touch() -> object:
        fresh = message.parse_message(INVITE)
        return (
            fresh.uri, fresh.via.branch, fresh.from_.tag, fresh.to.tag, fresh.call_id, fresh.parsed_uri.host,
            fresh.contacts()[0].parsed_uri.host,
        )  # fmt: skip

    framer = framing.Framer()
    credentials = parse_auth(CREDENTIALS)
    ha1 = compute_ha1("alice", "example.com", "wonderland")

    return {
        "parse_message (13 headers)": lambda: message.parse_message(INVITE),
        "parse_message (reply)": lambda: message.parse_message(reply),
        "parse and read the usual fields": touch,
        "build_forward": lambda: build.build_forward(msg, "sip:bob@192.0.2.5", VIA, None, "192.0.2.4", 5060),
        "build_forward with two edits": lambda: build.build_forward(edited, "sip:bob@192.0.2.5", VIA, None, "", 5060),
        "build_reply": lambda: build.build_reply(msg, 180, "Ringing", "a6c85cf", b"", b"", "192.0.2.4", 5060),
        "Framer.feed": lambda: framer.feed(INVITE),
        "parse_uri": lambda: parse_uri("sip:bob@biloxi.example.com:5070;transport=tcp;lr"),
        "parse_via": lambda: parse_via(VIA, 5, len(VIA) - 2),
        "parse_nameaddr": lambda: parse_nameaddr(NAME_ADDR, 0, len(NAME_ADDR), False),
        "parse_auth": lambda: parse_auth(CREDENTIALS),
        "check_response (MD5, auth)": lambda: check_response(credentials, ha1, "REGISTER"),
    }
