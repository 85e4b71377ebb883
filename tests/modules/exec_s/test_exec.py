"""exec as scripts of SER call it."""

import pytest

from siprouter.testing import LoadError, Node

CONFIG = """#!SER
loadmodule "tm"
loadmodule "sl"
loadmodule "exec"
route {
    $f.command = "from an attribute";
    if (method == "MESSAGE") { exec_msg("from a constant $x"); sl_reply("202", "OK"); break; }
    if (method == "INFO") { exec_msg("$f.command"); sl_reply("202", "OK"); break; }
    if (method == "NOTIFY") { exec_msg("@ruri.user"); sl_reply("202", "OK"); break; }
    if (!exec_dset("program")) { sl_reply("404", "none"); break; }
    t_relay();
}
"""


@pytest.fixture
def node():
    with Node(CONFIG) as node:
        yield node


@pytest.mark.parametrize(
    ("method", "command"),
    [("MESSAGE", "from a constant $x"), ("INFO", "from an attribute"), ("NOTIFY", "bob")],
)
def test_commands(node, method, command):
    seen = []
    node.programs = lambda command, environment, data: seen.append((environment, data)) or b""
    request = node.request(method, "sip:bob@127.0.0.1")
    node.receive(request)
    node.settle()
    assert node.commands == [command]
    [(environment, data)] = seen
    assert data == request and environment["SIP_OUSER"] == "bob"


def test_destinations(node):
    node.programs = lambda *_: b"sip:a@10.0.0.1\nsip:b@10.0.0.2\n"
    node.receive(node.request("OPTIONS", "sip:bob@127.0.0.1"))
    node.settle()
    assert {sent.uri for sent in node.sent if not sent.status} == {"sip:a@10.0.0.1", "sip:b@10.0.0.2"}
    assert node.commands == ['program "${SIP_ARGUMENT_URI}"']
    node.advance(60)
    node.programs = lambda *_: b""
    node.receive(node.request("OPTIONS", "sip:bob@127.0.0.1"))
    node.settle()
    assert node.last.message.reason == "none"


def test_no_exec_avp():
    with pytest.raises(LoadError, match="exec_avp"):
        Node('#!SER\nloadmodule "exec"\nroute { exec_avp("x"); }')
