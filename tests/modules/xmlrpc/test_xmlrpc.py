"""XML-RPC through the script: dispatch, policy, faults, and what old clients need."""

from __future__ import annotations

import xmlrpc.client

import pytest

from siprouter.testing import LoadError, Node

CONFIG = """
listen=tcp:127.0.0.1:5060
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "xmlrpc.so"
modparam("xmlrpc", "route", "XMLRPC")
modparam("xmlrpc", "url_match", "^/RPC")
modparam("xhttp", "url_skip", "^/RPC")
%s
route { sl_send_reply("404", "SIP here"); }
route[XMLRPC] {
	if (@xmlrpc.method == "core.kill") { xmlrpc_reply("403", "not $rm"); exit; }
	if (src_ip == 192.0.2.66) { sl_send_reply("403", "Forbidden"); exit; }
	dispatch_rpc();
}
event_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "other"); }
"""


def post(node: Node, method: str, *params: object, ip: str = "192.0.2.9", url: str = "/RPC2") -> str:
    body = xmlrpc.client.dumps(params, method)
    head = f"POST {url} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return node.receive((head + body).encode(), f"tcp:{ip}:4000").only.text


def value(reply: str) -> object:
    assert reply.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n")
    return xmlrpc.client.loads(reply.partition("\r\n\r\n")[2])[0][0]


def test_command() -> None:
    with Node(CONFIG % "") as node:
        assert value(post(node, "system.methodHelp", "core.uptime"))
        assert "core.version" in value(post(node, "system.listMethods"))


@pytest.mark.parametrize(("method", "code"), [("no.such", 500), ("core.kill", 403)])
def test_faults(method: str, code: int) -> None:
    with Node(CONFIG % "") as node, pytest.raises(xmlrpc.client.Fault) as fault:
        value(post(node, method))
    assert fault.value.faultCode == code
    if code == 403:
        assert fault.value.faultString == "not POST"


def test_policy_of_the_script() -> None:
    with Node(CONFIG % "") as node:
        assert post(node, "core.version", ip="192.0.2.66").startswith("HTTP/1.1 403 Forbidden\r\n")


def test_other_urls_go_on() -> None:
    with Node(CONFIG % "") as node:
        assert post(node, "core.version", url="/x").endswith("other")


def test_arguments_are_converted_on_request() -> None:
    for setting, works in (("", False), ('modparam("xmlrpc", "autoconversion", 1)', True)):
        with Node(CONFIG % setting) as node:
            reply = post(node, "system.methodHelp", 5)
            assert ("command not found" in reply) == works  # or refused for its type


def test_mode_leaves_requests_to_others() -> None:
    text = CONFIG.replace('modparam("xhttp", "url_skip", "^/RPC")', "") % 'modparam("xmlrpc", "mode", 1)'
    with Node(text) as node:
        assert post(node, "core.version").endswith("other")


def test_over_sip() -> None:
    text = (CONFIG % "").replace('sl_send_reply("404", "SIP here");', "dispatch_rpc();")
    with Node(text) as node:
        body = xmlrpc.client.dumps((), "core.version").encode()
        request = node.request("POST", "sip:127.0.0.1", via="SIP/2.0/TCP 192.0.2.8", body=body)
        sent = node.receive(request, "tcp:192.0.2.8:5060").only
        assert sent.status == 200
        assert sent.header("Content-Type") == "text/xml"
        assert xmlrpc.client.loads(sent.body)[0]


def test_route_must_exist() -> None:
    with pytest.raises(Exception, match=r"no route\[NOWHERE\]"):
        Node(CONFIG.replace('"route", "XMLRPC"', '"route", "NOWHERE"') % "")


def test_bad_filter_is_a_start_error() -> None:
    with pytest.raises(LoadError, match="url_skip of module xmlrpc"):
        Node(CONFIG % 'modparam("xmlrpc", "url_skip", "[")')


@pytest.mark.parametrize("body", [b"", b"<x/>", b"not xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><methodCall/>"])
def test_bodies_that_are_no_call(body: bytes) -> None:
    with Node(CONFIG % "") as node:
        head = b"POST /RPC HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        reply = node.receive(head + body, "tcp:192.0.2.9:4000").only.text
        with pytest.raises(xmlrpc.client.Fault) as fault:
            value(reply)
        assert fault.value.faultCode == 400
