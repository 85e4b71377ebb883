"""AVPs in a database; tests/db/test_modules.py tries them on servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from tests.support.sqlite import Sqlite

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "avpops.so"
modparam("avpops", "db_url", "@URL@")
modparam("avpops", "avp_table", "usr_preferences")
@PARAMS@
route {
	@BODY@;
	$var(code) = $rc;
	append_to_reply("X-Result: $var(code) $(avp(s:fwd)[*]) $(avp(s:ring)[*]) $(avp(i:5)[*])\\r\\n");
	sl_send_reply("200", "OK");
}
"""
HOSTILE = ["' OR '1'='1", "x'; DROP TABLE usr_preferences; --", '" OR ""="', "\\' OR 1=1 --", "%", "_ob"]


class Site:
    def __init__(self, node: Node) -> None:
        self.node = node

    def ask(self, uri: str = "sip:bob@example.org", **fields: Any) -> str:
        sent = self.node.receive(build_message("OPTIONS", uri, **fields))
        return (sent[0].header("X-Result") or "").replace(", ", ",")

    def fails(self, text: str, uri: str = "sip:bob@example.org", **fields: Any) -> str:
        found = self.ask(uri, **fields)
        assert text in self.node.errors[-1]
        self.node.records.clear()
        return found


@contextmanager
def site(database: Sqlite, body: str, *params: str) -> Iterator[Site]:
    lines = "\n".join(f'modparam("avpops", {line})' for line in params)
    text = CONFIG.replace("@URL@", database.url).replace("@PARAMS@", lines).replace("@BODY@", body)
    with closing(Node(text)) as node:
        yield Site(node)


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    def add(owner: dict[str, str], attribute: str, kind: int, value: str) -> None:
        sqlite.insert("usr_preferences", **owner, attribute=attribute, type=kind, value=value)

    bob = {"username": "bob", "domain": "example.org"}
    add(bob, "fwd", 0, "sip:a@x")
    add(bob, "fwd", 0, "sip:b@x")
    add(bob, "ring", 1, "20")
    add(bob, "5", 3, "55")
    add(bob, "5", 3, "none")
    add({"username": "bob", "domain": "other.org"}, "fwd", 0, "sip:o@x")
    add({"uuid": "u1", "username": ""}, "ring", 1, "7")
    return sqlite


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('avp_db_load("$ru", "$avp(s:fwd)")', "1 sip:b@x,sip:a@x <null> <null>"),
        ('avp_db_load("$ru", "s")', "1 sip:b@x,sip:a@x 20 <null>"),
        ('avp_db_load("$fu", "a")', "-1 <null> <null> <null>"),
        ('avp_db_load("u1", "a")', "1 <null> 7 <null>"),
        ('avp_db_load("$var(none)", "a")', "-1 <null> <null> <null>"),
        ('avp_db_load("u1", "$avp(s:fwd)")', "-1 <null> <null> <null>"),
        ('$var(n) = "ring"; avp_db_load("u1", "$avp($var(n))")', "1 <null> 7 <null>"),
        ('avp_db_load("$ru", "$avp($var(none))")', "-1 <null> <null> <null>"),
        ('avp_db_load("$ru", "$avp(s:fwd)/acc")', "-1 <null> <null> <null>"),
        ('avp_db_load("$ru/domain", "$avp(s:ring)")', "1 <null> 20 <null>"),
    ],
)
def test_loaded(database: Sqlite, call: str, result: str) -> None:
    with site(database, call, '"use_domain", 1') as found:
        assert found.ask() == result
        found.node.records.clear()


def test_without_domain_and_broken_rows(database: Sqlite) -> None:
    with site(database, 'avp_db_load("$ru", "a")') as found:
        assert found.fails("no number in the database: 'none'") == "1 sip:o@x,sip:b@x,sip:a@x 20 55"
        assert found.fails("no user", "sip:example.org") == "-1 <null> <null> <null>"


def test_a_scheme(database: Sqlite) -> None:
    database.insert("subscriber", username="bob", domain="example.org", email_address="b@mail", ha1="12")
    schemes = (
        '"db_scheme", "mail:table=subscriber;value_col=email_address"',
        '"db_scheme", "num : table=subscriber ; value_col=ha1; value_type=integer;username_col=username"',
    )
    calls = 'avp_db_load("$ru", "$avp(s:fwd)/$mail"); avp_db_load("$ru/uri", "$avp(s:ring)/$NUM")'
    with site(database, calls + '; avp_op("$avp(s:ring)", "add/i:1/d")', *schemes) as found:
        assert found.ask() == "1 b@mail 13 <null>"


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("nothing", "bad db_scheme"),
        ("a:table=x;table", "bad element"),
        ("a:colour=x", "bad element"),
        ("a:name=x", "bad element"),
        ("a:table=x'y", "no name of a table"),
        ("a:value_type=float", "integer or string"),
        ("b:table=x", "two db_schemes"),
    ],
)
def test_bad_schemes(database: Sqlite, scheme: str, message: str) -> None:
    with (
        pytest.raises(LoadError, match=message),
        site(database, "drop", '"db_scheme", "b:table=t"', f'"db_scheme", "{scheme}"'),
    ):
        pass


def test_stored_once_and_deleted(database: Sqlite) -> None:
    body = """
        avp_db_load("$ru", "$avp(s:fwd)");
        $avp(s:fwd) = "sip:new@x";
        $avp(i:9) = 99;
        avp_db_store("$ru", "$avp(s:fwd)");
        avp_db_store("$ru", "$avp(s:fwd)");
        $var(again) = $rc;
        avp_db_store("$ru", "i");
        avp_db_store("u2", "$avp(s:fwd)");
        avp_db_delete("$ru", "$avp(s:ring)");
        $avp(s:fwd) = $var(again)"""
    with site(database, body, '"use_domain", 1') as found:
        assert found.ask() == "1 -1,sip:new@x,sip:b@x,sip:a@x <null> <null>"
    where = "username='bob' AND domain='example.org'"
    rows = database.run(f"SELECT uuid, attribute, type, value FROM usr_preferences WHERE {where} ORDER BY id")
    assert rows[2:] == [("", "5", 3, "55"), ("", "5", 3, "none"), ("", "fwd", 0, "sip:new@x"), ("", "9", 3, "99")]
    assert database.run("SELECT count(*) FROM usr_preferences WHERE uuid='u2'") == [(0,)]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values(database: Sqlite, value: str) -> None:
    before = database.run("SELECT count(*) FROM usr_preferences")
    body = """
        $var(v) = $hdr(X-Value);
        avp_db_load("$var(v)", "a");
        avp_db_load("$ru", "$avp($var(v))");
        avp_db_delete("$var(v)", "a");
        avp_db_query("select value from usr_preferences where username='$var(v)'", "$avp(s:fwd)");
        $avp(s:mine) = $var(v);
        avp_db_store("$var(v)", "$avp(s:mine)")"""
    with site(database, body) as found:
        assert found.ask(headers={"X-Value": value}) == "1 <null> <null> <null>"
    assert database.run("SELECT count(*) FROM usr_preferences") == [(before[0][0] + 1,)]
    assert database.run("SELECT uuid, value FROM usr_preferences WHERE attribute='mine'") == [(value, value)]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (
            "select value from usr_preferences where username = '$rU' and attribute = 'fwd'\", \"$avp(s:fwd)",
            1,
        ),
        ("select 1, 20 where 0", -2),
        ("select nonsense", -1),
        ("delete from usr_preferences", -2),
    ],
)
def test_queries(database: Sqlite, call: str, result: int) -> None:
    with site(database, f'avp_db_query("{call}")') as found:
        fwd = "sip:a@x,sip:b@x,sip:o@x" if result == 1 else "<null>"
        answer = found.fails("no such column") if result == -1 else found.ask()
        assert answer == f"{result} {fwd} <null> <null>"


def test_columns_without_destinations(database: Sqlite) -> None:
    text = "select 'x', '', null, 4294967296, 20, 30 union all select 'y', 'z', 1, 2, 21, 31"
    body = f'avp_db_query("{text}"); $avp(s:fwd) = $(avp(i:1)[*]) + "|" + $(avp(i:2)[*]) + "|" + $(avp(i:4)[*])'
    with site(database, body) as found:
        assert found.ask() == "1 x,y|z|4294967296,2 <null> 20,21"


def test_the_database_fails(database: Sqlite) -> None:
    body = """
        $avp(s:x) = 1;
        avp_db_load("$ru", "a"); $var(a) = $rc;
        avp_db_store("$ru", "$avp(s:x)"); $var(b) = $rc;
        avp_db_delete("$ru", "a");
        $var(c) = $rc;
        $avp(s:fwd) = "/" + $var(a) + "/" + $var(b) + "/" + $var(c)"""
    with site(database, body) as found:
        database.run("ALTER TABLE usr_preferences RENAME TO gone")
        assert found.fails("no such table") == "-1 /-1/-1/-1 <null> <null>"


def test_parameters_are_checked(database: Sqlite) -> None:
    with pytest.raises(LoadError, match="needs avp_table"):
        Node(f'loadmodule "avpops.so"\nmodparam("avpops", "db_url", "{database.url}")\nroute {{ drop; }}').close()
    with pytest.raises(LoadError, match="no name of a table"), site(database, "drop", '"avp_table", "a b"'):
        pass
