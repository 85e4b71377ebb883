"""Routes run at their times, in one worker, and neither their waits nor their errors stop anything."""

from __future__ import annotations

import pytest

from siprouter.core.declare import Module, function
from siprouter.modules.rtimer.timers import LONGEST_INTERVAL
from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "cfgutils.so"
loadmodule "textops.so"
loadmodule "mqueue.so"
loadmodule "rtimer.so"
modparam("mqueue", "mqueue", "name=uris")
%s
route {
	mq_add("uris", "$ci", "$ru");
	sl_send_reply("200", "OK");
}
route[TICK] { xlog("L_INFO", "tick $rm $ru\\n"); }
route[TOCK] { xlog("L_INFO", "tock\\n"); }
route[SLOW] { xlog("L_INFO", "begins\\n"); usleep("2500000"); xlog("L_INFO", "ends\\n"); }
route[WRONG] { xlog("L_INFO", "wrong\\n"); explode(); }
route[STOPS] { drop; }
route[CALLS] { $du = "sip:192.0.2.9"; t_relay(); }
route[MAKES] { t_newtran(); }
route[CONSUME] {
	while (mq_fetch("uris")) {
		xlog("L_INFO", "went to $mqv(uris)\\n");
	}
}
"""


class Explosive:
    """A module whose function raises."""

    def __init__(self, _worker):
        pass

    def explode(self, _ctx):
        raise ValueError("boom")


EXPLOSIVE = Module(
    "explosive", help="", state=Explosive, functions=[function("explode", Explosive.explode, help="raises")]
)


def timer(name, interval, *routes, mode=0):
    lines = [f'modparam("rtimer", "timer", "name={name};interval={interval};mode={mode};")']
    lines += [f'modparam("rtimer", "exec", "timer={name};route={route}")' for route in routes]
    return "\n".join(lines)


def make(*timers, state=""):
    return Node(CONFIG % "\n".join(timers), modules=[EXPLOSIVE], state=state)


def count(node, text):
    return len(node.logged(text, "info"))


@pytest.mark.parametrize("mode", [0, 1])
def test_runs_each_interval(mode):
    with make(timer("ta", 10, "TICK", mode=mode)) as node:
        node.advance(9.9)
        assert count(node, "tick") == 0
        node.advance(0.2)
        assert node.logged("tick")[0].text.strip() == "tick OPTIONS sip:timer@localhost"
        node.advance(30)
        assert count(node, "tick") == 4
        assert not node.errors


def test_the_interval_is_two_minutes_where_none_is_given():
    lines = 'modparam("rtimer", "timer", "name=ta")\nmodparam("rtimer", "exec", "timer=TA;route=TICK")'
    with make(lines, timer("tb", 0, "TOCK")) as node:
        node.advance(119)
        assert (count(node, "tick"), count(node, "tock")) == (0, 0)
        node.advance(2)
        assert (count(node, "tick"), count(node, "tock")) == (1, 1)


def test_the_route_named_last_runs_first():
    with make(timer("ta", 1, "TICK", "TOCK")) as node:
        node.advance(1.1)
        assert [text.split()[0] for text in node.log if text.startswith(("tick", "tock"))] == ["tock", "tick"]


def test_a_run_that_takes_long_is_not_run_twice_and_holds_up_nothing():
    with make(timer("slow", 1, "SLOW"), timer("ta", 1, "TICK")) as node:
        node.advance(3.2)
        assert (count(node, "begins"), count(node, "ends"), count(node, "tick")) == (1, 0, 3)
        assert node.receive(node.request("OPTIONS", "sip:a@b")).last.text.startswith("SIP/2.0 200")
        node.advance(0.7)
        assert (count(node, "begins"), count(node, "ends")) == (1, 1)
        node.advance(0.2)
        assert count(node, "begins") == 2


def test_stopping_cuts_off_a_route_that_waits():
    with make(timer("slow", 1, "SLOW")) as node:
        node.advance(1.1)
    assert (count(node, "begins"), count(node, "ends")) == (1, 0)


def test_an_error_costs_one_run_of_one_route():
    with make(timer("ta", 1, "TICK", "WRONG")) as node:
        node.advance(2.1)
        assert (count(node, "wrong"), count(node, "tick")) == (2, 2)
        failed = node.logged("timer ta: route[WRONG] failed: ValueError: boom", "error")
        assert len(failed) == 2
        assert not node.sent


def test_drop_ends_a_run_only():
    with make(timer("ta", 1, "TICK", "STOPS")) as node:
        node.advance(2.1)
        assert count(node, "tick") == 2


def test_transactions_from_a_timer_route():
    with make(timer("ta", 60, "CALLS")) as node:
        assert [one.text.split("\r\n")[0] for one in node.advance(60.1)] == ["OPTIONS sip:timer@localhost SIP/2.0"]
        assert len(node.transactions) == 1
        node.advance(59)  # past the end of its time


def test_a_transaction_that_nothing_is_done_with_is_released():
    with make(timer("ta", 60, "MAKES")) as node:
        node.advance(60.1)
        assert node.logged("neither relayed, replied to nor released", "warning")


@pytest.mark.parametrize("state", ["local", "shared"])
def test_working_off_a_queue(state):
    with make(timer("consumer", 1, "CONSUME", mode=1), state=state) as node:
        for user in "abc":
            node.receive(node.request("INVITE", f"sip:{user}@b"))
        assert count(node, "went to") == 0
        node.advance(1.1)
        assert [record.text.strip() for record in node.logged("went to")] == [f"went to sip:{user}@b" for user in "abc"]
        node.advance(1)
        assert count(node, "went to") == 3


def test_one_worker_runs_a_timer():
    with make(
        timer("a", 1, "TICK"),
        timer("b", 1, "TICK", mode=1),
        timer("c", 1, "TICK", mode=2),
        timer("d", 1, "TICK", mode=1),
        timer("idle", 1),
    ) as node:
        rtimer, worker = node.worker.module("rtimer"), node.worker

        def owned(workers):
            worker.count, found = workers, []
            for worker.index in range(workers):
                found.append("".join(item.name for item in rtimer.own_timers()))
            worker.count, worker.index = 1, 0
            return found

        assert owned(1) == ["abcd"]
        assert owned(2) == ["a", "bcd"]
        assert owned(3) == ["a", "bd", "c"]
        assert owned(5) == ["a", "b", "c", "d", ""]
        assert node.logged("timer idle runs no route", "warning")


def test_call_ids_belong_to_the_worker_that_runs_the_timer():
    with make(timer("a", 1, "TICK")) as node:
        worker = node.worker
        worker.count, worker.index = 7, 5
        call_ids = {worker.module("rtimer").message().call_id for _ in range(20)}
        assert len(call_ids) == 20
        assert all(worker.owns(call_id) for call_id in call_ids)
        worker.count, worker.index = 1, 0


def test_a_route_that_a_reload_took_away():
    with make(timer("ta", 1, "TICK", "TOCK")) as node:
        route = node.script.routes.pop("TOCK")
        node.advance(3.1)
        assert len(node.logged("there is no route[TOCK] any more", "error")) == 1
        assert (count(node, "tick"), count(node, "tock")) == (3, 0)
        node.script.routes["TOCK"] = route
        node.advance(1)
        assert count(node, "tock") == 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("timer", "interval=3", "a timer without a name"),
        ("timer", "name=x;interval=100000u", "interval must be a number of seconds, found '100000u'"),
        ("timer", f"name=x;interval={LONGEST_INTERVAL + 1}", "the longest interval is"),
        ("timer", "name=x;mode=-1", "mode must be a number, found '-1'"),
        ("timer", "name=x;when=3", "found 'when=3'"),
        ("timer", "name=TA", "timer 'TA' is defined twice"),
        ("exec", "timer=tx;route=TICK", "there is no timer 'tx'"),
        ("exec", "timer=ta", "expected timer=cleanup;route=CLEANUP, found 'timer=ta'"),
        ("exec", "timer=ta;route=TICKS", r"undefined route\[TICKS\][\s\S]*did you mean TICK\?"),
    ],
    ids=lambda value: value if "=" in value and " " not in value else "",
)
def test_bad_parameters(name, value, message):
    with pytest.raises(LoadError, match=message):
        make(timer("ta", 1, "TICK"), f'modparam("rtimer", "{name}", "{value}")')
