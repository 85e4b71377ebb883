"""Writing messages down as they are on the wire."""

from textwrap import dedent


def message(text: str, body: bytes = b"") -> bytes:
    """The octets of a message head written as indented lines; lone surrogates stand for single octets."""
    head = dedent(text).strip("\n").replace("\n", "\r\n")
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def octets(data: bytes) -> str:
    """Raw octets for use in the text of a message."""
    return data.decode("utf-8", "surrogateescape")


def sdp(address: str, origin: str | None = None, time: str = "0 0") -> bytes:
    """The session description that most of RFC 4475's messages carry."""
    return (
        f"v=0\r\no=mhandley 29739 7272939 IN IP4 {origin or address}\r\ns=-\r\nc=IN IP4 {address}\r\nt={time}\r\n"
        "m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
    ).encode()
