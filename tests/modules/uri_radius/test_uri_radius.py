"""Whether a user exists, as SER asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.testing import Node
from siprouter.testing.messages import build_message
from tests.support.radius_server import ACCEPT, REJECT, Answer, RadiusServer, radius_config, vendor

TEXT = """#!SER
loadmodule "tm.so"
loadmodule "xlog.so"
loadmodule "uri_radius.so"
modparam("uri_radius", "radius_config", "%s")
route {
    if (radius_does_uri_exist()) {
        xlog("L_INFO", "found %%$name\\n");
    } else {
        xlog("L_INFO", "not found\\n");
    }
}
"""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [((ACCEPT, [vendor(1, b"name:Bob")]), "found Bob"), ((REJECT, []), "not found"), (None, "not found")],
    ids=["accepted", "rejected", "silence"],
)
def test_uris(tmp_path: Path, answer: Answer, expected: str) -> None:
    server = RadiusServer(lambda request: answer)
    node = Node(TEXT % radius_config(tmp_path, server.port))
    try:
        server.attach(node)
        node.receive(build_message("OPTIONS", "sip:bob@example.com", from_="sip:alice@example.org"))
        node.advance(10)
        assert node.logged(expected)
        assert (server.requests[0].text(1), server.requests[0].integer(6)) == ("bob@example.com", 10)
    finally:
        server.close()
        node.settle()
        node.records.clear()
        node.close()
