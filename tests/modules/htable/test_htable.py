"""The tables of htable, as scripts use them, on both backends of state."""

from __future__ import annotations

from typing import Any

import pytest

from siprouter.modules.htable.state import parse_definition
from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

HEAD = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "a=>size=8;")
modparam("htable", "htable", "b=>size=2;autoexpire=60;")
"""


def node_with(body: str = "", more: str = "") -> Node:
    return Node(f"{HEAD}{more}\nroute {{\n{body}\n}}\n")


def mi(node: Node, name: str, *arguments: str) -> Any:
    return node.wait(call_mi(node.worker, name, [MiArgument(None, one) for one in arguments]))


@pytest.fixture
def tables() -> Any:
    """A node with some entries."""
    with node_with() as node:
        entries = node.worker.module("htable").tables["a"].entries
        for key, value in {"alice": "one", "Bob": "two", "carol": 3, "alice2": "ONE more"}.items():
            entries.put(key, value)
        yield node


def value(node: Node, text: str) -> Any:
    """What a variable reads."""
    return node.run_route("", node.request("OPTIONS", "sip:bob@example.com")).variable(text)


def test_write_read_delete() -> None:
    body = """
        $sht(a=>$fU::n) = 5;
        $sht(a=>$fU::n) = $sht(a=>$fU::n) + 1;
        $sht(a=>text) = "x" + $sht(a=>$fU::n);
        $sht(a=>gone) = 1;
        $sht(a=>gone) = $null;
    """
    with node_with(body) as node:
        message = node.request("OPTIONS", "sip:bob@example.com")
        found = node.run_route("", message)
        user = found.variable("$fU")
        assert node.stored("htable:a") == {f"{user}::n": 6, "text": "x6"}
        assert found.variable("$sht(a=>gone)") is None and found.variable("$shtex(a=>text)") == 0
        assert found.variable("$sht( a =>text)") == "x6"


def test_entries_expire_after_their_last_write() -> None:
    with node_with("$sht(b=>x) = 1;") as node:
        assert value(node, "$shtex(b=>x)") == 60
        entries = node.worker.module("htable").tables["b"].entries
        node.advance(50)
        assert entries.get("x") == 1 and entries.remaining("x") == pytest.approx(10, abs=0.5)
        value(node, "$sht(b=>x)")  # the route writes again
        node.advance(50)
        assert entries.get("x") == 1
        node.advance(11)
        assert entries.get("x") is None
        node.advance(20)
        assert len(entries) == 0


def test_another_time_to_live() -> None:
    with node_with("$sht(b=>x) = 1; $shtex(b=>x) = 5; $sht(b=>y) = 2; $shtex(b=>y) = 0; $shtex(a=>z) = 5;") as node:
        assert value(node, "$shtex(b=>x)") == 5 and value(node, "$shtex(b=>y)") == 0
        node.advance(100)
        assert node.stored("htable:b") == {"y": 2} and node.stored("htable:a") == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("$shtcn(a=>**)", 4),
        ("$shtcn(a=>~~ali)", 2),
        ("$shtcn(a=>BOB)", 1),
        ("$shtcn(a=>%~ali)", 2),
        ("$shtcn(a=>~%ol)", 1),
        ("$shtcn(a=>==alice)", 1),
        ("$shtcn(a=>==)", 0),
        ("$shtcn(a=>eq3)", 0),
        ("$shtcv(a=>eq3)", 1),
        ("$shtcv(a=>one)", 2),
        ("$shtcv(a=>~%more)", 1),
        ("$shtcv(a=>==one)", 1),
        ("$shtcv(a=>3)", 0),
        ("$shtcv(a=>[x)", 0),
        ("$shtcn(none=>**)", None),
    ],
)
def test_counting(tables: Node, text: str, count: int | None) -> None:
    assert value(tables, text) == count


def test_removing_by_pattern() -> None:
    body = """
        $sht(a=>one) = "x"; $sht(a=>two) = "Yes"; $sht(a=>three) = 3; $sht(a=>Two2) = 1;
        if (sht_rm_name_re("a=>^$var(p)")) $sht(b=>result) = "removed";
        sht_rm_value_re("a=>yes|3");
        if (!sht_rm_name_re("a=>(")) $sht(b=>bad) = 1;
        sht_rm_name_re("nothing=>.*");
    """
    with node_with('$var(p) = "tw";' + body) as node:
        node.run_route("", node.request("OPTIONS", "sip:bob@example.com"))
        assert node.stored("htable:a") == {"one": "x", "three": 3}
        assert node.stored("htable:b") == {"result": "removed", "bad": 1}
        assert node.logged("there is no table nothing (but: a, b)", "warning")


def test_dumps(tables: Node) -> None:
    found = tables.rpc("htable.dump", "a").values
    items = [item for slot in found for item in slot["slot"]]
    assert sum(slot["size"] for slot in found) == 4 == len(items)
    reply = mi(tables, "sht_dump", "a")
    assert reply.code == 200
    with pytest.raises(RpcError, match="No such htable"):
        tables.rpc("htable.dump", "x")
    assert mi(tables, "sht_dump", "x").code == 500 and mi(tables, "sht_dump").code == 400
    assert mi(tables, "sht_reload", "a").reason == "ERROR Reloading data"


def test_print() -> None:
    with node_with('$sht(a=>x) = "v"; sht_print();') as node:
        node.run_route("", node.request("OPTIONS", "sip:bob@example.com"))
        assert "===== htable[a] exp: 0" in node.errors
        assert "\tcell: x expire: 0 v-s:v" in node.errors


def test_the_event_route_runs_once_before_the_first_message() -> None:
    more = 'event_route[htable:mod-init] { $sht(a=>started) = "yes"; }'
    with node_with(more=more) as node:
        assert node.stored("htable:a") == {"started": "yes"}
        node.wait(node.worker.module("htable").start())
    with pytest.raises(OperatorError, match="ended with drop"):
        node_with(more="event_route[htable:mod-init] { drop; }")


def test_filled_from_a_database(sqlite: Sqlite) -> None:
    rows = [("gw", 1, 0, "10.0.0.1"), ("gw", 1, 0, "10.0.0.2"), ("max", 0, 1, "42"), ("name", 0, 0, "x")]
    for row in rows:
        sqlite.insert("htable", **dict(zip(("key_name", "key_type", "value_type", "key_value"), row, strict=True)))
    more = f"""
        modparam("htable", "htable", "d=>size=4;dbtable=htable;")
        modparam("htable", "db_url", "{sqlite.url}")
        modparam("htable", "fetch_rows", 2)
    """
    loaded: dict[str, Any] = {"gw[0]": "10.0.0.1", "gw[1]": "10.0.0.2", "gw::size": 2, "max": 42, "name": "x"}
    with node_with(more=more) as node:
        assert node.stored("htable:d") == loaded
        sqlite.run("DELETE FROM htable WHERE key_name = 'max'")
        node.worker.module("htable").tables["d"].entries.put("own", 1)
        assert mi(node, "sht_reload", "d").code == 200
        assert node.stored("htable:d") == {key: value for key, value in loaded.items() if key != "max"}
        sqlite.run("DROP TABLE htable")
        assert mi(node, "sht_reload", "d").code == 500
        assert len(node.stored("htable:d")) == 4
        assert mi(node, "sht_reload", "a").reason == "no such hash table" and mi(node, "sht_reload").code == 400


def test_a_database_table_that_is_missing_stops_the_start(sqlite: Sqlite) -> None:
    more = f'modparam("htable", "htable", "d=>dbtable=nothing")\nmodparam("htable", "db_url", "{sqlite.url}")'
    with pytest.raises(OperatorError, match="htable: table nothing: "):
        node_with(more=more)


def test_a_dbtable_without_db_url_is_told() -> None:
    with node_with(more='modparam("htable", "htable", "d=>dbtable=x;")') as node:
        assert node.logged("dbtable of d: nothing is loaded from x without db_url", "warning")


@pytest.mark.parametrize(
    ("text", "slots", "autoexpire", "dbtable"),
    [
        ("x=>size=4;", 16, 0, ""),
        (" x =>  size = 1 ; autoexpire=7200;dbtable=t", 8, 7200, "t"),
        ("x=>size=99;", 1 << 14, 0, ""),
        ("x=>", 16, 0, ""),
    ],
)
def test_definitions(text: str, slots: int, autoexpire: int, dbtable: str) -> None:
    table = parse_definition(text)
    assert (table.name, table.slots, table.autoexpire, table.dbtable) == ("x", slots, autoexpire, dbtable)


@pytest.mark.parametrize("text", ["", "x", "x=size=4", "=>size=4", "x=>size=-1;", "x=>what=1;", "x=>dbtable=;"])
def test_bad_definitions(text: str) -> None:
    with pytest.raises(OperatorError, match="htable: "):
        parse_definition(text)


def test_errors_of_the_configuration() -> None:
    for body, more, text in (
        ("", 'modparam("htable", "htable", "a=>size=2;")', "table a is defined twice"),
        ("$sht(a) = 1;", "", "expected table=>key"),
        ('sht_rm_name_re("a");', "", "expected table=>key"),
        ("$shtcn(a=>x) = 1;", "", "shtcn"),
        ("", 'modparam("htable", "fetch_rows", 0)', "fetch_rows must be at least 1"),
    ):
        with pytest.raises(LoadError, match=text):
            node_with(body, more)
