"""Single route blocks on single messages."""

from __future__ import annotations

import pytest

from siprouter.testing import Node, build_message, reply_to
from siprouter.util.errors import OperatorError
from tests.testing.conftest import MODULES, MakeNode

CONFIG = (
    MODULES
    + """
loadmodule "cfgutils.so"
loadmodule "tmx.so"
route { route(NAT); }
route[NAT] {
    append_hf("X-Seen: $var(how)\\r\\n");
    remove_hf("X-Old");
    $avp(s:result) = "done";
    xlog("L_INFO", "nat of $fU\\n");
    if ($rU == "stop") exit;
    if ($rU == "drop") drop;
    $ru = "sip:new@example.net";
    $du = "sip:10.0.0.9;transport=tcp";
    append_branch("sip:second@example.net");
    return(5);
}
route[ANSWER] { sl_send_reply("404", "Not Here"); }
route[SLEEP] { usleep("2500000"); return(7); }
failure_route[BUSY] {
    if (t_check_status("486")) {
        append_hf("X-Failed: $T_reply_code\\r\\n");
        $ru = "sip:voicemail@10.0.0.5";
        t_relay();
    }
}
failure_route[REPLY] { t_reply("480", "Later"); }
onreply_route[R] { append_hf("X-Reply: $rs\\r\\n"); }
branch_route[B] { append_hf("X-Branch: yes\\r\\n"); if ($rU == "no") drop; }
"""
)


@pytest.fixture
def node(make_node: MakeNode) -> Node:
    return make_node(CONFIG)


def test_what_a_route_did(node: Node) -> None:
    request = build_message("INVITE", "sip:bob@example.org", headers={"X-Old": "1"})
    run = node.run_route("NAT", request, variables={"$var(how)": "well"})
    assert (run.code, run.stopped, run.dropped) == (5, False, False)
    assert (run.header("X-Seen"), run.header("X-Old"), run.headers("X-Seen")) == ("well", None, ["well"])
    assert (run.uri, run.dst_uri) == ("sip:new@example.net", "sip:10.0.0.9;transport=tcp")
    assert [branch.uri for branch in run.branches] == ["sip:second@example.net"]
    assert run.variable("$avp(s:result)") == "done"
    assert run.variable("$rd") == "example.net"
    assert run.variable("$avp(s:other)") is None
    assert any("nat of alice" in text for text in run.logged)
    assert run.sent == []


@pytest.mark.parametrize(("user", "dropped"), [("stop", False), ("drop", True)])
def test_a_route_that_ends_the_script(node: Node, user: str, dropped: bool) -> None:
    run = node.run_route("NAT", build_message("INVITE", f"sip:{user}@example.org"))
    assert (run.code, run.stopped, run.dropped) == (0, True, dropped)


def test_what_a_route_sent(node: Node) -> None:
    run = node.run_route("ANSWER", build_message("INVITE", "sip:bob@example.org"), address="10.0.0.7:5070")
    assert (run.sent.only.status, run.sent.only.message.reason) == (404, "Not Here")


def test_the_request_route(node: Node) -> None:
    assert node.run_route("", build_message("INVITE", "sip:bob@example.org")).code == 5


def test_a_route_that_waits(node: Node) -> None:
    before = node.clock()
    assert node.run_route("SLEEP", build_message("INVITE", "sip:bob@example.org")).code == 7
    assert node.clock() - before >= 2.5


def test_a_failure_route_that_goes_on(node: Node) -> None:
    run = node.run_route("BUSY", build_message("INVITE", "sip:bob@example.org"), kind="failure_route", status=486)
    assert run.header("X-Failed") == "486"
    assert run.sent.requests("INVITE").only.address == "udp:10.0.0.5:5060"
    assert run.sent.requests("INVITE").only.header("X-Failed") == "486"


def test_a_failure_route_that_does_nothing(node: Node) -> None:
    run = node.run_route("BUSY", build_message("INVITE", "sip:bob@example.org"), kind="failure_route")
    assert run.header("X-Failed") is None
    assert run.sent.summary == ["408 INVITE"]


def test_a_failure_route_that_replies(node: Node) -> None:
    run = node.run_route("REPLY", build_message("INVITE", "sip:bob@example.org"), kind="failure_route")
    assert run.sent.summary == ["480 INVITE"]


def test_a_reply_route(node: Node) -> None:
    reply = reply_to(build_message("INVITE", "sip:bob@example.org"), 183)
    assert node.run_route("R", reply, kind="onreply_route").header("X-Reply") == "183"


def test_a_branch_route(node: Node) -> None:
    run = node.run_route("B", build_message("INVITE", "sip:bob@example.org"), kind="branch_route")
    assert (run.header("X-Branch"), run.dropped) == ("yes", False)
    assert node.run_route("B", build_message("INVITE", "sip:no@example.org"), kind="branch_route").dropped


def test_unknown_names(node: Node) -> None:
    request = build_message("INVITE", "sip:bob@example.org")
    with pytest.raises(KeyError):
        node.run_route("NOWHERE", request)
    with pytest.raises(KeyError):
        node.run_route("NAT", request, kind="startup_route")
    with pytest.raises(AssertionError, match="cannot be written"):
        node.run_route("NAT", request, variables={"$rm": "x"})
    with pytest.raises(OperatorError):
        node.run_route("NAT", request).variable("$nonsense")
