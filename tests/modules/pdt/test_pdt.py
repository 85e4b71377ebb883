"""Domains by prefixes, for all callers and for those of a domain."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument, node_lines
from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "pdt.so"
modparam("pdt", "db_url", "%s")
%s
route {
	prefix2domain(%s);
	$var(code) = $rc;
	sl_send_reply("200", "$var(code) $ru");
}
"""
PREFIX = 'modparam("pdt", "prefix", "00")'


@pytest.fixture
def table(sqlite):
    for sdomain, prefix, domain in (
        ("*", "49", "de.example.org"),
        ("*", "4930", "berlin.example.org:5070"),
        ("a.org", "49", "a.example.org"),
    ):
        sqlite.insert("pdt", sdomain=sdomain, prefix=prefix, domain=domain)
    return sqlite


def ask(node, user, caller="b.org"):
    data = node.request("OPTIONS", f"sip:{user}@x", from_=f"sip:me@{caller}")
    return node.receive(data).last.text.split("\r")[0][12:]


@pytest.mark.parametrize(
    ("mode", "user", "result"),
    [
        ("", "0049305", "1 sip:5@berlin.example.org:5070"),
        ("0", "00491", "1 sip:1@de.example.org"),
        ("1", "00491", "1 sip:491@de.example.org"),
        ('"2"', "00491", "1 sip:00491@de.example.org"),
        ("7", "00491", "1 sip:1@de.example.org"),
        ("2", "00331", "-1 sip:00331@x"),
        ("2", "01491", "-1 sip:01491@x"),
        ("2", "00", "-1 sip:00@x"),
        ("2", "004x", "-1 sip:004x@x"),
    ],
)
def test_modes(table, mode, user, result):
    with Node(CONFIG % (table.url, PREFIX, mode)) as node:
        assert ask(node, user) == result


@pytest.mark.parametrize(
    ("mode", "caller", "result"),
    [
        (0, "a.org", "1 sip:491@de.example.org"),
        (1, "a.org", "1 sip:491@a.example.org"),
        (1, "b.org", "-1 sip:491@x"),
        (2, "a.org", "1 sip:491@a.example.org"),
        (2, "b.org", "1 sip:491@de.example.org"),
    ],
)
def test_domains_of_callers(table, mode, caller, result):
    with Node(CONFIG % (table.url, "", f"2, {mode}")) as node:
        assert ask(node, "491", caller) == result


def test_commands(table):
    with Node(CONFIG % (table.url, "", "2")) as node:

        def mi(name, *values):
            return node.wait(call_mi(node.worker, name, [MiArgument(None, value) for value in values]))

        assert mi("pdt_add", "*", "33", "fr.example.org").code == 200
        assert ask(node, "331") == "1 sip:331@fr.example.org"
        assert list(node_lines(mi("pdt_list", ".", "3"), "")) == ["PDT::  SDOMAIN=* PREFIX=33 DOMAIN=fr.example.org"]
        assert len(mi("pdt_list").children) == 4
        assert len(mi("pdt_list", "*", ".", "BERLIN").children) == 1
        assert len(mi("pdt_list", "a").children) == 1
        for bad in (("*", "33", "x"), ("*", "34", "fr.example.org"), ("*", "3x", "x"), (".", "3", "x"), ("*", "3", "")):
            assert mi("pdt_add", *bad).code in (400, 404)
        assert mi("pdt_add", "*", "3" * 32, "long.example.org").code == 500
        assert len(table.run("SELECT * FROM pdt")) == 4
        assert mi("pdt_list", ".", "x").code == 400
        assert mi("pdt_delete", "*", "fr.example.org").code == 200
        assert ask(node, "331").startswith("-1")
        for bad in (("", "x"), ("*", ""), (".", "x")):
            assert mi("pdt_delete", *bad).code in (400, 404)
        table.run("DELETE FROM pdt")
        assert mi("pdt_reload").code == 200
        assert ask(node, "491").startswith("-1")
        table.run("DROP TABLE pdt")
        assert mi("pdt_reload").code == 500


def test_a_domain_has_one_prefix(table):
    table.insert("pdt", sdomain="*", prefix="50", domain="de.example.org")
    with Node(CONFIG % (table.url, "", "2")) as node:
        assert "domain de.example.org is there more than once" in node.errors[-1]
        assert ask(node, "501").startswith("-1")
    with Node(CONFIG % (table.url, 'modparam("pdt", "check_domain", 0)', "2")) as node:
        assert ask(node, "501") == "1 sip:501@de.example.org"


def test_bad_prefixes_stop_the_start(table):
    table.insert("pdt", sdomain="*", prefix="5x", domain="x")
    with pytest.raises(Exception, match="table pdt: prefix '5x'"):
        Node(CONFIG % (table.url, "", "2"))


def test_parameters_are_checked(table):
    with pytest.raises(LoadError, match="char_list"):
        Node(CONFIG % (table.url, 'modparam("pdt", "char_list", "")', "2"))
