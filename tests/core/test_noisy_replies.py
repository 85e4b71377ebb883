"""sip_warning and syn_branch."""

from __future__ import annotations

import os

import pytest

from siprouter.core.forward import lasting_branch
from siprouter.testing import Node


def request(extra: str = "", uri: str = "sip:bob@198.51.100.1", host: str = "192.0.2.7", proto: str = "UDP") -> bytes:
    return (
        f"OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/{proto} {host}:5070;branch=z9hG4bK1\r\n{extra}"
        "From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
    ).encode()


REPLY = 'loadmodule "sl.so"\nroute { rewriteuser("carol"); sl_send_reply("404", "No"); }'


def test_replies_tell_what_the_request_looked_like() -> None:
    with Node("sip_warning = 1\n" + REPLY) as node:
        node.receive(request("Via: SIP/2.0/UDP a;branch=2, SIP/2.0/UDP b;branch=3\r\n"), "192.0.2.7:5070")
        assert node.last.header("Warning") == (
            f'392 127.0.0.1 "Noisy feedback tells:  pid={os.getpid()} req_src_ip=192.0.2.7 req_src_port=5070'
            ' in_uri=sip:bob@198.51.100.1 out_uri=sip:carol@198.51.100.1 via_cnt==3"'
        )


def test_ipv6() -> None:
    with Node("sip_warning = 1\n" + REPLY, listen=["udp:[::1]:5080"]) as node:
        node.receive(request(host="[2001:db8::7]"), "udp:[2001:db8::7]:5070")
        warning = node.last.header("Warning") or ""
        assert warning.startswith("392 [::1]:5080 ") and " req_src_ip=2001:db8::7 " in warning


@pytest.mark.parametrize(("head", "uri"), [("", "sip:bob@a"), ("sip_warning = 1\n", "sip:" + "b" * 300 + "@a")])
def test_no_warning_where_none_is_wanted_or_none_fits(head: str, uri: str) -> None:
    with Node(head + REPLY) as node:
        node.receive(request(uri=uri), "192.0.2.7:5070")
        assert node.last.status == 404 and node.last.header("Warning") is None


def test_quotes_cannot_end_the_warning() -> None:
    with Node("sip_warning = 1\n" + REPLY) as node:
        node.receive(request(uri='sip:b%22"x@a'), "192.0.2.7:5070")
        warning = node.last.header("Warning") or ""
        assert warning.count('"') == 4 and warning.replace('\\"', "").count('"') == 2


def branches(head: str) -> list[str]:
    """The branches of a request, its retransmission and another request."""
    with Node(head + "route { forward(); }") as node:
        for one in (request(), request(), request(host="192.0.2.8")):
            node.receive(one, "192.0.2.7:5070")
        return [str(sent.message.via.branch) for sent in node.sent]


@pytest.mark.parametrize("head", ["", "syn_branch = 0\n"])
def test_a_retransmission_keeps_its_branch(head: str) -> None:
    first, again, other = branches(head)
    assert first == again != other


def test_a_lasting_branch_is_the_same_everywhere() -> None:
    assert branches("syn_branch = 0\n")[0] == branches("syn_branch = 0\n")[0]
    assert lasting_branch(("z9hG4bK1", "a", 5060)) == "z9hG4bKs521220c3de61d23f.0"
