"""Numbered pipes: the queue of a method, forced pipes, commands."""

from __future__ import annotations

import pytest

from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "ratelimit.so"
modparam("ratelimit", "timer_interval", 5)
modparam("ratelimit", "pipe", "0:TAILDROP:1")
modparam("ratelimit", "pipe", "3:TAILDROP:2")
modparam("ratelimit", "queue", "3:*")
modparam("ratelimit", "queue", "0:options")
%s
route {
	%s;
	$var(code) = $rc;
	sl_send_reply("200", "$var(code)");
}
"""


@pytest.fixture(params=["local", "shared"])
def make(request):
    nodes = []

    def make_node(expression="rl_check()", more=""):
        nodes.append(Node(CONFIG % (more, expression), state=request.param))
        nodes[-1].advance(5 - nodes[-1].worker.wall_clock() % 5)
        return nodes[-1]

    yield make_node
    for node in nodes:
        node.close()


def ask(node, times=1, method="OPTIONS", **headers):
    data = [node.request(method, "sip:a@b", headers={f"X-{name}": value for name, value in headers.items()})] * times
    return [int(node.receive(one).last.text.split("\r")[0].split(" ")[2]) for one in data]


def test_by_method(make):
    node = make()
    assert ask(node, 6) == [1] * 5 + [-1]
    assert ask(node, 11, "MESSAGE") == [1] * 10 + [-1]
    node.advance(5)
    assert ask(node, 1, "INFO") == [1]
    assert node.rpc("rl.stats").values[3] == "PIPE[3]: 11/2 (drop rate: 1)"
    assert len(node.rpc("rl.stats").values) == 16
    assert node.rpc("rl.get_pipes").values == [
        "PIPE[0]: 2:TAILDROP 6/1 (drop rate: 1) [0]",
        "PIPE[3]: 2:TAILDROP 11/2 (drop rate: 1) [1]",
    ]


def test_forced_pipe(make):
    node = make('rl_check("$hdr(X-Pipe)")')
    assert ask(node, 11, Pipe="3") == [1] * 10 + [-1]
    assert ask(node, 6, Pipe="none") == [1] * 5 + [-1]
    assert "holds no number" in node.errors[-1]
    assert ask(node, 1, Pipe="16") == [-1]
    assert ask(node, 1, Pipe="1") == [-1]
    assert "there is no pipe 1" in node.errors[-1]


def test_pipe_by_number(make):
    assert ask(make("rl_check_pipe(0)"), 6, "MESSAGE") == [1] * 5 + [-1]
    assert ask(make('rl_check_pipe("9")')) == [-1]


def test_queues(make):
    node = make()
    assert node.rpc("rl.get_queues").values == ["QUEUE[0]: 3:*", "QUEUE[1]: 0:options"]
    node.rpc("rl.set_queue", 0, "MESSAGE", 0)
    assert ask(node, 6, "MESSAGE") == [1] * 5 + [-1]
    assert ask(node, 1, "INFO") == [-1]
    for bad in ((2, "X", 0), (0, "X", 16), (-1, "X", 0)):
        with pytest.raises(RpcError):
            node.rpc("rl.set_queue", *bad)


def test_pipes_are_changed(make):
    node = make()
    node.rpc("rl.set_pipe", 0, "TAILDROP", 0)
    assert ask(node) == [-1]
    node.rpc("rl.set_pipe", 0, "FEEDBACK", 50)
    node.rpc("rl.set_pid", -50.0, 0.0, 0.0)
    assert node.rpc("rl.get_pid").values == ["ki[-50.000000] kp[0.000000] kd[0.000000] "]
    node.rpc("rl.push_load", 0.9)
    assert ask(node, 100).count(-1) == 20
    for bad in ((0, "WEIRD", 1), (16, "RED", 1), (0, "RED", -1), (1, "FEEDBACK", 60)):
        with pytest.raises(RpcError):
            node.rpc("rl.set_pipe", *bad)
    for bad in (1.5, -0.5, float("nan")):
        with pytest.raises(RpcError):
            node.rpc("rl.push_load", bad)
    with pytest.raises(RpcError):
        node.rpc("rl.set_pid", float("inf"), 0.0, 0.0)


def test_counts_in_the_log(make):
    node = make()
    ask(node, 2)
    node.rpc("rl.set_dbg", 1)
    node.advance(5)
    assert node.logged("requests by pipe: 2 0 0 0")
    node.rpc("rl.set_dbg", 0)
    node.advance(10)
    assert len(node.logged("requests by pipe")) == 1


@pytest.mark.parametrize(
    ("param", "text"),
    [
        ('"pipe", "16:RED:1"', "0 to 15"),
        ('"pipe", "1:BLUE:1"', "unknown algorithm"),
        ('"pipe", "1:RED"', "expected number"),
        ('"pipe", "1:RED:99999999999"', "too large"),
        ('"pipe", "1:FEEDBACK:101"', "FEEDBACK"),
        ('"queue", "16:X"', "0 to 15"),
        ('"queue", "X"', "expected pipe"),
        ('"timer_interval", 0', "timer_interval"),
    ],
)
def test_parameters_are_checked(make, param, text):
    with pytest.raises(LoadError, match=text):
        make(more=f'modparam("ratelimit", {param})')


def test_at_most_ten_queues(make):
    with pytest.raises(LoadError, match="more than 10 queues"):
        make(more='modparam("ratelimit", "queue", "0:X")\n' * 9)
