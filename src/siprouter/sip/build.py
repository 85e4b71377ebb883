"""Serialising: the next message made from a received one, mostly by copying runs of its octets.

Lines given as `bytes` are whole header lines with CRLF, any number of them in one value. Texts that come from scripts
cannot smuggle lines in: a URI with white space is refused, line ends in a reason phrase become spaces.
"""

from siprouter.sip.edits import Edit, assemble, make_edit
from siprouter.sip.errors import MessageError
from siprouter.sip.headers import Header
from siprouter.sip.message import Message
from siprouter.sip.names import (
    H_CALL_ID,
    H_CSEQ,
    H_FROM,
    H_MAX_FORWARDS,
    H_RECORD_ROUTE,
    H_ROUTE,
    H_TIMESTAMP,
    H_TO,
    H_VIA,
)
from siprouter.sip.via import Via
from siprouter.util.text import to_bytes

NO_BODY = b"Content-Length: 0\r\n\r\n"


def build_forward(
    msg: Message,
    uri: str | None,
    via: bytes,
    edits: list[Edit] | None = None,
    received: str = "",
    rport: int = 0,
    routes: bytes = b"",
    need_length: bool = False,
) -> bytes:
    """The request `msg` as it goes to the next hop.

    `uri` is the new request URI (None: as received), `via` the Via line put on top, `edits` the pending edits (None:
    `msg.edits`), `received` and `rport` what to note in the sender's Via (RFC 3581; "" and 0: nothing), `routes` Route
    lines put below our Via, `need_length` asks for a Content-Length even where there was none (streams).
    """
    done = list(msg.edits if edits is None else edits)
    if uri is not None:
        done.append(make_edit(msg.uri_start, msg.uri_end - msg.uri_start, one_word(uri)))
    top = msg.get(H_VIA)
    assert top is not None
    done.append(make_edit(top.name_start, 0, via))
    if routes:
        done.append(make_edit(top.name_start, 0, routes))
    if received or rport:
        via_edits(msg.via, received, rport, done)
    return assemble(msg, done, need_length)


def via_edits(via: Via, received: str, rport: int, edits: list[Edit]) -> None:
    """Appends the edits that note the source address and port in a Via; "" and 0 note nothing (RFC 3581 section 4)."""
    if received and rport and via.rport_end == via.end and not via.received_end:
        noted = f"rport={rport};received={received}".encode()  # by far the most frequent
        edits.append(make_edit(via.rport_start, via.rport_end - via.rport_start, noted))
        return
    extra = ""
    if received:
        if via.received_end:
            size = via.received_end - via.received_start
            edits.append(make_edit(via.received_start, size, f"received={received}".encode()))
        else:
            extra = f";received={received}"
    if rport:
        if via.rport_end:
            edits.append(make_edit(via.rport_start, via.rport_end - via.rport_start, f"rport={rport}".encode()))
        else:
            extra += f";rport={rport}"
    if extra:
        edits.append(make_edit(via.end, 0, extra.encode()))


def build_forward_reply(msg: Message, edits: list[Edit] | None = None, need_length: bool = False) -> bytes:
    """The reply `msg` as it goes to the previous hop: without its top Via (`edits` None: `msg.edits`)."""
    done = list(msg.edits if edits is None else edits)
    top = msg.get(H_VIA)
    assert top is not None
    rest = _next_value(msg.buf, msg.via.end, top.end)
    if rest:
        done.append(make_edit(top.start, rest - top.start, b""))
    else:
        done.append(make_edit(top.name_start, top.line_end - top.name_start, b""))
    return assemble(msg, done, need_length)


def _next_value(buf: bytes, pos: int, end: int) -> int:
    """Where the next value of a comma-separated list starts, `pos` being behind one; 0 where there is none."""
    p = buf
    while pos < end and (p[pos] <= 32 or p[pos] == 44):
        pos += 1
    return pos if pos < end else 0


def build_reply(
    msg: Message,
    status: int,
    reason: str,
    to_tag: str = "",
    headers: bytes = b"",
    body: bytes = b"",
    received: str = "",
    rport: int = 0,
) -> bytes:
    """A reply to the request `msg` (RFC 3261 section 8.2.6).

    `to_tag` is given to To where it has none. Record-Route goes into 180 to 299, Timestamp into 100. `headers` are
    further lines (Server, Content-Type …); Content-Length is always written. A defective `msg` is answered with what it
    has.
    """
    parts: list[bytes] = []
    if status == 200 and reason == "OK":
        parts.append(b"SIP/2.0 200 OK\r\n")
    else:
        parts += (b"SIP/2.0 ", one_line(f"{status} {reason}"), b"\r\n")
    edits: list[Edit] = []
    if received or rport:
        via_edits(msg.via, received, rport, edits)
    dialog = 180 <= status < 300
    p = msg.buf
    sound = not msg.defect
    start = stop = 0
    for header in msg.headers:
        number = header.id
        if not (
            number == H_VIA
            or (H_FROM <= number <= H_CSEQ and (sound or msg.get(number) is header))
            or (dialog and number == H_RECORD_ROUTE)
            or (status == 100 and number == H_TIMESTAMP)
        ):
            continue
        if header.name_start != stop:
            if stop > start:
                parts.append(p[start:stop])
            start = header.name_start
        stop = header.line_end
        if number == H_TO and to_tag and needs_tag(msg, header):
            parts.append(p[start : header.end])
            parts.append(f";tag={to_tag}".encode())
            start = header.end
        elif edits and number == H_VIA:
            start = _splice_via(msg.buf, start, edits, parts)
            edits = []
    if stop > start:
        parts.append(p[start:stop])
    if headers:
        parts.append(headers)
    parts.append(f"Content-Length: {len(body)}\r\n\r\n".encode() if body else NO_BODY)
    if body:
        parts.append(body)
    return b"".join(parts)


def _splice_via(buf: bytes, start: int, edits: list[Edit], parts: list[bytes]) -> int:
    """Copies `buf` from `start` on with the edits of the top Via done; returns the position behind the last one."""
    p = buf
    if len(edits) > 1 and edits[0].start > edits[1].start:
        edits.reverse()
    for edit in edits:
        parts.append(p[start : edit.start])
        parts.append(edit.data)
        start = edit.start + edit.length
    return start


def needs_tag(msg: Message, header: Header) -> bool:
    """Whether the To `header` has no tag yet; a broken one has none unless the word is in it."""
    if not msg.defect:
        to = msg.to
        return to.tag_end == 0
    try:
        return msg.address(H_TO).tag_end == 0
    except MessageError:
        return b"tag" not in msg.buf[header.start : header.end].lower()


def build_ack(sent: Message, reply: Message, headers: bytes = b"") -> bytes:
    """The ACK of a final reply other than 2xx to `sent`, the INVITE as it went out (RFC 3261 section 17.1.1.3)."""
    to = reply.get(H_TO)
    assert to is not None
    return _hop_request(sent, b"ACK", reply.line(to), headers)


def build_cancel(sent: Message, headers: bytes = b"") -> bytes:
    """The CANCEL of `sent`, the request as it went out (RFC 3261 section 9.1); `headers` may carry Reason lines."""
    to = sent.get(H_TO)
    assert to is not None
    return _hop_request(sent, b"CANCEL", sent.line(to), headers)


def _hop_request(sent: Message, method: bytes, to_line: bytes, headers: bytes) -> bytes:
    """A request that belongs to the transaction of `sent`: its URI, top Via, From, Call-ID, CSeq number, Routes and
    Max-Forwards (as SIP Router does: a hop that lets the request pass lets these pass)."""
    via_header = sent.get(H_VIA)
    from_header = sent.get(H_FROM)
    call_id = sent.get(H_CALL_ID)
    assert via_header is not None and from_header is not None and call_id is not None
    buf = sent.buf
    parts: list[bytes] = [method, buf[sent.uri_start - 1 : sent.uri_end], b" SIP/2.0\r\n"]
    parts.append(buf[via_header.name_start : sent.via.end])
    parts.append(b"\r\n")
    for header in sent.headers:
        if header.id == H_ROUTE:
            parts.append(sent.line(header))
    hops = sent.get(H_MAX_FORWARDS)
    parts.append(b"Max-Forwards: 70\r\n" if hops is None else sent.line(hops))
    parts.append(sent.line(from_header))
    parts.append(to_line)
    parts.append(sent.line(call_id))
    parts.append(b"CSeq: %d %s\r\n" % (sent.cseq.number, method))
    if headers:
        parts.append(headers)
    parts.append(NO_BODY)
    return b"".join(parts)


def build_request(
    method: str,
    uri: str,
    via: bytes,
    from_: str,
    to: str,
    call_id: str,
    cseq: int,
    headers: bytes = b"",
    body: bytes = b"",
    max_forwards: int = 70,
) -> bytes:
    """A request of our own. `via` is a whole line; `from_` and `to` are header values with their tags; `headers` are
    further lines (Contact, Route, Content-Type …)."""
    head = [
        f"Max-Forwards: {max_forwards}", f"From: {from_}", f"To: {to}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}",
    ]  # fmt: skip
    return b"".join(
        (
            one_word(method) + b" " + one_word(uri) + b" SIP/2.0\r\n",
            via,
            b"\r\n".join([one_line(line) for line in head]),
            b"\r\n",
            headers,
            b"Content-Length: %d\r\n\r\n" % len(body),
            body,
        )
    )


def one_word(text: str) -> bytes:
    """`text` as octets. MessageError(500) where there is white space or a control character in it, or nothing."""
    data = to_bytes(text)
    p = data
    size = len(data)
    i = 0
    while i < size:
        if p[i] <= 32:
            break
        i += 1
    if i < size or size == 0:
        raise MessageError(500, "Bad URI")
    return data


def one_line(text: str) -> bytes:
    """`text` as octets, each line end in it made a space."""
    data = to_bytes(text)
    p = data
    size = len(data)
    i = 0
    while i < size:
        if p[i] == 10 or p[i] == 13:
            return data.replace(b"\r", b" ").replace(b"\n", b" ")
        i += 1
    return data
