"""Questions to a broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.radius_server import ACCEPT, REJECT, Answer, RadiusServer, Received, radius_config

TEXT = """
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "peering.so"
modparam("peering", "radius_config", "%s")
modparam("peering", "verify_destination_service_type", 21)
%s
route {
    %s;
    $var(code) = $rc;
    xlog("L_INFO", "result $var(code) $avp(i:200)\\n");
}
"""
NAMES = """\
ATTRIBUTE Sip-Call-Id 227 string
ATTRIBUTE Sip-Request-Hash 228 string
ATTRIBUTE Service-Type 6 integer
VALUE Service-Type Sip-Verify-Source 22
"""


def run(folder: Path, call: str, answer: Answer, **headers: str) -> tuple[list[Received], str]:
    """What the broker saw, and the result."""
    (folder / "names").write_text(NAMES)
    server = RadiusServer(lambda request: answer)
    node = Node(TEXT % (radius_config(folder, server.port, more="dictionary names"), "", call))
    try:
        server.attach(node)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        node.receive(build_message("INVITE", "sip:bob@peer.org", from_="sip:alice@example.org", headers=given))
        node.advance(10)
        return server.requests, node.logged("result ")[0].text.strip()
    finally:
        server.close()
        node.settle()
        node.records.clear()
        node.close()


GOOD: Answer = (ACCEPT, [(225, b"#200:hash@123")])


@pytest.mark.parametrize(("call", "service"), [("verify_destination()", 21), ("verify_source()", 22)])
def test_peers(tmp_path: Path, call: str, service: int) -> None:
    (request,), result = run(tmp_path, call, GOOD, P_Request_Hash="h@1")
    assert result == "result 1 hash@123"
    assert (request.text(1), request.text(208), request.integer(6)) == ("peer.org", "bob", service)
    assert request.text(105) and request.text(227)
    assert request.text(228) == ("h@1" if service == 22 else None)


@pytest.mark.parametrize("answer", [(REJECT, []), None], ids=["reject", "silence"])
def test_others(tmp_path: Path, answer: Answer) -> None:
    assert run(tmp_path, "verify_destination()", answer)[1] == "result -1 <null>"


def test_without_a_hash_nobody_is_asked(tmp_path: Path) -> None:
    assert run(tmp_path, "verify_source()", GOOD) == ([], "result -1 <null>")


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ("", "RADIUS attribute Sip-Call-Id is not defined"),
        (NAMES.partition("VALUE")[0], "value Sip-Verify-Source of RADIUS attribute"),
    ],
    ids=["attribute", "value"],
)
def test_what_the_dictionary_must_have(tmp_path: Path, names: str, error: str) -> None:
    (tmp_path / "names").write_text(names)
    path = radius_config(tmp_path, 1812, more="dictionary names")
    with pytest.raises((LoadError, OperatorError), match=error):
        Node(TEXT % (path, "", "verify_source()"))
