"""avp_db of SER over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError
from siprouter.testing.messages import build_message
from tests.support.ser_modules import ser_router
from tests.support.sqlite import Sqlite

SHOW = "%$fu.fwd %$tu.fwd %$fr.fwd %$tr.fwd %$fu.level"
GROUP = "id=call,flag=dialog,table=call_attrs,key_column=k"


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for table, keys in (("user_attrs", "uid"), ("uri_attrs", "username, did, scheme"), ("call_attrs", "k")):
        sqlite.run(f"CREATE TABLE {table} ({keys}, name, type INTEGER, value, flags INTEGER)")
    sqlite.run("CREATE TABLE ser_domains (did, domain, flags INTEGER)")
    sqlite.insert("ser_domains", did="d1", domain="one.org", flags=1)
    for name, kind, value, flags in (
        ("fwd", 2, "a@x", 1),
        ("level", 0, "7", 1),
        ("hidden", 2, "x", 0),
        (None, 2, "x", 1),
        ("level", None, "9", 1),
    ):
        sqlite.insert("user_attrs", uid="u1", name=name, type=kind, value=value, flags=flags)
    uri = {"username": "bob", "scheme": "sip", "name": "fwd", "type": 2, "flags": 1}
    sqlite.insert("uri_attrs", **uri, did="d1", value="one")
    sqlite.insert("uri_attrs", **uri, did="_default", value="default")
    return sqlite


def lines(database: Sqlite, *more: str, domain: bool = True) -> str:
    found = f'loadmodule "avp_db.so"\nmodparam("avp_db", "db_url", "{database.url}")\n'
    if domain:
        found = f'loadmodule "domain.so"\nmodparam("domain", "db_url", "{database.url}")\n' + found
        found += 'modparam("domain", "domain_table", "ser_domains")\n'
    return found + "".join(f'modparam("avp_db", {line})\n' for line in (f'"attr_group", "{GROUP}"', *more))


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('load_attrs("$fu", "u1")', "ok a@x    7"),
        ('load_attrs("$TU", "u1")', "ok  a@x"),
        ('load_attrs("$fu", "nobody")', "ok"),
        ('load_attrs("$fu", "$none")', "no"),
        ('load_attrs("$fr", "sip:bob@one.org")', "ok   one"),
        ('load_attrs("$tr", "@ruri")', "ok    default"),
        ('load_attrs("$tr", "sips:bob@one.org")', "ok"),
        ('load_attrs("$tr", "nonsense")', "no"),
    ],
)
def test_attributes_of_users_and_uris(database: Sqlite, call: str, result: str) -> None:
    with ser_router(lines(database), call, SHOW) as found:
        assert found.ask() == result
        found.node.records.clear()


def test_groups(database: Sqlite) -> None:
    before = """
        $fu.fwd = "a"; $tu.fwd = "b"; $fr.fwd = 5; $tr.none = "c";
        setavpflag("$fu.fwd", "dialog"); setavpflag("$tu.fwd", "dialog"); setavpflag("$fr.fwd", "dialog");
    """
    with ser_router(
        "avpflags dialog;\n" + lines(database), 'save_extra_attrs("call", "@call_id")', "", before
    ) as found:
        assert [found.ask(call_id="x") for _ in range(2)] == ["ok", "ok"]
        assert found.ask(call_id="y") == "ok"
    rows = database.run("SELECT k, name, type, value, flags FROM call_attrs WHERE k = 'x@test' ORDER BY value")
    assert rows == [
        ("x@test", "fwd", 0, "5", 0x10 | 0x100 | 1),
        ("x@test", "fwd", 2, "a", 0x20 | 0x100 | 3),
        ("x@test", "fwd", 2, "b", 0x20 | 0x200 | 3),
    ]
    call = 'load_extra_attrs("call", "@call_id") && isavpflagset("$fu.fwd", "dialog")'
    with ser_router("avpflags dialog;\n" + lines(database), call, SHOW) as found:
        assert found.ask(call_id="x") == "ok a b 5"
        assert found.ask(call_id="z") == "no"
    with ser_router(lines(database), 'remove_extra_attrs("call", "@call_id")') as found:
        assert found.ask(call_id="x") == "ok"
    assert database.run("SELECT DISTINCT k FROM call_attrs") == [("y@test",)]


@pytest.mark.parametrize("value", ["x'--", "'OR'1'='1", "';DROP-TABLE-call_attrs;", '"OR""="', "\\'", "%"])
def test_hostile_values(database: Sqlite, value: str) -> None:
    before = '$fu.fwd = @from.uri.user; $fu.own = @msg.header["X-Value"]; setavpflag("$fu.own", "dialog");'
    call = 'save_extra_attrs("call", "$fu.own") && load_attrs("$fu", "$fu.own") && remove_extra_attrs("call", "no")'
    with ser_router("avpflags dialog;\n" + lines(database), call, "", before) as found:
        assert found.ask(headers={"X-Value": value}) == "ok"
    assert database.run("SELECT k, value FROM call_attrs") == [(value, value)]
    assert database.run("SELECT count(*) FROM user_attrs") == [(5,)]


def test_locks(database: Sqlite) -> None:
    route = """
        if (method == "MESSAGE") { lock_extra_attrs("call", "a"); }
        lock_extra_attrs("call", "@msg.header[\\"X-Id\\"]");
        lock_extra_attrs("call", "a");
        unlock_extra_attrs("call", "a");
    """
    with ser_router(lines(database), 'unlock_extra_attrs("call", "a")', "", route) as found:
        assert found.ask(headers={"X-Id": "a"}) == "ok"
        assert found.node.worker.state.table("avp_db.locks").get("call_attrs:a") is None
        assert found.fails("without unlock_extra_attrs() of call_attrs:b", headers={"X-Id": "b"}) == "ok"
        assert found.node.worker.state.table("avp_db.locks").get("call_attrs:b") is None
    with ser_router(lines(database), 'unlock_extra_attrs("call", "a")') as found:
        assert found.fails("is not locked") == "ok"


def test_another_message_waits(database: Sqlite) -> None:
    with ser_router(lines(database, '"auto_unlock_extra_attrs", 1'), 'lock_extra_attrs("call", "a")') as found:
        table = found.node.worker.state.table("avp_db.locks")
        table.put("call_attrs:a", "another", 3600)
        sent = found.node.receive(build_message("OPTIONS", "sip:a@b"))
        assert [one.header("X-Result") for one in sent] == []
        table.delete("call_attrs:a")
        found.node.advance(1)
        assert [one.header("X-Result") for one in found.node.sent] == ["ok"]
        table.put("call_attrs:a", "another", 3600)
        found.node.receive(build_message("OPTIONS", "sip:a@b"))
        found.node.advance(11)
        assert "not free" in found.node.errors[-1]
        assert table.get("call_attrs:a") == "another"
        found.node.records.clear()


def test_the_database_fails(database: Sqlite) -> None:
    calls = ('load_attrs("$fu", "u")', 'load_extra_attrs("call", "u")', 'save_extra_attrs("call", "u")')
    for call in (*calls, 'remove_extra_attrs("call", "u")'):
        with ser_router(lines(database), call) as found:
            database.run("ALTER TABLE user_attrs RENAME TO gone1")
            database.run("ALTER TABLE call_attrs RENAME TO gone2")
            assert found.fails("no such table") == "no"
            database.run("ALTER TABLE gone1 RENAME TO user_attrs")
            database.run("ALTER TABLE gone2 RENAME TO call_attrs")


@pytest.mark.parametrize(
    ("call", "params", "message"),
    [
        ('load_attrs("$fd", "x")', (), "must be .fu"),
        ('load_extra_attrs("none", "x")', (), "attr_group"),
        ('load_attrs("$fu", "x")', ('"attr_group", "id=x"',), "lacks flag"),
        ('load_attrs("$fu", "x")', ('"attr_group", "id=x,flag=f,table=a b"',), "no name of a table"),
        ('load_attrs("$fu", "x")', ('"attr_group", "id=x,flag=f,colour=red"',), "bad part"),
        ('load_attrs("$fu", "x")', (f'"attr_group", "{GROUP}"',), "two attr_groups"),
        ('load_attrs("$fu", "x")', ('"uid_column", "a;b"',), "uid_column"),
    ],
)
def test_mistakes_are_found_when_loading(database: Sqlite, call: str, params: tuple[str, ...], message: str) -> None:
    with pytest.raises(LoadError, match=message), ser_router(lines(database, *params), call):
        pass


def test_uris_need_domain(database: Sqlite) -> None:
    with (
        pytest.raises(LoadError, match="need module domain"),
        ser_router(lines(database, domain=False), 'load_attrs("$fr", "x")'),
    ):
        pass
