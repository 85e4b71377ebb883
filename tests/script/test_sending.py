"""What the script says of sending reaches the message that leaves: set_forward_close(), add_local_rport() and so on."""

import re

import pytest

from siprouter.testing import Node
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, SEND_CLOSE, SEND_REUSE_ONLY

HEAD = """
#!KAMAILIO
listen=udp:203.0.113.1:5060
listen=tcp:203.0.113.1:5060
mpath="modules"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
"""
BOB_TCP = "sip:bob@198.51.100.10;transport=tcp"
WAYS = ("t_relay();", "forward();")


def node(routes, settings=""):
    return Node(f"{HEAD}{settings}\n{routes}")


def relayed(statements, uri="sip:bob@198.51.100.10", settings="", more="", **fields):
    """The INVITE that leaves after the statements."""
    with node(f"route {{ {statements} exit; }}\n{more}", settings) as router:
        router.receive(router.request("INVITE", uri, **fields))
        sent = router.sent.requests("INVITE")[0]
        for request in router.sent.requests():
            answer(router, request, 487)
        router.receive(router.request("ACK", uri, **fields))
        router.advance(60)
        return sent


def answer(router, request, status):
    vias = "".join(f"Via: {value}\r\n" for value in request.headers("Via"))
    keep = "".join(f"{name}: {request.header(name)}\r\n" for name in ("From", "To", "Call-ID", "CSeq"))
    text = f"SIP/2.0 {status} Any\r\n{vias}{keep}Content-Length: 0\r\n\r\n"
    router.receive(text.encode(), request.address)


@pytest.mark.parametrize("way", WAYS)
def test_flags_for_forwarding(way):
    assert relayed(way, BOB_TCP).to.flags == 0
    assert relayed(f"set_forward_close(); {way}", BOB_TCP).to.flags == SEND_CLOSE


def test_no_connection_is_opened_when_the_script_forbids_it():
    with node('route { set_forward_no_connect(); if (!forward()) sl_send_reply(480, "x"); exit; }') as router:
        router.receive(router.request("OPTIONS", BOB_TCP))
        assert [reply.status for reply in router.sent] == [480]
    with node("route { set_forward_no_connect(); t_relay(); exit; }") as router:
        router.receive(router.request("OPTIONS", BOB_TCP))
        assert [reply.status for reply in router.sent] == [477]


@pytest.mark.parametrize("way", WAYS)
def test_local_rport(way):
    plain = relayed(way).headers("Via")[0]
    assert plain.startswith("SIP/2.0/UDP 203.0.113.1;branch=")
    assert ";rport" not in plain
    assert relayed(f"add_local_rport(); {way}").headers("Via")[0].endswith(";rport")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("statements", "sent_by"),
    [
        ('set_advertised_address("proxy.example.org");', "proxy.example.org"),
        ("set_advertised_port(5080);", "203.0.113.1:5080"),
        ('set_advertised_address("192.0.2.77"); set_advertised_port(5070);', "192.0.2.77:5070"),
    ],
)
def test_advertised_for_one_message(way, statements, sent_by):
    via = relayed(statements + way).headers("Via")[0]
    assert via.startswith(f"SIP/2.0/UDP {sent_by};branch=")


def test_advertised_in_the_outgoing_record_route():
    sent = relayed('set_advertised_address("proxy.example.org"); record_route(); t_relay();', BOB_TCP)
    outgoing, incoming = sent.headers("Record-Route")
    assert outgoing.startswith("<sip:proxy.example.org;transport=tcp;r2=on")
    assert incoming.startswith("<sip:203.0.113.1;r2=on")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("statements", "settings", "proto"),
    [
        ("", "udp_mtu = 1300 udp_mtu_try_proto = TCP", PROTO_TCP),
        ("udp_mtu_try_proto(TCP);", "udp_mtu = 1300", PROTO_TCP),
        ("", "udp_mtu = 1300", PROTO_UDP),
        ("", "udp_mtu = 60000 udp_mtu_try_proto = TCP", PROTO_UDP),
        ("", "udp_mtu_try_proto = TCP", PROTO_UDP),
    ],
)
def test_requests_too_large_for_udp(way, statements, settings, proto):
    sent = relayed(statements + way, settings=settings, body=b"x" * 1400, content_type="text/plain")
    assert (sent.to.proto, sent.to.ip, sent.to.port) == (proto, "198.51.100.10", 5060)
    transport = "TCP" if proto == PROTO_TCP else "UDP"
    assert sent.headers("Via")[0].startswith(f"SIP/2.0/{transport} 203.0.113.1")
    assert len(sent.headers("Via")) == 2


def test_a_branch_route_says_it_for_its_branch_only():
    with node(
        """
        route { append_branch("sip:carol@198.51.100.11"); t_on_branch("one"); t_relay(); exit; }
        branch_route[one] { if (uri =~ "carol") add_local_rport(); }
        """
    ) as router:
        router.receive(router.request("INVITE", "sip:bob@198.51.100.10"))
        vias = {request.to.ip: request.headers("Via")[0] for request in router.sent.requests("INVITE")}
        assert sorted(vias) == ["198.51.100.10", "198.51.100.11"]
        assert vias["198.51.100.11"].endswith(";rport")
        assert not vias["198.51.100.10"].endswith(";rport")
        for request in router.sent.requests("INVITE"):
            answer(router, request, 486)
        router.receive(router.request("ACK", "sip:bob@198.51.100.10"))
        router.advance(60)


@pytest.mark.parametrize(
    ("statements", "flags"),
    [
        ("", 0),
        ("set_reply_close();", SEND_CLOSE),
        ("set_reply_no_connect();", SEND_REUSE_ONLY),
        ("set_forward_close();", 0),
    ],
)
@pytest.mark.parametrize("way", ['sl_send_reply(404, "x");', 't_newtran(); t_reply(404, "x");'])
def test_flags_for_replies(statements, flags, way):
    with node(f"route {{ {statements} {way} exit; }}") as router:
        router.receive(router.request("OPTIONS", "sip:x@203.0.113.1"), "tcp:192.0.2.1:40000")
        assert [reply.to.flags for reply in router.sent.replies()] == [flags]


def test_flags_for_relayed_replies():
    with node(
        """
        route { t_on_reply("back"); t_relay(); exit; }
        onreply_route[back] { if (status == "200") set_reply_close(); }
        """
    ) as router:
        router.receive(router.request("OPTIONS", "sip:bob@198.51.100.10"), "tcp:192.0.2.1:40000")
        answer(router, router.sent.requests("OPTIONS")[0], 200)
        (reply,) = router.sent.replies(200)
        assert reply.to.flags == SEND_CLOSE
        assert reply.to.connection


def test_flags_for_stateless_replies():
    with node("route { forward(); exit; }\nonreply_route { set_reply_no_connect(); }") as router:
        via = "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa1"
        router.receive(router.request("OPTIONS", "sip:bob@198.51.100.10", via=via), "tcp:192.0.2.1:40000")
        (request,) = router.sent.requests("OPTIONS")
        assert re.search(r";i=[0-9a-f]+$", request.headers("Via")[0])
        answer(router, request, 200)
        (reply,) = router.sent.replies(200)
        assert reply.to.flags == SEND_REUSE_ONLY
        assert reply.to.connection


def test_the_limit_can_change_at_run_time():
    with node("route { forward(); exit; }", "udp_mtu_try_proto = TCP") as router:
        request = router.request("OPTIONS", "sip:bob@198.51.100.10", body=b"x" * 1400, content_type="text/plain")
        router.receive(request)
        router.worker.cfg.set_now("core", "udp_mtu", 1300)
        router.receive(request)
        assert [sent.to.proto for sent in router.sent.requests()] == [PROTO_UDP, PROTO_TCP]
