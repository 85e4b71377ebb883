"""What the load sends: templates whose runs of ``#`` become the ten digits of the call's number."""

from __future__ import annotations

SDP = """\
v=0
o=caller 53655765 2353687637 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 40000 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
"""

INVITE = """\
INVITE sip:bob@127.0.0.1:{uas} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{uac};branch=z9hG4bKi##########;rport
Max-Forwards: 70
From: "Alice" <sip:alice@127.0.0.1:{uac}>;tag=f##########
To: <sip:bob@127.0.0.1:{uas}>
Call-ID: b##########@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:alice@127.0.0.1:{uac}>
User-Agent: siprouter-load
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS
Supported: replaces, timer
Content-Type: application/sdp
Content-Length: {length}

"""

IN_DIALOG = """\
{method} sip:bob@127.0.0.1:{uas} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{uac};branch=z9hG4bK{letter}##########;rport
{routes}Max-Forwards: 70
From: "Alice" <sip:alice@127.0.0.1:{uac}>;tag=f##########
{to}Call-ID: b##########@127.0.0.1
CSeq: {cseq} {method}
Content-Length: 0

"""

REGISTER = """\
REGISTER sip:127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{uac};branch=z9hG4bKr##########;rport
Max-Forwards: 70
From: <sip:u@@@@@@@@@@@127.0.0.1>;tag=f##########
To: <sip:u@@@@@@@@@@@127.0.0.1>
Call-ID: r@@@@@@@@@@
CSeq: ########## REGISTER
Contact: <sip:u@@@@@@@@@@@127.0.0.1:{uac}>;expires=3600
User-Agent: siprouter-load
Content-Length: 0

"""


def wire(text: str) -> bytes:
    """Lines ended as on the wire."""
    return text.replace("\n", "\r\n").encode()


def invite(uac: int, uas: int) -> bytes:
    body = wire(SDP)
    return wire(INVITE.format(uac=uac, uas=uas, length=len(body))) + body


def register(uac: int) -> bytes:
    """``@`` runs of ten are the digits of the user, ``#`` runs those of the request (which is also its CSeq)."""
    return wire(REGISTER.format(uac=uac))


def in_dialog(method: str, uac: int, uas: int) -> tuple[bytes, bytes, bytes]:
    """Three pieces of an ACK or BYE: before the Route lines, before the To line, the rest; each with CRLF."""
    cseq, letter = (1, "a") if method == "ACK" else (2, "y")
    fields = {"method": method, "letter": letter, "cseq": cseq, "uac": uac, "uas": uas}
    first, _, rest = IN_DIALOG.partition("{routes}")
    second, _, third = rest.partition("{to}")
    return wire(first.format(**fields)), wire(second.format(**fields)), wire(third.format(**fields))


def runs(template: bytes, character: bytes) -> list[int]:
    """Offsets of the runs of ten ``character`` in a template."""
    found = []
    at = template.find(character * 10)
    while at >= 0:
        found.append(at)
        at = template.find(character * 10, at + 10)
    return found
