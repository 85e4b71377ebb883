"""Tests and fixes of messages."""

import pytest

from siprouter.core.context import Context
from siprouter.core.selects import find_select, split_select_path
from siprouter.transport.endpoint import PROTO_TCP, PROTO_TLS
from tests.modules.nathelper_s.conftest import Site
from tests.support.fakes import call, edited

SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
TYPE = "Content-Type: application/sdp"


def header(ctx: Context, name: str) -> list[str]:
    msg = ctx.msg.apply_edits()
    return [msg.value(one) for one in msg.find(name)]


@pytest.mark.parametrize(
    "tests,contact,port,result",
    [
        (32, "<sip:a@203.0.113.7:1024>", 1024, -1),
        (32, "<sip:a@203.0.113.7>", 1024, 1),
        (32, "<sip:a@203.0.113.7>", 5060, -1),
        (32, "*", 1024, -1),
        (32, "<sip:a@203.0.113.7", 1024, -1),
        (1, "<sip:a@10.0.0.1:1024>", 1024, 1),
        (1, "<sip:a@203.0.113.7:1024>", 1024, -1),
        (33, "<sip:a@203.0.113.7:9>", 1024, 1),
        (16, "<sip:a@203.0.113.7>", 1024, 1),
        (16, "<sip:a@203.0.113.7>", 5070, -1),
        (2, "<sip:a@203.0.113.7>", 5070, 1),
        (0, "<sip:a@10.0.0.1>", 1024, -1),
    ],
)
def test_signs_of_nat(site: Site, tests: int, contact: str, port: int, result: int) -> None:
    ctx = site.receive(f"Contact: {contact}", port=port)
    assert call(ctx, "nat_uac_test", tests) == result


def test_a_private_source_is_no_sign(site: Site) -> None:
    ctx = site.receive("Contact: <sip:a@h:1024>", ip="10.0.0.1")
    assert call(ctx, "nat_uac_test", 32 | 64) == -1


def test_number_in_an_attribute(site: Site) -> None:
    ctx = site.receive("Contact: <sip:a@10.0.0.1>", TYPE, body=SDP)
    ctx.avps.add("one", 1)
    assert call(ctx, "nat_uac_test", "$one") == 1
    assert call(ctx, "nat_uac_test", "$none") == -1
    assert call(ctx, "fix_nated_sdp", "$none") == -1
    assert call(ctx, "fix_nated_sdp", "$one") == 1
    assert edited(ctx).endswith(b"\r\na=direction:active\r\n")


def test_private_sdp(site: Site) -> None:
    assert call(site.receive(TYPE, body=SDP), "nat_uac_test", 8) == 1
    assert call(site.receive(TYPE, body=SDP.replace(b"10.0", b"11.0")), "nat_uac_test", 8) == -1


def test_fix_nated_contact(site: Site) -> None:
    ctx = site.receive("Contact: <sip:a@10.0.0.1:7;x=y>;q=1")
    assert call(ctx, "fix_nated_contact") == 1
    assert header(ctx, "Contact") == ["<sip:a@203.0.113.7:1024;x=y>;q=1"]
    assert call(ctx, "fix_nated_contact") == -1


def test_fix_nated_register(site: Site) -> None:
    ctx = site.receive("Contact: <sip:a@h>;q=1, <sip:b@h>", "Contact: sip:c@h", method="REGISTER", proto=PROTO_TCP)
    assert call(ctx, "fix_nated_register") == 1
    param = ';received="sip:203.0.113.7:1024;transport=TCP;dstip=192.0.2.10;dstport=5060"'
    assert header(ctx, "Contact") == [f"<sip:a@h>;q=1{param}, <sip:b@h>{param}", f"sip:c@h{param}"]
    ctx = site.receive("Contact: *", method="REGISTER")
    assert call(ctx, "fix_nated_register") == 1
    assert header(ctx, "Contact") == ["*"]
    assert call(site.receive("Contact: <sip:a"), "fix_nated_register") == -1


def test_ipv6_source(site: Site) -> None:
    ctx = site.receive("Contact: <sip:a@h>", method="REGISTER", ip="2001:db8::7")
    call(ctx, "fix_nated_register")
    assert header(ctx, "Contact") == ['<sip:a@h>;received="sip:[2001:db8::7]:1024;dstip=192.0.2.10;dstport=5060"']


def test_fix_nated_sdp(site: Site) -> None:
    ctx = site.receive(TYPE, body=SDP)
    assert call(ctx, "fix_nated_sdp", 15) == 1
    assert edited(ctx).endswith(
        b"o=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0"
        b"\r\na=direction:active\r\na=direction:passive\r\na=nortpproxy:yes\r\na=oldmediaip:10.0.0.9\r\n"
    )


def test_sdp_without_an_address(site: Site) -> None:
    body = b"v=0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n"
    ctx = site.receive(TYPE, body=body)
    assert call(ctx, "fix_nated_sdp", 2) == 1
    assert edited(ctx).endswith(body)
    ctx = site.receive(TYPE, body=b"v=0\r\ns=-\r\n")
    assert call(ctx, "fix_nated_sdp", 3) == 1
    assert edited(ctx).endswith(b"s=-\r\na=direction:active\r\n")
    assert any("no IPv4 address" in text for text in site.worker.texts())
    assert call(site.receive(), "fix_nated_sdp", 3) == -1


@pytest.mark.parametrize(
    "path,value",
    [
        ("[1]", '"A B" <sip:a@203.0.113.7:1024;x=y>;q=0.5'),
        ("[2]", "sip:203.0.113.7:1024"),
        ("[0]", None),
        ("[3]", None),
        ("[1].nameaddr.name", '"A B"'),
        ("[1].nameaddr.uri", "sip:a@203.0.113.7:1024;x=y"),
        ("[1].nameaddr.uri.host", "203.0.113.7"),
        ("[1].nameaddr.uri.params.x", "y"),
        ("[1].nameaddr.params.q", "0.5"),
        ("[1].nameaddr.params", "q=0.5"),
        ("[1].nameaddr.nothing", None),
        ("[1].nameaddr.uri.nothing", None),
        ("[1].nameaddr.name.nothing", None),
        ("[9].nameaddr.uri.host", None),
    ],
)
def test_rewritten_contact(site: Site, path: str, value: str | None) -> None:
    ctx = site.receive('Contact: "A B" <sip:a@10.0.0.1;x=y>;q=0.5, sip:10.0.0.2:9')
    get = find_select(site.worker.registry, split_select_path(f"nathelper.rewrite_contact{path}"))
    assert get is not None
    assert get(ctx) == value


@pytest.mark.parametrize(
    "proto,port,host",
    [(PROTO_TCP, 5060, "203.0.113.7"), (PROTO_TLS, 5061, "203.0.113.7"), (PROTO_TLS, 5060, "203.0.113.7:5060")],
)
def test_usual_ports_are_left_out(site: Site, proto: int, port: int, host: str) -> None:
    ctx = site.receive("Contact: <sip:a@10.0.0.1:8>", proto=proto, port=port)
    get = find_select(site.worker.registry, ["nathelper", "rewrite_contact", 1])
    assert get is not None
    assert get(ctx) == f"<sip:a@{host}>"


@pytest.mark.parametrize("contact", ["*", "<sip:a", "<tel:1>"])
def test_contacts_that_cannot_be_rewritten(site: Site, contact: str) -> None:
    get = find_select(site.worker.registry, ["nathelper", "rewrite_contact", 1])
    assert get is not None
    assert get(site.receive(f"Contact: {contact}")) is None
