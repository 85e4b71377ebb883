"""SER's pike: one false value, and requests that do not keep an address known."""

from __future__ import annotations

import pytest

from siprouter.testing import Node

CONFIG = """#!SER
loadmodule "sl.so"
loadmodule "pike.so"
modparam("pike", "reqs_density_per_unit", 3)
modparam("pike", "remove_latency", 10)
route {
	if (pike_check_req(%s)) {
		sl_reply("200", "OK");
	} else {
		sl_reply("403", "Slowly");
	}
}
"""


@pytest.mark.parametrize(("argument", "known"), [("", True), ('"0"', True), ('"1"', False)])
def test_check(argument, known):
    with Node(CONFIG % argument) as node:
        node.advance(2 - node.worker.wall_clock() % 2)
        statuses = [node.receive(node.request("OPTIONS", "sip:a@b")).last.status for _ in range(4)]
        assert statuses == [200, 200, 403, 403]
        node.advance(8)
        node.receive(node.request("OPTIONS", "sip:a@b"))
        node.advance(5)
        assert (node.worker.state.table("pike").get("192.0.2.1") is not None) is known
