"""Cells of a matrix, from a table."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_mi
from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "matrix.so"
modparam("matrix", "db_url", "%s")
route {
	$avp(s:second) = 17;
	matrix(%s);
	$var(code) = $rc;
	sl_send_reply("200", "$var(code) $avp(s:out)");
}
"""
USUAL = '"$rU", "$avp(s:second)", "$avp(s:out)"'


@pytest.fixture
def table(sqlite):
    for first, second, result in ((4, 17, 3), (5, 17, 0), (6, 17, -1), (5, 2000, 9)):
        sqlite.insert("matrix", first=first, second=second, res=result)
    return sqlite


def ask(node, user="4"):
    return node.receive(node.request("OPTIONS", f"sip:{user}@b")).last.text.split("\r")[0][12:]


@pytest.mark.parametrize(("user", "result"), [("4", "1 3"), ("5", "1 0"), ("6", "-1 <null>"), ("7", "-1 <null>")])
def test_cells(table, user, result):
    with Node(CONFIG % (table.url, USUAL)) as node:
        assert ask(node, user) == result


def test_no_number(table):
    with Node(CONFIG % (table.url, USUAL)) as node:
        assert ask(node, "x") == "-1 <null>"
        assert "matrix(): no number: 'x'" in node.errors[-1]


def test_constants(table):
    with Node(CONFIG % (table.url, '5, "2000", "$avp(s:out)"')) as node:
        assert ask(node) == "1 9"


def test_reload(table):
    with Node(CONFIG % (table.url, USUAL)) as node:
        table.run("UPDATE matrix SET res = 8 WHERE first = 4")
        assert ask(node) == "1 3"
        assert node.wait(call_mi(node.worker, "reload_matrix")).code == 200
        assert ask(node) == "1 8"
        table.run("DROP TABLE matrix")
        assert node.wait(call_mi(node.worker, "reload_matrix")).code == 500
        assert ask(node) == "1 8"


def test_rows_without_numbers(table):
    table.insert("matrix", first="x", second=1, res=1)
    with Node(CONFIG % (table.url, USUAL)) as node:
        assert "a row without number" in node.errors[-1]


def test_the_result_is_an_avp(table):
    with pytest.raises(LoadError, match="an AVP"):
        Node(CONFIG % (table.url, '1, 2, "$var(x)"'))
