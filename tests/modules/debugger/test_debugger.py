"""The trace, stopping and stepping, and the commands for both."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import siprouter.modules
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node
from siprouter.util.log import L_NOTICE

PID = os.getpid()
CONFIG = """#!KAMAILIO
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "debugger.so"
%s
route {
	if ($rU == "anchor") {
		dbg_breakpoint("1");
	}
	if ($rU == "other") dbg_breakpoint("0");
	$var(x) = 1;
	sl_send_reply("200", "OK");
}
"""


@pytest.fixture
def node() -> Iterator[Node]:
    with Node(CONFIG % "") as running:
        yield running


def bp(node: Node, *words: Any) -> Any:
    return node.rpc("dbg.bp", *words).result


def listed(node: Node) -> tuple[int, int, int]:
    """(set, state, stopped)"""
    found: Any = node.rpc("dbg.ls").values[0]
    return found["set"], found["state"], found["stopped"]


def ask(node: Node, user: str = "bob") -> None:
    node.receive(node.request("OPTIONS", f"sip:{user}@example.com"))


def test_trace_lines() -> None:
    params = 'modparam("debugger", "cfgtrace", 1)\nmodparam("debugger", "log_level", 1)\n'
    params += 'modparam("debugger", "log_prefix", "look:")\nmodparam("debugger", "log_facility", "LOG_LOCAL3")'
    with Node(CONFIG.replace('dbg_breakpoint("1")', "$var(y) = 1") % params) as node:
        ask(node)
        records = [record for record in node.records if "look:" in record.text]
        assert [record.text.partition("] ")[2] for record in records] == [
            "l=11 a=17 n=if",
            "l=14 a=17 n=if",
            "l=15 a=63 n=assign",
            "l=16 a=27 n=sl_send_reply",
        ]
        assert records[0].text == "look: c=[<text>] l=11 a=17 n=if"
        assert {(record.level, record.facility, record.source) for record in records} == {(L_NOTICE, 152, "")}
        assert node.rpc("dbg.trace", "off").values == ["200 ok"]
        ask(node)
        assert len([record for record in node.records if "look:" in record.text]) == len(records)


def test_switched_off_there_is_nothing() -> None:
    with Node(CONFIG.replace('dbg_breakpoint("1")', "$var(y) = 1") % "") as node:
        assert node.worker.hooks.entry == []
        node.rpc("dbg.trace", "on", PID)
        assert node.worker.hooks.entry
        node.rpc("dbg.trace", "off", PID)
        assert node.worker.hooks.entry == []


def test_from_action_to_action(node: Node) -> None:
    assert bp(node, "on") == "200 ok"
    ask(node)
    assert listed(node) == (6, 1, 1) and not node.sent
    assert node.logged(f"*** cfgtrace: breakpoint hit: p=[{PID}] c=[<text>] l=8 a=17 n=if")
    assert bp(node, "show", PID) == "at bkp [<text>:8] a=17 n=if"
    assert bp(node, "next", PID) == "exec [<text>:8] a=17 n=if"
    assert listed(node) == (6, 2, 1)
    assert bp(node, "next", PID) == "exec [<text>:11] a=17 n=if"
    assert bp(node, "eval", PID, "$var(x)") == "$var(x) : t=int v=0"
    assert bp(node, "next", PID) == "exec [<text>:12] a=63 n=assign"
    assert bp(node, "eval", PID, "$var(x)") == "$var(x) : t=int v=1"
    assert bp(node, "eval", PID, "$(ru{uri.user})") == "$(ru{uri.user}) : t=str v=bob"
    assert bp(node, "eval", PID, "$du") == "$du : t=null"
    assert bp(node, "log", PID, "$fU") == "200 ok"
    assert node.logged("breakpoint eval: $fU : t=str v=alice")
    assert bp(node, "next", PID) == "exec [<text>:13] a=27 n=sl_send_reply"
    assert node.last.status == 200
    assert listed(node) == (6, 0, 0)


def test_move_lets_it_and_all_others_run(node: Node) -> None:
    bp(node, "on")
    ask(node)
    assert bp(node, "move", PID) == "200 ok"
    ask(node)
    assert [message.status for message in node.sent] == [200, 200]
    assert listed(node) == (0, 0, 0)


def test_one_after_the_other(node: Node) -> None:
    bp(node, "on")
    ask(node, "first")
    ask(node, "second")
    assert listed(node) == (6, 1, 2)
    assert bp(node, "off") == "200 ok"
    ask(node, "third")
    assert [message.status for message in node.sent] == [200]
    assert bp(node, "eval", PID, "$rU") == "$rU : t=str v=first"
    bp(node, "move", PID)
    assert bp(node, "eval", PID, "$rU") == "$rU : t=str v=second"
    bp(node, "move", PID)
    assert [message.status for message in node.sent] == [200, 200, 200]


def test_a_breakpoint_of_the_script(node: Node) -> None:
    ask(node)
    ask(node, "other")
    assert [message.status for message in node.sent] == [200, 200]
    ask(node, "anchor")
    assert bp(node, "show", PID) == "at bkp [<text>:9] a=26 n=dbg_breakpoint"
    assert bp(node, "release") == "200 ok"
    assert listed(node)[0] == 4  # something has stopped here
    bp(node, "move", PID)
    assert len(node.sent) == 3
    ask(node, "anchor")
    assert len(node.sent) == 4


def test_retransmissions_are_absorbed_while_it_is_stopped(node: Node) -> None:
    bp(node, "on")
    request = node.request("OPTIONS", "sip:bob@example.com")
    for _ in range(3):
        node.receive(request)
    assert listed(node)[2] == 1
    bp(node, "move", PID)
    assert [message.status for message in node.sent if message.status >= 200] == [200]


def test_a_reply_stops_too() -> None:
    text = CONFIG.replace("sl_send_reply", "#") % "" + "onreply_route { $var(z) = 1; }\n"
    with Node(text.replace('("200", "OK");', "")) as node:
        bp(node, "on")
        node.receive(
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa\r\n"
            b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb\r\n"
            b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\n"
            b"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        assert bp(node, "show", PID).endswith("a=63 n=assign")
        bp(node, "next", PID)
        assert [message.status for message in node.sent] == [200]


def test_show_waits_for_a_message_and_gives_up(node: Node) -> None:
    before = node.clock()
    assert bp(node, "show", PID) == "200 ok"
    assert node.clock() - before == pytest.approx(20, abs=1)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("dbg.bp", "jump"), 500, "Unknown inner command"),
        (("dbg.bp", "next"), 500, "Missing pid parameter"),
        (("dbg.bp", "keep"), 500, "Missing pid parameter"),
        (("dbg.bp", "eval", PID), 500, "pv param missing"),
        (("dbg.bp", "eval", PID, "$" + "x" * 300), 500, "invalid pv param"),
        (("dbg.bp", "on", 1), 500, "No such pid"),
        (("dbg.ls", 1), 500, "No such pid"),
        (("dbg.trace", "maybe"), 500, "Unknown trace command"),
    ],
)
def test_faults(node: Node, words: tuple[Any, ...], code: int, text: str) -> None:
    with pytest.raises(RpcError) as caught:
        node.rpc(*words)
    assert (caught.value.code, caught.value.message) == (code, text)


def test_an_unknown_variable(node: Node) -> None:
    bp(node, "on")
    ask(node)
    with pytest.raises(RpcError, match="unable to parse pv"):
        bp(node, "eval", PID, "$nosuch")
    bp(node, "move", PID)


@pytest.mark.parametrize(
    ("param", "value"), [("log_facility", '"LOG_NOTHING"'), ("step_usleep", "-1"), ("step_loops", "-1")]
)
def test_bad_parameters(param: str, value: str) -> None:
    with pytest.raises(LoadError, match=param):
        Node(CONFIG % f'modparam("debugger", "{param}", {value})')


def test_the_limit() -> None:
    with Node(CONFIG % 'modparam("debugger", "breakpoint", 1)') as node:
        node.worker.modules["debugger"].limit = 2
        for _ in range(4):
            ask(node)
        assert listed(node)[2] == 2 and len(node.sent) == 2
        assert len(node.logged("messages are stopped already")) == 1
        bp(node, "move", PID)
        bp(node, "move", PID)
        assert len(node.sent) == 4


def test_the_server_stops_while_messages_wait() -> None:
    with Node(CONFIG % 'modparam("debugger", "breakpoint", 1)') as node:
        ask(node)
        assert not node.sent
        node.worker.modules["debugger"].stop()
        node.settle()
        assert [message.status for message in node.sent] == [200]


def test_the_trace_of_the_readme() -> None:
    readme = (Path(siprouter.modules.__path__[0]) / "debugger" / "README.md").read_text()
    (text,) = re.findall(r"^```\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^    NOTICE: (from-debugger.*)$", readme, re.MULTILINE)
    with Node(text) as node:
        ask(node)
        found = [record.text.replace("<text>", "/etc/siprouter/debugger.cfg") for record in node.records]
        assert [line for line in found if line.startswith("from-debugger")] == shown
        assert node.last.status == 200
