"""Accounting to a database, with whole calls over SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.db.values import to_epoch
from siprouter.testing import LoadError, Node
from siprouter.util.errors import OperatorError
from tests.modules.acc.conftest import HEAD, ROUTE, MakeSite, Site
from tests.support.sqlite import Sqlite

FLAGS = '"db_flag", 1\n"db_missed_flag", 2\n'


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path / "sip.db")


def busy(site: Site) -> None:
    site.bob.on_invite = lambda leg: leg.reject(486, "Not now")
    site.alice.call("sip:bob@example.com")
    site.node.settle()


def test_calls_become_rows(make_site: MakeSite, database: Sqlite) -> None:
    site = make_site(FLAGS + f'"db_url", "{database.url}"')
    site.bob.on_invite = lambda leg: leg.answer()
    call = site.alice.call("sip:bob@example.com")
    call.hang_up()
    busy(site)
    rows = database.run("SELECT method, from_tag, to_tag, callid, sip_code, sip_reason, time FROM acc ORDER BY id")
    local, remote = call.local_tag, site.bob.incoming[0].local_tag
    call_id = f"{call.call_id}@test"
    assert [row[:6] for row in rows] == [
        ("INVITE", local, remote, call_id, "200", "OK"),
        ("BYE", local, remote, call_id, "200", "OK"),
    ]
    assert abs(to_epoch(rows[0][6]) - site.node.clock.wall()) < 5
    assert database.run("SELECT method, sip_code, sip_reason FROM missed_calls") == [("INVITE", "486", "Not now")]


def test_extra_and_leg_columns(make_site: MakeSite, database: Sqlite) -> None:
    for column in ("src", "dst", "leg_a", "leg_b"):
        database.run(f"ALTER TABLE acc ADD COLUMN {column} VARCHAR(64) DEFAULT 'unset'")
    params = '"db_extra", "src=$fU;dst=$rU"\n"multi_leg_info", "leg_a=$avp(s:a);leg_b=$avp(s:b)"'
    route = ROUTE.replace("record_route();", 'record_route(); $avp(s:a) = "1"; $avp(s:a) = "2"; $avp(s:b) = "x";')
    site = make_site(FLAGS + f'"db_url", "{database.url}"\n{params}', route)
    site.bob.on_invite = lambda leg: leg.answer()
    site.alice.call("sip:bob@example.com").hang_up()
    site.node.settle()
    rows = database.run("SELECT method, src, dst, leg_a, leg_b FROM acc ORDER BY id")
    assert rows == [
        ("INVITE", "alice", "bob", "2", "x"),
        ("INVITE", "alice", "bob", "1", ""),
        ("BYE", "alice", "bob", "", ""),
    ]


def test_own_tables_and_columns(make_site: MakeSite, database: Sqlite) -> None:
    database.run("CREATE TABLE mine (m, f, t, c, code, why, at)")
    names = {"method": "m", "from_tag": "f", "to_tag": "t", "callid": "c", "sip_code": "code", "sip_reason": "why"}
    params = [f'"acc_{name}_column", "{column}"' for name, column in {**names, "time": "at"}.items()]
    params += ['"db_table_acc", "mine"', '"db_table_missed_calls", "mine"', f'"db_url", "{database.url}"']
    site = make_site(FLAGS + "\n".join(params))
    busy(site)
    assert database.run("SELECT m, code FROM mine") == [("INVITE", "486")]


def test_the_script_accounts(make_site: MakeSite, database: Sqlite) -> None:
    route = """
        route {
            if (acc_db_request("403 no, \\"'; DROP TABLE acc; --", "missed_calls")) {
                sl_send_reply("403", "Forbidden");
            }
        }
    """
    site = make_site(f'"db_url", "{database.url}"', route)
    site.alice.call("sip:bob@example.com")
    site.node.settle()
    rows = database.run("SELECT method, sip_code, sip_reason FROM missed_calls")
    assert rows == [("INVITE", "403", "no, \"'; DROP TABLE acc; --")]


def test_without_a_database_the_function_fails(make_site: MakeSite) -> None:
    site = make_site("", 'route { if (!acc_db_request("403 no", "acc")) { log(1, "failed\\n"); } }')
    site.alice.call("sip:bob@example.com")
    assert site.node.logged("parameter db_url is not set")


def test_records_wait_for_the_database(make_site: MakeSite, database: Sqlite, tmp_path: Path) -> None:
    journal = tmp_path / "state" / "acc.journal"
    site = make_site(FLAGS + f'"db_url", "{database.url}"\n"db_journal", "{journal}"')
    database.path.rename(tmp_path / "away")
    busy(site)
    busy(site)
    assert site.node.logged("records wait in the journal")
    assert journal.read_text().count("\n") == 2
    (tmp_path / "away").rename(database.path)
    site.node.advance(10)
    assert database.run("SELECT COUNT(*) FROM missed_calls") == [(2,)]
    assert site.node.logged("is written to the database again")


def test_what_an_earlier_run_has_left_is_written(database: Sqlite, tmp_path: Path) -> None:
    journal = tmp_path / "acc.journal"
    lines = HEAD + "".join(
        f'modparam("acc", {line})\n'
        for line in (*FLAGS.splitlines(), f'"db_url", "{database.url}"', f'"db_journal", "{journal}"')
    )
    database.path.rename(tmp_path / "away")
    site = Site(lines + ROUTE)
    busy(site)
    site.node.advance(200)
    site.node.close()
    assert "octets stay in the journal" in "".join(site.node.log)
    (tmp_path / "away").rename(database.path)
    again = Site(lines + ROUTE)
    again.node.settle()
    assert database.run("SELECT sip_code FROM missed_calls") == [("486",)]
    with pytest.raises(OperatorError, match="is used by another process"):
        Node(lines + ROUTE)
    again.node.close()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"db_url", "oracle://x/y"', "no database driver is called 'oracle'"),
        ('"db_table_acc", "a;b"', "parameter db_table_acc is no name"),
        ('"acc_time_column", ""', "parameter acc_time_column is no name"),
        ('"db_extra", "a-b=$ru"', "parameter db_extra is no name of a table or column: 'a-b'"),
        ('"multi_leg_info", "a-b=$avp(x)"', "parameter multi_leg_info is no name"),
        ('"db_flag", 32', "db_flag of acc must be a flag"),
    ],
)
def test_parameters_are_checked(database: Sqlite, line: str, why: str) -> None:
    with pytest.raises(LoadError, match=why):
        Node(f'{HEAD}modparam("acc", "db_url", "{database.url}")\nmodparam("acc", {line})\n{ROUTE}')
