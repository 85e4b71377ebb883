"""python_exec and the objects of 3.1: the message, Router."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from siprouter.testing import LoadError, Node

HEAD = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "app_python.so"
modparam("app_python", "script_name", "%s")
%s
"""
Make = Callable[..., Node]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """make(script, routes): a node with a script for 3.1."""
    nodes = []

    def load(script: str, routes: str, params: str = "") -> Node:
        path = tmp_path / "handler.py"
        path.write_text(dedent(script))
        node = Node(HEAD % (path, params) + routes)
        nodes.append(node)
        return node

    yield load
    for node in nodes:
        node.close()


SCRIPT = """
    import sys
    from Router import LM_ERR, LM_INFO
    import Router

    class Handler:
        def __init__(self):
            LM_INFO("made\\n")

        def start(self, rank):
            Router.LM_INFO("rank %d\\n" % rank)
            return 0

        def request(self, msg, text):
            LM_ERR("%s %s %s %s %s" % (msg.Type, msg.Method, msg.RURI, text, msg.getHeader("call-id") is not None))
            LM_ERR("from %s:%d to %s:%d" % (msg.src_address + msg.dst_address))
            msg.rewrite_ruri("sip:new@example.net")
            msg.copy().set_dst_uri("sip:10.0.0.9:5060")
            msg.call_function("append_hf", "X-User: $rU\\r\\n")
            return msg.call_function("setflag", "3")

        def reply(self, msg):
            for what in ("Method", "RURI"):
                try:
                    getattr(msg, what)
                except RuntimeError as error:
                    LM_ERR(str(error))
            try:
                msg.rewrite_ruri("sip:x@y")
            except RuntimeError as error:
                LM_ERR("%s, status %s" % (error, msg.Status))
            return 1

        def code(self, msg, text):
            if text == "waits":
                return msg.call_function("sleep", "2")
            if text == "exit":
                sys.exit()
            if text == "many":
                return msg.call_function("a", "b", "c", "d")
            if text == "raise":
                raise KeyError(text)
            if text == "status":
                return msg.Status
            return {"true": True, "false": False, "none": None, "five": 5}[text]

        async def later(self, msg):
            return 7

    def begin():
        return Handler()
    """
PARAMS = """
modparam("app_python", "mod_init_function", "begin")
modparam("app_python", "child_init_method", "start")
"""


def test_a_request(make: Make) -> None:
    node = make(SCRIPT, 'route { python_exec("request", "to $rU"); t_relay(); }', PARAMS)
    assert node.logged("made", "info") and node.logged("rank 1", "info")
    sent = node.receive(node.request("MESSAGE", "sip:bob@example.org"))
    assert node.logged("SIP_REQUEST MESSAGE sip:bob@example.org to bob True", "error")
    assert node.logged("from 192.0.2.1:5060 to 127.0.0.1:5060", "error")
    relayed = sent.requests("MESSAGE")[0]
    assert relayed.message.uri == "sip:new@example.net"
    assert (str(relayed.to), relayed.header("X-User")) == ("udp:10.0.0.9:5060", "new")
    node.advance(300)


def test_a_reply(make: Make) -> None:
    node = make(SCRIPT, 'route { forward(); } onreply_route { python_exec("reply"); }', PARAMS)
    sent = node.receive(node.request("OPTIONS", "sip:bob@10.0.0.2"))
    reply = sent[-1].data.replace(b"OPTIONS sip:bob@10.0.0.2 SIP/2.0", b"SIP/2.0 204 Fine", 1)
    node.receive(reply, "10.0.0.2:5060")
    assert node.errors == [
        "a reply has no method",
        "a reply has no request URI",
        "a reply has no request URI, status 204",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [("true", 1), ("false", -1), ("none", 1), ("five", 5), ("waits", 1), ("raise", -1), ("many", -1), ("status", -1)],
)
def test_return_codes(make: Make, text: str, code: int) -> None:
    node = make(SCRIPT, 'route { python_exec("code", "$rU"); sl_send_reply("200", "code $rc"); }', PARAMS)
    node.receive(node.request("OPTIONS", f"sip:{text}@x"))
    node.advance(3)
    assert node.sent.replies()[-1].message.reason == f"code {code}"
    if code == -1 and text != "false":
        record = node.logged("code() failed", "error")[0]
        assert record.location.file.endswith("handler.py") and record.location.line > 30
        assert node.counter("app_python", "exceptions") == 1
    node.advance(60)


def test_the_script_ends(make: Make) -> None:
    node = make(SCRIPT, 'route { python_exec("code", "exit"); sl_send_reply("200", "went on"); }', PARAMS)
    assert not node.receive(node.request("OPTIONS", "sip:x@y")).replies()


def test_a_coroutine(make: Make) -> None:
    node = make(SCRIPT, 'route { python_exec("later"); sl_send_reply("200", "code $rc"); }', PARAMS)
    assert node.receive(node.request("OPTIONS", "sip:x@y"))[-1].message.reason == "code 7"


def test_a_method_that_is_not_there(make: Make) -> None:
    with pytest.raises(LoadError, match=r"(?s)no function cod\(\).*did you mean code"):
        make(SCRIPT, 'route { python_exec("cod"); }', PARAMS)
    node = make(SCRIPT, 'route { python_exec("$rU"); sl_send_reply("200", "code $rc"); }', PARAMS)
    assert node.receive(node.request("OPTIONS", "sip:nothing@y"))[-1].message.reason == "code -1"
    assert "the Python script has no function nothing()" in node.errors


def test_functions_without_a_class(make: Make) -> None:
    node = make("def hello(msg):\n    return 3\n", 'route { python_exec("hello"); sl_send_reply("200", "$rc"); }')
    assert node.receive(node.request("OPTIONS", "sip:x@y"))[-1].message.reason == "3"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("def child_init(rank):\n    return -1\n", r"child_init\(\) returned -1"),
        ("def child_init(rank):\n    1 / 0\n", r"child_init\(\) failed: ZeroDivisionError"),
    ],
)
def test_a_worker_that_cannot_start(make: Make, script: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        make(script, "route { exit; }")


def test_print_as_in_python_2_has_its_place(make: Make) -> None:
    with pytest.raises(LoadError, match=r"handler.py:2:1: error: Missing parentheses in call to 'print'"):
        make("x = 1\nprint x\n", "route { exit; }")


def test_limits_are_checked(make: Make) -> None:
    with pytest.raises(LoadError, match="blocking_limit cannot be negative"):
        make("", "route { exit; }", 'modparam("app_python", "blocking_limit", -1)')
