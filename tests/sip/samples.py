"""Messages that several tests use."""


def lines(*head: str, body: bytes = b"") -> bytes:
    """A message from its lines."""
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


INVITE = lines(
    "INVITE sip:bob@biloxi.example.com SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1;rport",
    "Max-Forwards: 70",
    'From: "Alice" <sip:alice@atlanta.example.com>;tag=9fxced76sl',
    "To: Bob <sip:bob@biloxi.example.com>",
    "Call-ID: 3848276298220188511@atlanta.example.com",
    "CSeq: 2 INVITE",
    "Contact: <sip:alice@192.0.2.4:5060;transport=udp>",
    "Content-Type: application/sdp",
    "Content-Length: 5",
    body=b"v=0\r\n",
)

REPLY = lines(
    "SIP/2.0 180 Ringing",
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-9,SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-1",
    "Record-Route: <sip:192.0.2.1;lr>",
    'From: "Alice" <sip:alice@atlanta.example.com>;tag=9fxced76sl',
    "To: Bob <sip:bob@biloxi.example.com>;tag=a6c85cf",
    "Call-ID: 3848276298220188511@atlanta.example.com",
    "CSeq: 2 INVITE",
    "Contact: <sip:bob@192.0.2.5>",
    "Content-Length: 0",
)
