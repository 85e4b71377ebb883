"""What the load sends: templates whose runs of ``#`` become the ten digits of the call's number.

``transport`` is "udp" or another; what is not UDP is named in URIs (``;transport=tcp``).
"""

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
INVITE {target} SIP/2.0
Via: SIP/2.0/{proto} 127.0.0.1:{uac};branch=z9hG4bKi##########;rport
Max-Forwards: 70
From: "Alice" <sip:alice@127.0.0.1:{uac}>;tag=f##########
To: <{target}>
Call-ID: b##########@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:alice@127.0.0.1:{uac}{param}>
User-Agent: siprouter-load
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS
Supported: replaces, timer
Content-Type: application/sdp
Content-Length: {length}

"""

IN_DIALOG = """\
{method} sip:bob@127.0.0.1:{uas}{param} SIP/2.0
Via: SIP/2.0/{proto} 127.0.0.1:{uac};branch=z9hG4bK{letter}##########;rport
{routes}Max-Forwards: 70
From: "Alice" <sip:alice@127.0.0.1:{uac}>;tag=f##########
{to}Call-ID: b##########@127.0.0.1
CSeq: {cseq} {method}
Content-Length: 0

"""

REGISTER = """\
REGISTER sip:127.0.0.1 SIP/2.0
Via: SIP/2.0/{proto} 127.0.0.1:{uac};branch=z9hG4bKr##########;rport
Max-Forwards: 70
From: <sip:u@@@@@@@@@@@127.0.0.1>;tag=f##########
To: <sip:u@@@@@@@@@@@127.0.0.1>
Call-ID: r@@@@@@@@@@
CSeq: ########## REGISTER
Contact: <sip:u@@@@@@@@@@@127.0.0.1:{contact}{param}>;expires=3600
{more}User-Agent: siprouter-load
Content-Length: 0

"""

LOOKUP = """\
MESSAGE sip:u@@@@@@@@@@@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{uac};branch=z9hG4bKl##########;rport
Max-Forwards: 70
From: <sip:load@127.0.0.1>;tag=f##########
To: <sip:u@@@@@@@@@@@127.0.0.1>
Call-ID: l##########
CSeq: 1 MESSAGE
User-Agent: siprouter-load
Content-Length: 0

"""


def wire(text: str) -> bytes:
    """Lines ended as on the wire."""
    return text.replace("\n", "\r\n").encode()


def names(transport: str) -> dict[str, str]:
    """How the transport is named in Via and in URIs."""
    return {"proto": transport.upper(), "param": "" if transport == "udp" else f";transport={transport}"}


def invite(uac: int, uas: int, transport: str = "udp", target: str = "") -> bytes:
    """An INVITE to ``target``, or else straight to the callee."""
    body = wire(SDP)
    fields = names(transport)
    target = target or f"sip:bob@127.0.0.1:{uas}{fields['param']}"
    return wire(INVITE.format(uac=uac, target=target, length=len(body), **fields)) + body


def register(uac: int, transport: str = "udp", contact: int = 0, credentials: str = "") -> bytes:
    """``@`` runs of ten are the digits of the user, ``#`` runs those of the request (which is also its CSeq)."""
    return wire(REGISTER.format(uac=uac, contact=contact or uac, more=credentials, **names(transport)))


def lookup(uac: int) -> bytes:
    """A request to a user, which the server answers itself."""
    return wire(LOOKUP.format(uac=uac))


def in_dialog(method: str, uac: int, uas: int, transport: str = "udp") -> tuple[bytes, bytes, bytes]:
    """Three pieces of an ACK or BYE: before the Route lines, before the To line, the rest; each with CRLF."""
    cseq, letter = (1, "a") if method == "ACK" else (2, "y")
    fields = {"method": method, "letter": letter, "cseq": cseq, "uac": uac, "uas": uas, **names(transport)}
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
