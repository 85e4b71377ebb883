"""sqlops over SQLite. What values may contain, and the other databases: tests/db/test_script_sql.py."""

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
loadmodule "sqlops.so"
modparam("sqlops", "sqlcon", "ca=>@URL@")
modparam("sqlops", "sqlcon", " cb => @URL@")
route {
    @BODY@
    sl_send_reply("200", "OK");
}
"""


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for name in ("one.org", "two.org"):
        sqlite.insert("domain", domain=name)
    return sqlite


@contextmanager
def node(database: Sqlite, body: str) -> Iterator[Node]:
    with closing(Node(CONFIG.replace("@URL@", database.url).replace("@BODY@", body))) as found:
        yield found


def ask(found: Node, uri: str = "sip:bob@example.org", **fields: Any) -> str:
    sent = found.receive(build_message("OPTIONS", uri, **fields))
    return sent[0].header("X-Result") or ""


def tell(text: str) -> str:
    return f'append_to_reply("X-Result: {text}\\r\\n");'


ALL = 'sql_query("ca", "select id, domain, null as none from domain order by id", "ra");'


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$dbr(ra=>rows) $dbr(ra=>cols)", "2 3"),
        ("$dbr(ra=>[0,1]) $dbr(ra=>[1,1])", "one.org two.org"),
        ("$dbr(ra=>[0,2])", "<null>"),
        ("$dbr(ra=>[2,0]) $dbr(ra=>[0,3]) $dbr(ra=>[-1,0])", "<null> <null> <null>"),
        ("$dbr(ra=>[$var(i), $var(j)])", "two.org"),
        ("$dbr(ra=>[$(var(s){s.int}),1])", "two.org"),
        ("$dbr(ra=>colname[1]) $dbr( ra =>colname[$var(i)]) $dbr(ra=>colname[9])", "domain domain <null>"),
        ("$dbr(none=>rows) $dbr(none=>[0,0])", "0 <null>"),
    ],
)
def test_parts_of_a_result(database: Sqlite, text: str, result: str) -> None:
    body = f'$var(i) = 1; $var(j) = 1; $var(s) = "1"; {ALL} {tell(text)}'
    with node(database, body) as found:
        assert ask(found) == result


def test_numbers_are_numbers_and_large_ones_text(database: Sqlite) -> None:
    query = 'sql_query("ca", "select 5, 4294967296, 1.5, x\'41ff\'", "ra");'
    body = query + "$var(n) = $dbr(ra=>[0,0]) + 1;"
    with node(database, body + tell("$var(n) $dbr(ra=>[0,1]) $dbr(ra=>[0,2])")) as found:
        assert ask(found) == "6 4294967296 1.5"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('sql_query("ca", "select * from domain", "ra")', "1"),
        ('sql_query("ca", "select * from domain where domain=\'$rU\'", "ra")', "2"),
        ('sql_query("ca", "select * from domain")', "3"),
        ('sql_query("ca", "delete from domain where domain=\'$rU\'")', "2"),
        ('sql_query("cb", "insert into domain (domain) values (\'$rU\')", "ra")', "2"),
    ],
)
def test_codes(database: Sqlite, call: str, code: str) -> None:
    with node(database, f"{call}; $var(rc) = $rc; {tell('$var(rc)')}") as found:
        assert ask(found) == code


def test_a_failure_leaves_no_old_result(database: Sqlite) -> None:
    body = f'{ALL} sql_query("ca", "select nonsense from $rU", "ra"); $var(rc) = $rc;'
    with node(database, body + tell("$var(rc) $dbr(ra=>rows)")) as found:
        assert ask(found) == "-1 0"
        assert "no such table" in found.errors[-1]
        found.records.clear()
        assert ask(found, "sip:a%20b@x") == "-1 0"
        assert "no name of a table" in found.errors[-1]
        found.records.clear()


def test_results_are_freed_and_outlive_a_message(database: Sqlite) -> None:
    body = f'if ($rU == "load") {{ {ALL} }} if ($rU == "free") {{ sql_result_free("ra"); }} {tell("$dbr(ra=>rows)")}'
    with node(database, body) as found:
        assert [ask(found, f"sip:{user}@x") for user in ("x", "load", "x", "free", "x")] == ["0", "2", "2", "0", "0"]


@pytest.mark.parametrize("user", ["'%20OR%20'1'='1", "x';DROP%20TABLE%20domain;--", "one.org", "%22%20OR%201=1"])
def test_hostile_users(database: Sqlite, user: str) -> None:
    query = 'sql_query("ca", "select id from domain where domain = \'$(rU{s.unescape.param})\'", "ra");'
    with node(database, query + tell("$dbr(ra=>rows)")) as found:
        assert ask(found, f"sip:{user}@x") == ("1" if user == "one.org" else "0")
        assert database.run("SELECT count(*) FROM domain") == [(2,)]


def test_rows_as_xavps_and_variables(database: Sqlite) -> None:
    query = "select domain, id from domain order by id"
    text = "$xavp(r=>domain) $xavp(r[1]=>domain) $var(a) $(avp(s:b)[1]) $var(rc) $var(none)"
    body = (
        f'sql_xquery("ca", "{query}", "r"); sql_pvquery("ca", "{query}", "$var(a); $avp(s:b)"); $var(rc) = $rc;'
        'sql_xquery("ca", "select 1 where 0", "r"); $var(none) = $rc;'
    )
    with node(database, body + tell(text)) as found:
        assert ask(found) == "one.org two.org one.org 2 1 2"


def test_columns_and_variables_must_be_as_many(database: Sqlite) -> None:
    body = 'sql_pvquery("ca", "select 1, 2", "$var(a)"); $var(rc) = $rc;'
    with node(database, body + tell("$var(rc)")) as found:
        assert ask(found) == "-1"
        assert "2 columns for 1 variables" in found.errors[-1]
        found.records.clear()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('sql_query("xx", "select 1", "r");', "there is no connection 'xx'"),
        ('sql_query("ca", "select $nothing", "r");', "nothing"),
        ('sql_query("ca", "select \'", "r");', "missing '"),
        ('sql_pvquery("ca", "select 1", "$ci");', "read-only"),
        ('sql_pvquery("ca", "select 1", "x");', "expected"),
        ("$var(x) = $dbr(ra=>nothing);", "bad name"),
        ("$var(x) = $dbr(ra=>[1]);", "row,column"),
        ("$var(x) = $dbr(ra=>[1,b]);", "bad index"),
        ("$var(x) = $dbr(ra);", "bad name"),
    ],
)
def test_mistakes_are_found_when_loading(database: Sqlite, body: str, message: str) -> None:
    with pytest.raises(LoadError, match=message), node(database, body):
        pass


@pytest.mark.parametrize(
    ("value", "message"),
    [("nothing", "expected name=>URL"), ("ca=>sqlite:///nowhere/x.db", "no such file"), ("a=>text:///tmp", "no SQL")],
)
def test_connections_are_checked(value: str, message: str) -> None:
    config = f'loadmodule "sqlops.so"\nmodparam("sqlops", "sqlcon", "{value}")\nroute {{ drop; }}\n'
    with pytest.raises((LoadError, Exception), match=message):
        Node(config).close()


def test_a_name_is_given_once(database: Sqlite) -> None:
    text = CONFIG.replace(" cb ", "ca").replace("@URL@", database.url).replace("@BODY@", "")
    with pytest.raises(LoadError, match="two connections"):
        Node(text).close()
