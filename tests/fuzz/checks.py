"""What must hold for any octets whatsoever; shared by the property tests and the fuzzer."""

from collections.abc import Callable

from siprouter.sip.auth import parse_auth
from siprouter.sip.build import build_ack, build_cancel, build_forward, build_forward_reply, build_reply
from siprouter.sip.contact import contact_expires, contact_instance, contact_q, contact_reg_id
from siprouter.sip.content_type import parse_content_type
from siprouter.sip.date import parse_date
from siprouter.sip.dialog_ref import parse_dialog_ref
from siprouter.sip.errors import MessageError
from siprouter.sip.event import parse_event, parse_subscription_state
from siprouter.sip.framing import PING, PONG, Framer
from siprouter.sip.lists import split_list
from siprouter.sip.message import Message, parse_message
from siprouter.sip.multipart import find_body, parse_multipart
from siprouter.sip.names import H_CONTACT, H_RECORD_ROUTE, H_ROUTE, H_VIA
from siprouter.sip.privacy import parse_privacy
from siprouter.sip.rack import parse_rack, parse_rseq
from siprouter.sip.reason import parse_reasons
from siprouter.sip.retry_after import parse_retry_after
from siprouter.sip.sdp import parse_sdp
from siprouter.sip.session_expires import parse_session_expires
from siprouter.sip.uri import parse_uri
from siprouter.sip.uri_compare import uris_equal

VIA = b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKfuzz\r\n"

_TEXT_PARSERS: tuple[Callable[[str], object], ...] = (
    parse_auth, parse_content_type, parse_date, parse_dialog_ref, parse_event, parse_subscription_state, split_list,
    parse_privacy, parse_rack, parse_rseq, parse_reasons, parse_retry_after, parse_session_expires,
)  # fmt: skip


def quietly(call: Callable[[], object]) -> None:
    """Calls it; MessageError with a sensible status is the only error allowed."""
    try:
        call()
    except MessageError as error:
        assert 400 <= error.status <= 599 and error.reason


def check_octets(data: bytes) -> bool:
    """Everything for one datagram; whether it is a message."""
    # mostly a few cuts, now and then every octet alone
    check_stream(data, 1 if len(data) % 64 == 0 else 1 + len(data) // (2 + len(data) % 7))
    try:
        msg = parse_message(data)
    except MessageError as error:
        check_refusal(error)
        return False
    check_offsets(msg)
    check_values(msg)
    check_round_trips(msg)
    return True


def check_fast(data: bytes) -> bool:
    """What the server does with each datagram, and no more; whether it is a message."""
    try:
        msg = parse_message(data)
    except MessageError as error:
        check_refusal(error)
        return False
    if msg.is_request:
        assert build_forward(msg, None, VIA, None, "192.0.2.4", 5060)
        assert msg.from_.uri and msg.to.uri and msg.parsed_uri.scheme
    for header_id in (H_CONTACT, H_ROUTE, H_RECORD_ROUTE):
        try:
            for addr in msg.addresses(header_id):
                assert addr.params is not None and addr.parsed_uri.scheme
        except MessageError:
            continue
    return True


def check_refusal(error: MessageError) -> None:
    """A refusal carries a reply status; where it can be answered, the reply can be built and ends where it says."""
    assert error.status in (400, 505) and error.reason
    if error.message is not None:
        assert isinstance(error.message, Message)
        assert error.message.is_request and error.message.method != "ACK"
        assert error.message.via.host
        reply = build_reply(error.message, error.status, error.reason, "tag", b"", b"", "192.0.2.1", 5060)
        assert reply.startswith(b"SIP/2.0 ") and reply.endswith(b"\r\nContent-Length: 0\r\n\r\n")


def check_offsets(msg: Message) -> None:
    """Header lines lie one behind the other and within the message."""
    pos = msg.headers_start
    for header in msg.headers:
        assert header.name_start == pos < header.name_end < header.line_end
        assert header.name_end < header.start <= header.end < header.line_end
        pos = header.line_end
    assert pos == msg.headers_end < msg.body_start <= msg.length == len(msg.buf)
    assert msg.content_length in (-1, msg.length - msg.body_start)
    assert 0 < msg.via.start < msg.via.end <= msg.length


def check_values(msg: Message) -> None:
    """What scripts may ask for gives a value or MessageError."""
    assert 0 <= msg.cseq.number < 2**31 and msg.cseq.method == msg.method and msg.call_id
    quietly(lambda: (msg.from_.params, msg.from_.parsed_uri, msg.from_.display_name, msg.from_.tag))
    quietly(lambda: (msg.to.params, msg.to.parsed_uri, msg.to.display_name, msg.to.tag))
    quietly(lambda: [via.params for via in msg.vias()])
    quietly(lambda: msg.max_forwards)
    for header_id in (H_CONTACT, H_ROUTE, H_RECORD_ROUTE):
        quietly(lambda header_id=header_id: _check_addresses(msg, header_id))  # type: ignore[misc]
    for header in msg.headers:
        value = msg.value(header)
        assert "\n" not in value
        assert header in msg.find(msg.name(header))
        # two of them each time: which ones changes with the lengths of the fields
        for number in (header.name_end + len(value), header.end):
            parse = _TEXT_PARSERS[number % len(_TEXT_PARSERS)]
            quietly(lambda parse=parse, value=value: parse(value))  # type: ignore[misc]
    quietly(lambda: find_body(msg, "application/sdp"))
    check_body(msg.body)
    assert not msg.is_request or str(msg.parsed_uri) == msg.uri


def _check_addresses(msg: Message, header_id: int) -> None:
    for addr in msg.addresses(header_id):
        assert addr.start <= addr.uri_start < addr.uri_end <= addr.end <= msg.length
        quietly(lambda addr=addr: (addr.params, contact_expires(addr), contact_instance(addr), contact_reg_id(addr)))  # type: ignore[misc]
        quietly(lambda addr=addr: contact_q(addr))  # type: ignore[misc]
        quietly(lambda addr=addr: check_uri(addr.uri))  # type: ignore[misc]


def check_uri(text: str) -> None:
    """A URI that parses is equal to itself and can be written down again."""
    uri = parse_uri(text)
    assert str(uri) == text and uris_equal(uri, uri)
    assert uri.param("lr") is None or "lr" in uri.param_dict()
    if uri.is_sip:
        again = parse_uri(uri.replaced())
        assert (again.user, again.password, again.host, again.port) == (uri.user, uri.password, uri.host, uri.port)
        assert (again.params, again.headers) == (uri.params, uri.headers)


def check_body(body: bytes) -> None:
    """Bodies may be anything."""
    for media in parse_sdp(body).media:
        assert body[media.port_start : media.port_end].isdigit() and media.end <= len(body)
    quietly(lambda: [part.content_type() for part in parse_multipart(body, "b")])


def check_round_trips(msg: Message) -> None:
    """What we send on is a message again, with the same fields, and framed alike by whoever reads it from a stream."""
    if not msg.is_request:
        if len(msg.all(H_VIA)) > 1:
            quietly(lambda: parse_message(build_forward_reply(msg)))
        return
    sent = parse_message(build_forward(msg, None, VIA, None, "192.0.2.4", 5060, b"", True))
    assert sent.via.branch == "z9hG4bKfuzz"
    assert (sent.method, sent.uri, sent.call_id) == (msg.method, msg.uri, msg.call_id)
    assert sent.cseq.number == msg.cseq.number
    assert sent.body == msg.body and sent.content_length == len(msg.body)
    assert [sent.value(header) for header in sent.headers if header.id not in (H_VIA, 5)] == [
        msg.value(header) for header in msg.headers if header.id not in (H_VIA, 5)
    ]
    assert Framer(max_message=1 << 24, max_head=1 << 24).feed(sent.buf) == [sent.buf]
    reply = parse_message(build_reply(msg, 486, "Busy Here", "remote", b"", b"", "192.0.2.4", 5060))
    assert reply.call_id == msg.call_id and reply.via.received == "192.0.2.4"
    if sent.method != "ACK":
        assert parse_message(build_cancel(sent)).via.branch == "z9hG4bKfuzz"
        assert parse_message(build_ack(sent, reply)).cseq.number == msg.cseq.number


def check_stream(data: bytes, size: int) -> None:
    """Any cutting of a stream gives the same messages, each of which ends where a datagram parser sees its end."""
    whole = Framer()
    messages = [found for found in whole.feed(data) if found is not PING and found is not PONG]
    pieces = Framer()
    found: list[bytes] = []
    for start in range(0, len(data), size):
        found += pieces.feed(data[start : start + size])
    assert [item for item in found if item is not PING and item is not PONG] == messages
    assert (whole.error is None) == (pieces.error is None)
    assert sum(map(len, messages)) <= len(data)
    for item in messages:
        try:
            msg = parse_message(item)
            head = item[: len(item) - len(msg.body)]
            assert item.endswith(msg.body)
            assert msg.buf[: msg.body_start].replace(b"\r\n", b"\n") == head.replace(b"\r\n", b"\n")
        except MessageError as error:
            assert error.reason not in ("Bad Content-Length", "Content-Length Beyond Message")
            assert error.reason != "Duplicate Content-Length"
