"""Pipes let through what their algorithm says, whatever made them, and are shared."""

from __future__ import annotations

import pytest

from siprouter.modules.pipelimit.load import PROC, cpu_times, proc_address, waiting_octets
from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument, node_lines
from siprouter.testing import LoadError, Node

HEAD = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "pipelimit.so"
modparam("pipelimit", "timer_interval", 5)
"""
ROUTE = """
route {
	%s;
	$var(code) = $rc;
	sl_send_reply("200", "$var(code)");
}
"""


@pytest.fixture(params=["local", "shared"])
def make(request):
    nodes = []

    def make_node(*params, expression='pl_check("$rm")', route=""):
        lines = "\n".join(f'modparam("pipelimit", {text})' for text in params)
        node = Node(HEAD + lines + (route or ROUTE % expression), state=request.param)
        nodes.append(node)
        node.advance(5 - node.worker.wall_clock() % 5)
        return node

    yield make_node
    for node in nodes:
        node.close()


def ask(node, times=1, method="OPTIONS", ip="192.0.2.1"):
    """What the function returned, for each request."""
    return [
        int(node.receive(node.request(method, "sip:a@b"), f"{ip}:5060").last.text.split("\r")[0].split(" ")[2])
        for _ in range(times)
    ]


def mi(node, name, *values):
    return node.wait(call_mi(node.worker, name, [MiArgument(None, value) for value in values]))


def lines(node, name):
    return list(node_lines(mi(node, name), ""))


def test_one_pipe_for_each_method(make, sqlite):
    sqlite.insert("pl_pipes", pipeid="OPTIONS", algorithm="TAILDROP", plimit=1)
    sqlite.insert("pl_pipes", pipeid="MESSAGE", algorithm="TAILDROP", plimit=2)
    node = make(f'"db_url", "{sqlite.url}"')
    assert ask(node, 7) == [1] * 5 + [-1, -1]
    assert ask(node, 11, "MESSAGE") == [1] * 10 + [-1]
    assert ask(node, 1, "INFO") == [-1]
    assert "no pipe INFO" in node.errors[-1]
    assert lines(node, "pl_get_pipes") == [
        "PIPE::  id=MESSAGE algorithm=TAILDROP limit=2 counter=11",
        "PIPE::  id=OPTIONS algorithm=TAILDROP limit=1 counter=7",
    ]
    node.advance(5)
    assert ask(node) == [1]
    assert lines(node, "pl_stats")[1] == "PIPE::  id=OPTIONS load=1 counter=7"


def test_names_of_columns(make, sqlite):
    sqlite.run("CREATE TABLE limits (name TEXT, how TEXT, many INTEGER)")
    sqlite.run("INSERT INTO version (table_name, table_version) VALUES ('limits', 1)")
    sqlite.insert("limits", name="OPTIONS", how="TAILDROP", many=1)
    columns = ('"plp_pipeid_colunm", "name"', '"plp_algorithm_column", "how"', '"plp_limit_column", "many"')
    node = make(f'"db_url", "{sqlite.url}"', '"plp_table_name", "limits"', *columns)
    assert ask(node, 6) == [1] * 5 + [-1]


def test_pipes_on_the_fly(make):
    node = make(expression='pl_check("from-$si", "TAILDROP", "1")')
    assert ask(node, 6) == [1] * 5 + [-1]
    assert ask(node, 1, ip="192.0.2.2") == [1]
    assert set(node.stored("pipelimit")) == {"from-192.0.2.1", "from-192.0.2.2"}
    for _ in range(5):
        node.advance(150)
        ask(node)
    assert set(node.stored("pipelimit")) == {"from-192.0.2.1"}  # the other had its time
    node.advance(600)
    assert not node.stored("pipelimit") and not node.stored("pipelimit.counts")


def test_the_script_changes_a_limit(make):
    node = make(expression='pl_check("p", "$hdr(X-How)", "$hdr(X-Limit)")')

    def result(how, limit):
        data = node.request("OPTIONS", "sip:a@b", headers={"X-How": how, "X-Limit": limit})
        return node.receive(data).last.text.split("\r")[0].split(" ")[2]

    assert result("WEIRD", 1) == "-2"
    assert "unknown algorithm 'WEIRD'" in node.errors[-1]
    assert [result("TAILDROP", 1) for _ in range(6)][-1] == "-1"
    assert result("TAILDROP", 0) == "-1"
    assert result("TAILDROP", 2) == "1"


def test_red(make):
    node = make()
    assert mi(node, "pl_set_pipe", "OPTIONS", "RED", "1").code == 200
    assert ask(node, 15) == [1] * 15
    node.advance(5)
    assert ask(node, 6) == [-1, -1, 1, -1, -1, 1]  # three times the limit before: each third
    node.advance(5)
    assert ask(node, 3) == [1] * 3


def test_feedback(make):
    node = make()
    assert mi(node, "pl_set_pipe", "OPTIONS", "FEEDBACK", "50").code == 200
    assert sum(ask(node, 100)) == 100
    mi(node, "pl_push_load", "0.9")  # 0.4 too much, 25 times that in per cent: 10
    assert ask(node, 100).count(-1) == 10
    mi(node, "pl_push_load", "0.9")
    assert ask(node, 100).count(-1) == 20
    for _ in range(40):
        mi(node, "pl_push_load", "1.0")
    assert ask(node, 20).count(-1) == 20
    for _ in range(9):
        mi(node, "pl_push_load", "0.0")
    assert ask(node, 20).count(-1) == 0


def test_feedback_measures(make, tmp_path):
    node = make()
    node.worker.module("pipelimit").pipes.proc = tmp_path
    mi(node, "pl_set_pipe", "OPTIONS", "FEEDBACK", "20")
    for busy in (100, 200, 300):
        (tmp_path / "stat").write_text(f"cpu  {busy} 0 0 {busy} 0 0 0 0 0 0\ncpu0 1 1\n")
        node.advance(5)
    assert ask(node, 100).count(-1) == 15  # twice 0.3 too much


def test_feedback_has_one_limit(make):
    node = make()
    assert mi(node, "pl_set_pipe", "a", "FEEDBACK", "50").code == 200
    assert mi(node, "pl_set_pipe", "b", "FEEDBACK", "60").code == 400
    assert "pipe 'a' has 50" in node.errors[-1]
    assert mi(node, "pl_set_pipe", "a", "FEEDBACK", "101").code == 400
    assert mi(node, "pl_set_pipe", "a", "FEEDBACK", "60").code == 200


def test_gains(make):
    node = make()
    assert lines(node, "pl_get_pid") == ["PID::  ki=-25.000 kp=0.000 kd=0.000"]
    assert mi(node, "pl_set_pid", "-10", "0.5", "1").code == 200
    assert lines(node, "pl_get_pid") == ["PID::  ki=-10.000 kp=0.500 kd=1.000"]
    for bad in (("x", "0", "0"), ("inf", "0", "0"), ("0", "nan", "0"), ("0", "0")):
        assert mi(node, "pl_set_pid", *bad).code == 400
    for load in ("1.1", "-0.1", "nan", "much"):
        assert mi(node, "pl_push_load", load).code == 400
    for pipe in (("", "RED", "1"), ("a", "BLUE", "1"), ("a", "RED", "-1"), ("a", "RED", "x")):
        assert mi(node, "pl_set_pipe", *pipe).code == 400


def test_network(make, tmp_path):
    node = make()
    node.worker.module("pipelimit").pipes.proc = tmp_path
    mi(node, "pl_set_pipe", "OPTIONS", "NETWORK", "1000")
    assert ask(node) == [1]
    listener = next(iter(node.worker.listeners))
    (tmp_path / "net").mkdir()
    row = f"1: {proc_address(listener.address)}:{listener.port:04X} 00000000:0000 07 00000000:00000400 00:0 0\n"
    (tmp_path / "net" / "udp").write_text("sl local_address\n" + row)
    assert ask(node) == [1]  # measured once in an interval
    node.advance(5)
    assert ask(node, 2) == [-1, -1]
    assert lines(node, "pl_stats") == ["PIPE::  id=OPTIONS load=1 counter=2"]


def test_no_algorithm(make):
    node = make()
    mi(node, "pl_set_pipe", "OPTIONS", "NOP", "0")
    assert ask(node) == [1]
    assert "has no algorithm" in node.errors[-1]
    assert lines(node, "pl_get_pipes") == []


@pytest.mark.parametrize(
    ("call", "least", "most"), [("", 0, 0), ('"7"', 7, 7), ("2, 4", 2, 4), ('"0"', 0, 0), ("9, 3", 9, 9)]
)
def test_drop(make, call, least, most):
    node = make('"reply_code", 480', '"reply_reason", "Too much"', route=f"route {{ pl_drop({call}); }}")
    for _ in range(5):
        reply = node.receive(node.request("OPTIONS", "sip:a@b")).last
        assert reply.text.startswith("SIP/2.0 480 Too much\r\n")
        assert least <= int(reply.header("Retry-After") or 0) <= most


def test_drop_replies_through_the_transaction(make):
    node = make(route="route { t_newtran(); pl_drop(); }")
    invite = node.request("INVITE", "sip:a@b")
    assert node.receive(invite).last.status == 503
    assert node.receive(invite).last.status == 503
    assert len(node.transactions) == 1
    node.advance(70)


def test_this_machine():
    times = cpu_times(PROC)
    assert times is None or times[0] > times[1] >= 0


def test_addresses_as_linux_writes_them(tmp_path):
    assert proc_address("127.0.0.1") == "0100007F"
    assert proc_address("::1") == "00000000000000000000000001000000"
    assert waiting_octets([], tmp_path) == 0


@pytest.mark.parametrize(
    ("param", "text"),
    [
        ('"timer_interval", 0', "timer_interval"),
        ('"reply_code", 99', "reply_code"),
        ('"plp_limit_column", "a b"\nmodparam("pipelimit", "db_url", "sqlite:///tmp/x")', "plp_limit_column"),
    ],
)
def test_parameters_are_checked(make, param, text):
    with pytest.raises(LoadError, match=text):
        make(param.replace('"\nmodparam("pipelimit"', '")\nmodparam("pipelimit"').rstrip(")"))


def test_bad_rows_are_told(make, sqlite):
    sqlite.insert("pl_pipes", pipeid="OPTIONS", algorithm="LEAK", plimit=1)
    with pytest.raises(Exception, match="unknown algorithm 'LEAK'"):
        make(f'"db_url", "{sqlite.url}"')
