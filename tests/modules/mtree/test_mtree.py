"""mtree over SQLite: types, several trees, reload, listing."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument, node_lines
from siprouter.testing import LoadError, Node

HEAD = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "mtree.so"
modparam("mtree", "db_url", "%s")
"""
ROUTE = """
route {
	mt_match("$hdr(Tree)", "$rU", "0");
	$var(code) = $rc;
	sl_send_reply("200", "$var(code) $avp(s:tvalue) $(avp(s:tdstid)[*]) $(avp(s:tweight)[*]) $avp(s:tcount)");
}
"""


@pytest.fixture
def tables(sqlite):
    for name in ("dids", "routes"):
        sqlite.run(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, tprefix TEXT, tvalue TEXT)")
    sqlite.run("CREATE TABLE mtrees (id INTEGER PRIMARY KEY, tname TEXT, tprefix TEXT, tvalue TEXT)")
    for prefix, value in (("4930", "berlin"), ("49", "germany"), ("49301234", "pbx")):
        sqlite.insert("dids", tprefix=prefix, tvalue=value)
        sqlite.insert("mtrees", tname="one", tprefix=prefix, tvalue=value)
    sqlite.insert("mtrees", tname="two", tprefix="1", tvalue="america")
    for prefix, value in (("49", "10=30;20=5;30=7"), ("493", "10=1;40=30;"), ("1", "x=y;0=3")):
        sqlite.insert("routes", tprefix=prefix, tvalue=value)
    return sqlite


@pytest.fixture
def make(tables):
    nodes = []

    def make_node(*params, route=ROUTE):
        lines = "".join(f'modparam("mtree", {text})\n' for text in params)
        nodes.append(Node(HEAD % tables.url + lines + route))
        return nodes[-1]

    yield make_node
    for node in nodes:
        node.close()


def ask(node, user, tree="dids"):
    return (
        node.receive(node.request("OPTIONS", f"sip:{user}@b", headers={"Tree": tree}))
        .last.text.split("\r")[0][12:]
        .replace(", ", ",")
    )


def mi(node, name, *values):
    return node.wait(call_mi(node.worker, name, [MiArgument(None, value) for value in values]))


DIDS = '"mtree", "name=dids;dbtable=dids;type=0;"'
ROUTES = '"mtree", "name=routes;dbtable=routes;type=1"'


@pytest.mark.parametrize(
    ("user", "result"),
    [("4930123456", "1 pbx"), ("4930", "1 berlin"), ("493", "1 germany"), ("49", "1 germany"), ("4", "-1 <null>")],
)
def test_longest_prefix(make, user, result):
    assert ask(make(DIDS), user).startswith(result)


def test_other_characters(make):
    node = make(DIDS)
    assert ask(node, "+4930").startswith("-1")
    assert ask(node, "4930x").startswith("-1")  # there are longer prefixes
    assert ask(node, "49301234x").startswith("1 pbx")
    assert ask(node, "%D9%A1").startswith("-1")
    node = make(DIDS, '"char_list", "+0123456789"')
    assert ask(node, "49301").startswith("1 berlin")
    assert ask(node, "+49").startswith("-1")
    assert ask(node, "4930", "none").startswith("-1")


def test_destinations(make):
    node = make(ROUTES)
    assert ask(node, "4930", "routes").split(" ", 2)[2] == "10,20,30,40 1,5,7,30 4"
    assert ask(node, "4912", "routes").split(" ", 2)[2] == "20,30,10 5,7,30 3"
    assert ask(node, "1", "routes").startswith("-1 ")


def test_several_trees(make):
    node = make(DIDS, ROUTES)
    assert ask(node, "4930").startswith("1 berlin")
    assert ask(node, "4930", "routes").startswith("1 <null> 10,")


def test_one_table_for_all_trees(make):
    node = make('"db_table", "mtrees"')
    assert ask(node, "4930", "one").startswith("1 berlin")
    assert ask(node, "12", "two").startswith("1 america")
    assert ask(node, "4930", "two").startswith("-1")


def test_the_value_goes_where_it_is_wanted(make):
    route = 'route { mt_match("dids", "$rU", 0); sl_send_reply("200", "$var(host)"); }'
    assert ask(make(DIDS, '"pv_value", "$var(host)"', route=route), "4930") == "berlin"


def test_reload(make, tables):
    node = make(DIDS)
    tables.insert("dids", tprefix="33", tvalue="france")
    assert ask(node, "33").startswith("-1")
    assert mi(node, "mt_reload", "other").code == 200
    assert ask(node, "33").startswith("-1")
    assert mi(node, "mt_reload", "di").code == 200
    assert ask(node, "33").startswith("1 france")
    tables.insert("dids", tprefix="33", tvalue="again")
    assert mi(node, "mt_reload").code == 500
    assert "table dids: prefix '33' is there more than once" in node.errors[-1]
    assert ask(node, "33").startswith("1 france")
    assert mi(node, "mt_reload", "").code == 404


def test_reload_of_all_trees(make, tables):
    node = make('"db_table", "mtrees"', '"fetch_rows", 2')
    tables.run("DELETE FROM mtrees WHERE tname = 'one'")
    tables.insert("mtrees", tname="three", tprefix="3", tvalue="x")
    assert mi(node, "mt_reload", ".").code == 200
    assert ask(node, "4930", "one").startswith("-1")
    assert ask(node, "33", "three").startswith("1 x")
    tables.run("DELETE FROM mtrees")
    mi(node, "mt_reload")
    assert (mi(node, "mt_list").code, mi(node, "mt_summary").code) == (500, 500)


def test_lists(make):
    node = make(DIDS, ROUTES)
    assert list(node_lines(mi(node, "mt_list", "dids"), "")) == [
        "MT::  TNAME=dids TPREFIX=49 TVALUE=germany",
        "MT::  TNAME=dids TPREFIX=4930 TVALUE=berlin",
        "MT::  TNAME=dids TPREFIX=49301234 TVALUE=pbx",
    ]
    assert len(mi(node, "mt_list").children) == 6
    summary = list(node_lines(mi(node, "mt_summary"), ""))
    assert [line.split("=")[-1] for line in summary] == ["3", "3"]


def test_duplicates_may_be_ignored(make, tables):
    tables.insert("dids", tprefix="49", tvalue="again")
    node = make(DIDS, '"mt_ignore_duplicates", 1')
    assert ask(node, "49").startswith("1 germany")
    assert "1 prefixes come twice" in node.errors[-1]


def test_empty_rows_are_passed_over(make, tables):
    tables.insert("dids", tprefix="", tvalue="x")
    node = make(DIDS)
    assert "a row without prefix or value" in node.errors[-1]
    assert ask(node, "49").startswith("1 germany")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ((), "there is no tree"),
        (('"mtree", "dbtable=dids"',), "without a name"),
        (('"mtree", "name=a;table=dids"',), "found 'table=dids'"),
        ((DIDS, DIDS), "defined twice"),
        (('"mtree", "name=a;dbtable=x y"',), "dbtable of tree 'a'"),
        ((DIDS, '"char_list", ""'), "char_list"),
        ((DIDS, '"pv_value", "$ci"'), "pv_value"),
        ((DIDS, '"pv_dstid", "$var(x)"'), "pv_dstid"),
    ],
)
def test_parameters_are_checked(make, params, text):
    with pytest.raises(LoadError, match=text):
        make(*params)


@pytest.mark.parametrize("prefix", ["49x", "1" * 32, "49"])
def test_a_bad_table_stops_the_start(make, tables, prefix):
    tables.insert("dids", tprefix=prefix, tvalue="x")
    with pytest.raises(Exception, match=f"table dids: prefix '{prefix}"):
        make(DIDS)


def test_unknown_types_count_as_text(make):
    node = make('"mtree", "name=dids;dbtable=dids;type=7"')
    assert node.logged("type 7 counts as 0")
    assert ask(node, "49").startswith("1 germany")
