"""The longest prefix says which route runs."""

from __future__ import annotations

import pytest

from siprouter.rpc.values import RpcError
from siprouter.testing import Node

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "cfgutils.so"
loadmodule "prefix_route.so"
modparam("prefix_route", "db_url", "%s")
route {
	prefix_route();
	$var(code) = $rc;
	sl_send_reply("404", "$var(code)");
}
route[SE] { sl_send_reply("200", "SE"); }
route[NO] { sl_send_reply("200", "NO"); return(-1); }
route[SLOW] { sleep("1"); sl_send_reply("200", "SLOW"); exit; }
route[AGAIN] { prefix_route(); }
"""


@pytest.fixture
def table(sqlite):
    sqlite.run("CREATE TABLE prefix_route (prefix TEXT, route TEXT, comment TEXT)")
    for prefix, route in (("46", "SE"), ("4-7", "NO"), ("479", "SLOW"), ("1", "AGAIN")):
        sqlite.insert("prefix_route", prefix=prefix, route=route, comment="")
    return sqlite


@pytest.fixture
def node(table):
    with Node(CONFIG % table.url) as node:
        yield node


def ask(node, user):
    before = len(node.sent)
    node.receive(node.request("OPTIONS", f"sip:{user}@b"))
    node.advance(2)
    return [sent.text.split("\r")[0][8:] for sent in node.sent[before:] if sent.status != 100]


@pytest.mark.parametrize(
    ("user", "reply"),
    [
        ("4612", "200 SE"),
        ("46", "200 SE"),
        ("+46(1)", "200 SE"),
        ("4791", "200 SLOW"),
        ("5", "404 -1"),
        ("x", "404 -1"),
    ],
)
def test_routes(node, user, reply):
    assert ask(node, user) == [reply]


def test_a_route_that_fails_goes_on(node):
    assert ask(node, "47") == ["200 NO", "404 -1"]


def test_recursion_ends(node):
    assert ask(node, "1") == ["404 -1"]
    assert any("nested deeper" in text for text in node.errors)


def test_default_rule(table):
    table.insert("prefix_route", prefix="", route="SE", comment="all others")
    with Node(CONFIG % table.url) as node:
        assert ask(node, "99") == ["200 SE"]
        assert ask(node, "x") == ["404 -1"]


def test_reload(node, table):
    table.insert("prefix_route", prefix="5", route="SE", comment="")
    assert node.rpc("prefix_route.reload").values == ["Prefix routes reloaded successfully"]
    assert ask(node, "5") == ["200 SE"]
    assert "46 \t--> route[SE] " in node.rpc("prefix_route.dump").values
    table.insert("prefix_route", prefix="6", route="NONE", comment="")
    with pytest.raises(RpcError):
        node.rpc("prefix_route.reload")
    assert "there is no route[NONE]" in node.errors[-1]
    assert ask(node, "5") == ["200 SE"]


def test_rows(table):
    table.insert("prefix_route", prefix="46", route="NO", comment="twice")
    table.insert("prefix_route", prefix=None, route="NO", comment="")
    with Node(CONFIG % table.url) as node:
        assert len(node.errors) == 2
        assert ask(node, "46") == ["200 NO", "404 -1"]


def test_unknown_routes_stop_the_start(table):
    table.insert("prefix_route", prefix="6", route="NONE", comment="")
    with pytest.raises(Exception, match=r"prefix '6': there is no route\[NONE\]"):
        Node(CONFIG % table.url)
