"""The torture messages at the parser and the framer."""

import pytest

from siprouter.sip import build
from siprouter.sip.errors import MessageError
from siprouter.sip.framing import Framer
from siprouter.sip.message import Message, parse_message
from siprouter.sip.names import H_CONTACT, H_MAX_FORWARDS, H_VIA
from tests.torture import rfc4475_layers, rfc4475_valid, rfc5118
from tests.torture.cases import CASES, DROP, Case

VIA = b"Via: SIP/2.0/UDP proxy.example.net;branch=z9hG4bKown\r\n"
ACCEPTED = [case for case in CASES if case.parser == 0]
REFUSED = [case for case in CASES if case.parser]


def refusal(data: bytes) -> MessageError:
    with pytest.raises(MessageError) as caught:
        parse_message(data)
    return caught.value


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_invalid_messages_are_refused(case: Case) -> None:
    error = refusal(case.data)
    assert error.status == case.parser
    assert (error.message is None) == (case.server == DROP)


@pytest.mark.parametrize("case", [case for case in REFUSED if case.server != DROP], ids=lambda case: case.name)
def test_refusals_can_be_answered(case: Case) -> None:
    error = refusal(case.data)
    assert isinstance(error.message, Message)
    reply = build.build_reply(error.message, error.status, error.reason, "tag")
    assert reply.startswith(f"SIP/2.0 {case.parser} ".encode())
    assert error.message.line(error.message.all(H_VIA)[0]) in reply
    assert reply.endswith(b"\r\nContent-Length: 0\r\n\r\n")
    assert reply.lower().count(b"\r\ncall-id:") <= 1


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_valid_messages_are_accepted_and_forwarded_unchanged(case: Case) -> None:
    msg = parse_message(case.data)
    if not msg.is_request:
        assert parse_message(build.build_reply(parse_message(rfc4475_valid.LWSDISP), 200, "OK")).status == 200
        return
    sent = build.build_forward(msg, None, VIA)
    new = parse_message(sent)
    assert sent.replace(VIA, b"", 1) == msg.buf
    assert new.via.branch == "z9hG4bKown"
    assert [via.text for via in new.vias()[1:]] == [via.text for via in msg.vias()]
    assert new.body == msg.body


def test_replies_go_back_without_our_via() -> None:
    msg = parse_message(rfc4475_valid.TRANSPORTS)
    sent = build.build_forward(msg, None, VIA)
    reply = parse_message(build.build_reply(parse_message(sent), 200, "OK", "x"))
    back = parse_message(build.build_forward_reply(reply))
    assert [via.transport for via in back.vias()] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_wsinv() -> None:
    msg = parse_message(rfc4475_valid.WSINV)
    assert msg.parsed_uri.param("unknownparam") == ""
    assert msg.from_.display_name == 'J Rosenberg \\"'
    assert (msg.from_.tag, msg.to.tag) == ("98asjd8", "1918181833n")
    assert [(via.transport, via.host, via.branch) for via in msg.vias()] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert (msg.cseq.number, msg.max_forwards) == (9, 68)
    contact = msg.contacts()[0]
    assert contact.display_name == 'Quoted string ""'
    assert contact.params == {"newparam": "newvalue", "secondparam": "", "q": "0.33"}
    route = msg.routes()[0].parsed_uri
    assert (route.param("lr"), route.param("unknownwith"), route.param("unknown-no-value")) == ("", "value", "")
    assert msg.value(msg.find("NewFangledHeader")[0]) == "newfangled value continued newfangled value"
    assert msg.value(msg.find("subject")[0]) == ""


def test_intmeth() -> None:
    msg = parse_message(rfc4475_valid.INTMETH)
    assert (msg.method, msg.method_id) == ("!interesting-Method0123456789_*+`.%indeed'~", 0)
    assert msg.parsed_uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert msg.parsed_uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert msg.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert msg.from_.tag == "_token~1'+`*%!-."
    assert msg.from_.params["fromparam''~+*_!.-%"] == "работающий"
    assert msg.value(msg.find("extensionHeader-!.%*+_`'~")[0]) == "\ufeff大停電"


def test_escapes_are_left_alone() -> None:
    msg = parse_message(rfc4475_valid.ESC01)
    assert msg.parsed_uri.user == "sips%3Auser%40example.com"
    contact = msg.contacts()[0].parsed_uri
    assert (contact.user, contact.params) == ("cal%6Cer", "%6C%72;n%61me=v%61lue%25%34%31")
    assert [addr.parsed_uri.user for addr in parse_message(rfc4475_valid.ESCNULL).contacts()] == ["%00", "%00%00"]
    other = parse_message(rfc4475_valid.ESC02)
    assert (other.method, other.method_id, len(other.all(H_CONTACT))) == ("RE%47IST%45R", 0, 2)


def test_longreq() -> None:
    msg = parse_message(rfc4475_valid.LONGREQ)
    assert len(msg.vias()) == 34
    assert len(msg.from_.tag) == 2 + 150 + 3
    assert msg.to.parsed_uri.port == 6000


def test_dblreq_on_a_datagram_and_on_a_stream() -> None:
    assert parse_message(rfc4475_valid.DBLREQ).buf == rfc4475_valid.DBLREQ_FIRST
    messages = [data for data in Framer().feed(rfc4475_valid.DBLREQ) if data.strip()]
    assert messages == [rfc4475_valid.DBLREQ_FIRST, rfc4475_valid.DBLREQ_SECOND[:-3]]


def test_semicolons_belong_to_the_user() -> None:
    uri = parse_message(rfc4475_valid.SEMIURI).parsed_uri
    assert (uri.user, uri.host, uri.params) == ("user;par=u%40example.net", "example.com", "")


def test_parameters_of_contact_and_of_its_uri() -> None:
    bare = parse_message(rfc4475_layers.CPARAM01).contacts()[0]
    bracketed = parse_message(rfc4475_layers.CPARAM02).contacts()[0]
    assert (bare.params, bare.parsed_uri.params) == ({"unknownparam": ""}, "")
    assert (bracketed.params, bracketed.parsed_uri.params) == ({}, "unknownparam")


def test_regbadct_is_refused_when_contact_is_asked_for() -> None:
    msg = parse_message(next(case.data for case in CASES if case.name == "regbadct"))
    with pytest.raises(MessageError, match="400"):
        msg.contacts()
    assert parse_message(rfc4475_layers.REGESCRT).contacts()[0].parsed_uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_unknown_schemes() -> None:
    uri = parse_message(rfc4475_layers.UNKSCM).parsed_uri
    assert (uri.scheme, uri.is_sip, uri.opaque) == ("nobodyknowsthisscheme", False, "totallyopaquecontent")
    msg = parse_message(rfc4475_layers.UNKSM2)
    assert (msg.to.parsed_uri.scheme, msg.from_.parsed_uri.scheme) == ("isbn", "http")


def test_inv2543() -> None:
    msg = parse_message(rfc4475_layers.INV2543)
    assert (msg.via.branch, msg.from_.tag, msg.content_length, msg.get(H_MAX_FORWARDS)) == ("", "", -1, None)
    assert msg.body.endswith(b"RTP/AVP 0\r\n")


def test_ipv6_references() -> None:
    assert (parse_message(rfc5118.PORT_AMBIGUOUS).parsed_uri.port) == 0
    uri = parse_message(rfc5118.PORT_UNAMBIGUOUS).parsed_uri
    assert (uri.host, uri.port) == ("[2001:db8::10]", 5070)
    assert parse_message(rfc5118.VIA_RECEIVED_PARAM_WITH_DELIM).via.received == "[2001:db8::9:255]"
    assert parse_message(rfc5118.VIA_RECEIVED_PARAM_NO_DELIM).via.received == "2001:db8::9:255"
    via = parse_message(rfc5118.MULT_IP_IN_HEADER).via
    assert (via.host, via.port) == ("[2001:db8::9:1]", 6050)
    assert parse_message(rfc5118.IPV4_MAPPED_IPV6).via.host == "[::ffff:192.0.2.10]"


@pytest.mark.parametrize("name", ["ncl", "mcl01"])
def test_streams_end_at_an_unusable_content_length(name: str) -> None:
    data = next(case.data for case in CASES if case.name == name)
    framer = Framer()
    assert framer.feed(data + rfc4475_valid.LWSDISP) == []
    assert framer.error is not None and framer.error.status == 400
    assert refusal(framer.rest).message is not None
    assert framer.feed(rfc4475_valid.LWSDISP) == []


def test_a_stream_waits_for_a_body_that_is_not_there() -> None:
    data = next(case.data for case in CASES if case.name == "clerr")
    framer = Framer()
    assert framer.feed(data + rfc4475_valid.LWSDISP) == []
    assert framer.error is None and not framer.idle
