"""acc_db of SER: whole calls become rows, and none is lost."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from siprouter.db.values import to_epoch
from siprouter.modules.acc_db_s.state import COLUMNS, address_number
from siprouter.testing import LoadError
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.ser_accounting import SerSite
from tests.support.sqlite import Sqlite

NAMES = [default for _, default in COLUMNS.values()]


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for table in ("ser_acc", "ser_missed"):
        sqlite.run(f"CREATE TABLE {table} ({', '.join(NAMES)})")
    return sqlite


def params(database: Sqlite, *more: str) -> tuple[str, ...]:
    return f'"db_url", "{database.url}"', '"acc_table", "ser_acc"', '"mc_table", "ser_missed"', *more


def test_calls_become_rows(database: Sqlite) -> None:
    with closing(SerSite("acc_db", *params(database, '"attrs", "$lang"'))) as site:
        call_id = site.call()
        site.busy()
        wall = site.node.clock.wall()
        tag = site.bob.incoming[0].local_tag
    rows = [dict(zip(NAMES, row, strict=True)) for row in database.run(f"SELECT {', '.join(NAMES)} FROM ser_acc")]
    assert [(row["sip_method"], row["sip_status"], row["sip_callid"]) for row in rows] == [
        ("INVITE", 200, call_id),
        ("BYE", 200, call_id),
    ]
    first = rows[0]
    assert (first["attrs"], first["flags"], first["to_tag"]) == ("lang:d\\oe", 6, tag)
    assert (first["in_ruri"], first["out_ruri"]) == ("sip:bob@example.com", "sip:bob@10.0.0.2:5060")
    assert (first["from_uri"], first["from_uid"], first["from_did"]) == ("sip:alice@example.org", "4711", None)
    assert (first["src_ip"], first["src_port"], first["digest_realm"]) == (0x0100000A, 5060, None)
    assert all(abs(to_epoch(first[name]) - wall) < 300 for name in ("request_timestamp", "response_timestamp"))
    assert database.run("SELECT sip_method, sip_status FROM ser_missed") == [("INVITE", 486)]


def test_own_columns_and_letters(database: Sqlite) -> None:
    database.run("CREATE TABLE mine (how, what INTEGER)")
    own = ('"log_fmt", "mS"', '"method_column", "how"', '"status_column", "what"', '"failed_transactions", 1')
    with closing(
        SerSite("acc_db", f'"db_url", "{database.url}"', '"acc_table", "mine"', '"mc_table", "mine"', *own)
    ) as site:
        site.busy()
    assert database.run("SELECT how, what FROM mine") == [("INVITE", 486), ("INVITE", 486)]


@pytest.mark.parametrize("value", ["x' OR '1'='1", "'); DROP TABLE ser_acc; --", "\\'", '" OR ""="', "%s"])
def test_hostile_values(database: Sqlite, value: str) -> None:
    route = 'route { acc_db_log("200"); acc_db_missed(); sl_reply("200", "OK"); }'
    with closing(SerSite("acc_db", *params(database, '"log_fmt", "cfFrS"'), route=route)) as site:
        quoted = value.replace(" ", "").replace(";", "").replace('"', "'").replace("=", "-")
        data = build_message(
            "OPTIONS", "sip:a@b", from_=f"sip:{quoted}@x", call_id=value.replace(" ", "").replace(";", "")
        )
        site.node.receive(data)
    rows = database.run("SELECT from_uri, sip_status, sip_callid FROM ser_acc")
    assert len(rows) == 1 and rows[0][:2] == (f"sip:{quoted}@x", 200)
    assert database.run("SELECT from_uri, sip_status FROM ser_missed") == [(f"sip:{quoted}@x", None)]


def test_records_wait_for_the_database(database: Sqlite, tmp_path: Path) -> None:
    away = tmp_path / "away.db"
    with closing(SerSite("acc_db", *params(database))) as site:
        database.path.rename(away)
        calls = [site.call() for _ in range(3)]
        away.rename(database.path)
        site.node.advance(30)
        site.node.settle()
        found = database.run("SELECT sip_callid FROM ser_acc WHERE sip_method = 'INVITE'")
        assert [row[0] for row in found] == calls
        site.node.records.clear()


def test_what_an_earlier_run_has_left_is_written(database: Sqlite, tmp_path: Path) -> None:
    journal, away = tmp_path / "acc.journal", tmp_path / "away.db"
    given = params(database, f'"db_journal", "{journal}"')
    database.path.rename(away)
    with closing(SerSite("acc_db", *given)) as site:
        calls = [site.call() for _ in range(2)]
        assert journal.read_text().count("\n") == 4
    assert site.node.logged("octets stay in the journal")
    away.rename(database.path)
    with closing(SerSite("acc_db", *given)) as again:
        again.node.settle()
        found = database.run("SELECT sip_callid, sip_method FROM ser_acc")
        assert found == [(call_id, method) for call_id in calls for method in ("INVITE", "BYE")]


def test_addresses() -> None:
    assert address_number("10.0.0.1") == 0x0100000A
    assert address_number("1.2.3.200") == -0x37FCFDFF
    assert address_number("2001:db8::1") is None


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ('"acc_table", "a b"', "acc_table"),
        ('"callid_column", "x;y"', "callid_column"),
        ('"log_fmt", ""', "letter"),
    ],
)
def test_parameters_are_checked(database: Sqlite, param: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        SerSite("acc_db", *params(database), param)


def test_a_journal_that_cannot_be(database: Sqlite) -> None:
    with pytest.raises(OperatorError, match=r"acc_db: .*journal"):
        SerSite("acc_db", *params(database, f'"db_journal", "{database.path}/below/a/file"'))
