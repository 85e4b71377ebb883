"""Timers of the script."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument
from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "cfgutils.so"
loadmodule "benchmark.so"
%s
route {
	if ($rU != "b") {
		bm_start_timer("one");
	}
	if ($rU == "slow") {
		usleep("250000");
	}
	bm_log_timer("one");
	$var(code) = $rc;
	sl_send_reply("200", "$var(code) $BM_time_diff");
}
"""


def ask(node, user="a"):
    node.receive(node.request("OPTIONS", f"sip:{user}@b"))
    node.advance(1)
    return node.last.text.split("\r")[0][12:]


def mi(node, name, *values):
    return node.wait(call_mi(node.worker, name, [MiArgument(None, value) for value in values])).code


def test_measures():
    with Node(CONFIG % 'modparam("benchmark", "enable", 1)\nmodparam("benchmark", "granularity", 2)') as node:
        assert ask(node, "b") == "-1 0"
        assert "timer one was not started" in node.errors[-1]
        code, duration = ask(node, "slow").split(" ")
        assert code == "1"
        assert int(duration) == pytest.approx(250_000, rel=0.1)
        assert not node.logged("benchmark (timer")
        assert ask(node) == "1 0"
        line = node.logged("benchmark (timer one [0]): 0 [")[0].text
        assert line.count(f"2/{duration}/0/{duration}/") == 2
        ask(node)
        ask(node)
        assert "LR: 2/0/0/0/0.000000 | GB: 4/" in node.logged("benchmark (timer")[1].text


def test_messages_do_not_mix():
    with Node(CONFIG % 'modparam("benchmark", "enable", 1)') as node:
        node.receive(node.request("OPTIONS", "sip:slow@b"))
        assert node.receive(node.request("OPTIONS", "sip:a@b")).last.text.startswith("SIP/2.0 200 1 0\r")
        node.advance(1)
        assert int(node.last.text.split("\r")[0].split(" ")[3]) == pytest.approx(250_000, rel=0.1)


def test_enabled():
    with Node(CONFIG % "") as node:
        assert ask(node, "b") == "1 0"
        assert mi(node, "bm_enable_timer", "one", "1") == 200
        assert ask(node, "b") == "-1 0"
        assert mi(node, "bm_enable_global", "-1") == 200
        assert ask(node, "b") == "1 0"
        assert mi(node, "bm_enable_global", "1") == 200
        assert mi(node, "bm_enable_timer", "one", "0") == 200
        assert ask(node, "b") == "-1 0"


def test_settings():
    with Node(CONFIG % 'modparam("benchmark", "enable", 1)') as node:
        assert mi(node, "bm_loglevel", "-1") == 200
        assert mi(node, "bm_granularity", "3") == 200
        for _ in range(3):
            ask(node)
        assert [record.level for record in node.logged("benchmark (timer")] == [-1]
        for bad in (("bm_granularity", "0"), ("bm_loglevel", "9"), ("bm_enable_global", "2"), ("bm_loglevel", "x")):
            assert mi(node, *bad) == 400
        for timer in (("two", "1"), ("one", "2"), ("one",)):
            assert mi(node, "bm_enable_timer", *timer) == 400


@pytest.mark.parametrize("param", ['"enable", 2', '"granularity", 0', '"loglevel", 9'])
def test_parameters_are_checked(param):
    with pytest.raises(LoadError, match="must be from"):
        Node(CONFIG % f'modparam("benchmark", {param})')


def test_names_are_checked():
    with pytest.raises(LoadError, match="1 to 63"):
        Node(CONFIG.replace('bm_log_timer("one")', 'bm_log_timer("")') % "")
