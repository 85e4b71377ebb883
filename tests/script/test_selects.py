"""Selects of the core."""

from __future__ import annotations

import pytest

from siprouter.core.context import Branch, Context
from siprouter.core.selects import find_select, split_select_path
from siprouter.script.selects import core_selects
from siprouter.transport.endpoint import Endpoint, Listener
from tests.support.fakes import message, reply
from tests.support.scripts import Rig

REQUEST = message(
    """INVITE sip:+1-212-555;rn=+1.99@gw.example.com:5070;transport=tcp;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport;i=7
Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0;received=10.9.9.9
Record-Route: <sip:10.0.0.1;lr>;x=1
Max-Forwards: 69
From: "Alice \\"A\\"" <sip:alice:secret@example.org;a=b>;tag=a1;Isup-Oli=27
To: <sips:bob@example.com>
Call-ID: c1@192.0.2.1
CSeq: 102 INVITE
Contact: "A" <sip:alice@192.0.2.1:5070>;q=0.5;expires=60;+sip.instance="<urn:x>"
Expires: 3600
Event: presence;id=1
User-Agent: test
Subject: Hello
P-Asserted-Identity: "Name" <tel:+1-212-555-1234>;p=q
P-Asserted-Identity: <sip:second@example.com>
Refer-To: <sip:carol@example.com>;method=INVITE
Authorization: Digest username="alice@example.org", realm="example.org", nonce="n1", uri="sip:x", response="r1"
Content-Type: application/sdp
Content-Length: 24

v=0
c=IN IP4 10.0.0.5
"""
)


@pytest.fixture(scope="module")
def ctx() -> Context:
    rig = Rig('#!KAMAILIO\ncustom.x = 5\ncustom.y = "why"\nserver_id=3\nroute { keep(1); }')
    context = rig.context(REQUEST)
    context.branches = [Branch("sip:b1@a.example", 500), Branch("sip:b2@b.example", -1, "sip:hop.example")]
    context.dst_uri = "sip:10.1.1.1:5099;transport=udp"
    context.flags = 5
    return context


def value(ctx: Context, path: str) -> object:
    get = find_select(ctx.worker.registry, split_select_path(path))
    assert get is not None, path
    return get(ctx)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ruri.user", "+1212555;rn=+199"),
        ("ruri.rn_user", "+199"),
        ("ruri.host", "gw.example.com"),
        ("ruri.port", "5070"),
        ("ruri.hostport", "gw.example.com:5070"),
        ("ruri.transport", "tcp"),
        ("ruri.type", "sip"),
        ("ruri.params", "transport=tcp;user=phone"),
        ("ruri.params.user", "phone"),
        ("ruri.params.none", None),
        ("request_uri.pwd", ""),
        ("dst_uri.port", "5099"),
        ("next_hop.host", "10.1.1.1"),
        ("next_hop.src_ip", "192.0.2.10"),
        ("method", "INVITE"),
        ("version", "SIP/2.0"),
        ("status", None),
        ("reason", None),
        ("from", '"Alice \\"A\\"" <sip:alice:secret@example.org;a=b>;tag=a1;Isup-Oli=27'),
        ("f.uri", "sip:alice:secret@example.org;a=b"),
        ("from.uri.pwd", "secret"),
        ("from.uri.params.a", "b"),
        ("from.uri.hostport", "example.org:5060"),
        ("from.name", '"Alice \\"A\\""'),
        ("from.tag", "a1"),
        ("from.params.isup_oli", "27"),
        ("to.tag", ""),
        ("t.uri.type", "sips"),
        ("to.uri.transport", "tls"),
        ("to.uri.hostport", "example.com:5061"),
        ("to.uri.port", ""),
        ("contact.uri.host", "192.0.2.1"),
        ("m.q", "0.5"),
        ("contact.expires", "60"),
        ("contact.instance", "<urn:x>"),
        ("contact.methods", None),
        ("contact.params.q", "0.5"),
        ("refer_to.uri.user", "carol"),
        ("refer_to.params.method", "INVITE"),
        ("rpid.uri", None),
        ("rr.uri.host", "10.0.0.1"),
        ("record_route.params.x", "1"),
        ("via", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport;i=7"),
        ("via[1].branch", "z9hG4bK1"),
        ("v[2].transport", "TCP"),
        ("via[2].received", "10.9.9.9"),
        ("via[2].port", ""),
        ("via.port", "5070"),
        ("via.version", "2.0"),
        ("via.name", "SIP"),
        ("via.i", "7"),
        ("via.params.branch", "z9hG4bK1"),
        ("via.alias", None),
        ("via[3].host", None),
        ("cseq", "102 INVITE"),
        ("cseq.num", "102"),
        ("cseq.method", "INVITE"),
        ("event", "presence"),
        ("expires", "3600"),
        ("call_id", "c1@192.0.2.1"),
        ("max_forwards", "69"),
        ("user_agent", "test"),
        ("subject", "Hello"),
        ("organization", None),
        ('authorization["example.org"].username', "alice@example.org"),
        ('authorization["example.org"].username.user', "alice"),
        ('authorization["example.org"].username.domain', "example.org"),
        ('authorization["example.org"].response', "r1"),
        ('authorization["other"].realm', None),
        ('proxy_authorization["example.org"]', None),
        ('msg.header["P-Asserted-Identity"]', '"Name" <tel:+1-212-555-1234>;p=q'),
        ("msg.header.p_asserted_identity[2]", "<sip:second@example.com>"),
        ("msg.h.p_asserted_identity[-1].nameaddr.uri", "sip:second@example.com"),
        ("msg.header.p_asserted_identity.nameaddr.name", '"Name"'),
        ("msg.header.p_asserted_identity.nameaddr.uri.user", "+12125551234"),
        ("msg.header.p_asserted_identity.nameaddr.params.p", "q"),
        ("msg.header.p_asserted_identity.nameaddr.params", "p=q"),
        ("msg.header.Event.params.id", "1"),
        ("msg.header.nothing", None),
        ("msg.first_line", "INVITE sip:+1-212-555;rn=+1.99@gw.example.com:5070;transport=tcp;user=phone SIP/2.0"),
        ("msg.len", str(len(REQUEST.buf))),
        ("message.type", "1"),
        ("msg.flags", "5"),
        ("msg.body", "v=0\r\nc=IN IP4 10.0.0.5\r\n"),
        ("msg.body.sdp", "v=0\r\nc=IN IP4 10.0.0.5\r\n"),
        ("msg.body.sdp.line.v", "0"),
        ("msg.body.sdp.line.c", "IN IP4 10.0.0.5"),
        ("msg.content.sdp.line.m", None),
        ("msg.req.method", "INVITE"),
        ("msg.request.uri.host", "gw.example.com"),
        ("msg.request.version", "SIP/2.0"),
        ("msg.response.status", None),
        ("src.ip", "192.0.2.1"),
        ("src.ip_port", "192.0.2.1:5070"),
        ("dst.port", "5060"),
        ("received.proto_ip_port", "udp:192.0.2.10:5060"),
        ("branch.count", "2"),
        ("branch.uri", "sip:b1@a.example,sip:b2@b.example"),
        ("branch.uri[1].host", "b.example"),
        ("branch.uriq[0]", "<sip:b1@a.example>;q=0.5"),
        ("branch.uriq[0].uri", "sip:b1@a.example"),
        ("branch.q", "0.5,"),
        ("branch.dst_uri[1]", "sip:hop.example"),
        ("branch.uri[9]", None),
        ("sys.now", "1700000000"),
        ("sys.now.gmt", "Tue Nov 14 22:13:20 2023"),
        ('sys.now.utc["%H:%M"]', "22:13"),
        ("sys.server_id", "3"),
        ("cfg_get.custom.x", "5"),
        ("cfg_get.custom.y", "why"),
    ],
)
def test_request(ctx: Context, path: str, expected: object) -> None:
    assert value(ctx, path) == expected


def test_reply() -> None:
    ctx = Rig("#!KAMAILIO\nroute { keep(1); }").context(reply(404, "Not Found"))
    found = {path: value(ctx, path) for path in ("code", "status", "reason", "version", "msg.type", "msg.res.code")}
    assert found == {
        "code": "404",
        "status": "404",
        "reason": "Not Found",
        "version": "SIP/2.0",
        "msg.type": "2",
        "msg.res.code": "404",
    }
    for path in ("ruri", "dst_uri", "next_hop", "method", "msg.req", "next_hop.src_ip"):
        assert value(ctx, path) is None


def test_message_ids_and_unique_texts_differ(ctx: Context) -> None:
    other = Rig("#!KAMAILIO\nroute { keep(1); }").context(REQUEST)
    first, again = value(other, "msg.id"), value(other, "msg.id")
    assert first == again
    assert value(other, "msg.id.hex") == f"{int(str(first)):08x}"
    assert str(value(ctx, "sys.unique")).count("-") == 2
    assert str(value(ctx, "sys.pid")).isdigit()


def test_force_socket_decides_the_source_address(ctx: Context) -> None:
    rig = Rig("#!KAMAILIO\nroute { keep(1); }")
    context = rig.context(REQUEST)
    context.force_socket = Listener(1, "192.0.2.77", 5060)
    assert value(context, "next_hop.src_ip") == "192.0.2.77"
    context.source = Endpoint(1, "192.0.2.1", 5070)
    assert value(context, "received.ip") is None


def test_in_a_script() -> None:
    body = 'keep(@from.uri.user); keep(defined @organization); keep(@organization); if (@to.tag == "") keep("no tag");'
    rig = Rig(f"#!KAMAILIO\nroute {{ {body} keep(strlen(@call_id) + 1); keep($sel(cseq.num)); }}")
    assert rig.run(REQUEST) == ["alice", 0, "", "no tag", 13, "102"]


@pytest.mark.parametrize("path", ["@nothing", "@from.uri.bogus", "@via[1].nothing", "@msg.header", "@src", "@sys"])
def test_unknown_selects_are_errors(path: str) -> None:
    rig = Rig(f"#!KAMAILIO\nroute {{ keep({path}); }}")
    codes = [item.code for item in rig.found.errors]
    assert codes == ([] if path == "@msg.header" else ["unknown-select"])


def test_no_path_twice() -> None:
    paths = [item.path for item in core_selects()]
    assert len(paths) == len(set(paths))
    assert all(item.help for item in core_selects())
