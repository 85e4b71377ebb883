"""Addresses that send too much are noticed at the limit, told from others, and forgiven."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "pike.so"
modparam("pike", "sampling_time_unit", 2)
modparam("pike", "reqs_density_per_unit", 5)
modparam("pike", "remove_latency", 20)
%s
route {
	pike_check_req();
	$var(code) = $rc + 400;
	sl_send_reply("$var(code)", "$rc");
}
"""


@pytest.fixture(params=["local", "shared"])
def node(request):
    with Node(CONFIG % "", state=request.param) as node:
        node.advance(2 - node.worker.wall_clock() % 2)
        yield node


def ask(node, ip="192.0.2.1", times=1):
    """What pike_check_req() returned, for each request."""
    found = []
    for _ in range(times):
        sent = node.receive(node.request("OPTIONS", "sip:a@b", via=f"SIP/2.0/UDP {ip}"), f"{ip}:5060")
        found.append(int(sent.last.text.split(" ")[2].split("\r")[0]))
    return found


def test_blocked_from_the_limit_on(node):
    assert ask(node, times=7) == [1, 1, 1, 1, -2, -1, -1]
    assert ask(node, "192.0.2.2") == [1]
    assert len(node.logged("BLOCKing ip 192.0.2.1")) == 1


def test_forgiven_after_a_quiet_unit(node):
    ask(node, times=5)
    node.advance(2)
    assert ask(node) == [-1]  # the unit before was hot
    node.advance(2)
    assert ask(node) == [1]
    assert node.logged("UNBLOCKing ip 192.0.2.1")


def test_two_units_count_together(node):
    assert ask(node, times=4) == [1] * 4
    node.advance(2)
    assert ask(node, times=4) == [1, 1, 1, 1]
    assert ask(node) == [-2]


def test_slow_senders_pass(node):
    for _ in range(10):
        assert ask(node, times=2) == [1, 1]
        node.advance(2)


def test_forgotten_after_a_while(node):
    ask(node, times=5)
    assert node.worker.state.table("pike").get("192.0.2.1")
    node.advance(25)
    assert node.worker.state.table("pike").get("192.0.2.1") is None


def test_commands(node):
    ask(node, times=6)
    ask(node, "192.0.2.2", 3)
    ask(node, "192.0.2.3")
    top = node.rpc("pike.top").result
    assert (top["max_hits"], top["number_of_rows"], top["ip_addr0"], top["status0"]) == (5, 1, "192.0.2.1", "HOT")
    assert (top["leaf_hits_prev0"], top["leaf_hits_curr0"]) == (0, 6)
    everything = node.rpc("pike.top", "ALL").result
    assert [everything[f"ip_addr{number}"] for number in range(3)] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert node.rpc("pike.top", "WARM").result["ip_addr0"] == "192.0.2.2"


@pytest.mark.parametrize("name", ["sampling_time_unit", "reqs_density_per_unit", "remove_latency"])
def test_bad_parameters(name):
    with pytest.raises(LoadError, match=name):
        Node(CONFIG % f'modparam("pike", "{name}", 0)')
