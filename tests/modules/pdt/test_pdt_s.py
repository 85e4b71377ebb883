"""pdt of SER: one set of prefixes, read again after a while."""

from __future__ import annotations

import pytest

from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node

CONFIG = """#!SER
loadmodule "sl.so"
loadmodule "pdt.so"
modparam("pdt", "db_url", "%s")
modparam("pdt", "prefix", "00")
modparam("pdt", "sync_time", %d)
route {
	if (prefix2domain(%s)) { sl_reply("200", "yes"); } else { sl_reply("404", "no"); }
}
"""


@pytest.fixture
def table(sqlite):
    sqlite.insert("pdt", sdomain="*", prefix="49", domain="de.example.org")
    return sqlite


def status(node, user):
    return node.receive(node.request("OPTIONS", f"sip:{user}@x")).last.status


def test_numbers(table):
    with Node(CONFIG % (table.url, 600, '"1"')) as node:
        assert [status(node, user) for user in ("00491", "00331", "12")] == [200, 404, 200]
        run = node.run_route("", node.request("OPTIONS", "sip:00491@x"))
        assert run.uri == "sip:491@de.example.org"


def test_read_again_after_a_while(table):
    with Node(CONFIG % (table.url, 20, "")) as node:
        table.insert("pdt", sdomain="*", prefix="33", domain="fr.example.org")
        assert status(node, "00331") == 404
        node.advance(22)
        assert status(node, "00331") == 200


def test_commands(sqlite):
    sqlite.run("DROP TABLE pdt")
    sqlite.run("CREATE TABLE pdt (prefix TEXT, domain TEXT)")
    with Node(CONFIG % (sqlite.url, 600, "")) as node:
        node.rpc("pdt.add", "44", "uk.example.org")
        node.rpc("pdt.add", "46", "se.example.org")
        assert status(node, "00441") == 200
        assert node.rpc("pdt.list", ".", ".").values == ["44", "uk.example.org", "46", "se.example.org"]
        assert node.rpc("pdt.list", "46", ".").values == ["46", "se.example.org"]
        assert node.rpc("pdt.list", ".", "UK").values == ["44", "uk.example.org"]
        for bad in (("4x", "x"), ("44", "x"), ("45", "uk.example.org"), ("", "x")):
            with pytest.raises(RpcError):
                node.rpc("pdt.add", *bad)
        node.rpc("pdt.delete", "uk.example.org")
        assert status(node, "00441") == 404
        for bad in ("uk.example.org", "", "."):
            with pytest.raises(RpcError):
                node.rpc("pdt.delete", bad)


def test_parameters_are_checked(table):
    with pytest.raises(LoadError, match="sync_time"):
        Node(CONFIG % (table.url, 0, ""))
