"""Requests from and to TLS: sips URIs, Via and Record-Route, in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siprouter.testing import Node

CONFIG = """
listen=udp:203.0.113.1:5060
listen=tcp:203.0.113.1:5060
listen=tls:203.0.113.1:5061
listen=tls:[2001:db8::1]:5061
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "tls.so"
route {
    if (is_method("INVITE")) record_route();
    if ($rU == "forward") { forward(); exit; }
    if ($rU == "totls") { t_relay_to_tls("198.51.100.9", "5065"); exit; }
    t_relay();
}
"""


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node(CONFIG.replace('loadmodule "pv.so"', 'loadmodule "pv.so"\nloadmodule "textops.so"'))
    yield made
    made.close(check=False)


@pytest.mark.parametrize(
    ("uri", "source", "to"),
    [
        ("sips:bob@198.51.100.10", "udp:192.0.2.1:5060", "tls:198.51.100.10:5061"),
        ("sips:bob@198.51.100.10;transport=tcp", "tcp:192.0.2.1:40000", "tls:198.51.100.10:5061"),
        ("sips:forward@198.51.100.10", "udp:192.0.2.1:5060", "tls:198.51.100.10:5061"),
        ("sip:bob@198.51.100.10:5070;transport=tls", "tls:192.0.2.1:40000", "tls:198.51.100.10:5070"),
        ("sip:bob@198.51.100.10", "tls:192.0.2.1:40000", "udp:198.51.100.10:5060"),
        ("sip:bob@[2001:db8::9];transport=tls", "tls:[2001:db8::7]:40000", "tls:[2001:db8::9]:5061"),
        ("sip:totls@198.51.100.10", "udp:192.0.2.1:5060", "tls:198.51.100.9:5065"),
    ],
)
def test_where_requests_go(node: Node, uri: str, source: str, to: str) -> None:
    node.receive(node.request("INVITE", uri), source)
    (sent,) = node.sent.requests("INVITE")
    assert sent.address == to
    host = "[2001:db8::1]" if "2001" in to else "203.0.113.1"
    proto = to.partition(":")[0]
    port = {"tls": ":5061", "udp": ""}[proto]
    assert sent.header("Via").startswith(f"SIP/2.0/{proto.upper()} {host}{port};branch=")
    routes = sent.headers("Record-Route")
    incoming = source.partition(":")[0]
    assert len(routes) == (1 if incoming == proto else 2)
    assert ("transport=tls" in routes[0]) == (proto == "tls")
    assert ("transport=tls" in routes[-1]) == (incoming == "tls")
