"""domain of SER over SQLite."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_rpc
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError
from tests.support.ser_modules import ser_router
from tests.support.sqlite import Sqlite

SHOW = "%$fd.did %$td.did %$td.level %$td.name"


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.run("CREATE TABLE ser_domains (did, domain, flags INTEGER)")
    sqlite.run("CREATE TABLE domain_attrs (did, name, type INTEGER, value, flags INTEGER)")
    for did, name, flags in (
        ("d1", "One.org", 1),
        ("d1", "uno.org", 1),
        ("d2", "two.org", 1),
        ("d3", "off.org", 3),
        ("d4", "elsewhere.org", 0),
        (None, "null.org", 1),
    ):
        sqlite.insert("ser_domains", did=did, domain=name, flags=flags)
    for did, name, kind, value, flags in (
        ("d1", "level", 0, "7", 1),
        ("d1", "name", 2, "uno", 1),
        ("d1", "hidden", 2, "x", 0),
        ("d2", "name", 2, None, 1),
        ("d9", "name", 2, "x", 1),
        ("d1", None, 2, "x", 1),
    ):
        sqlite.insert("domain_attrs", did=did, name=name, type=kind, value=value, flags=flags)
    return sqlite


def lines(database: Sqlite, mode: int = 1, attributes: int = 1) -> str:
    return f"""loadmodule "domain.so"
        modparam("domain", "db_url", "{database.url}")
        modparam("domain", "db_mode", {mode})
        modparam("domain", "domain_table", "ser_domains")
        modparam("domain", "load_domain_attrs", {attributes})"""


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(
    ("call", "host", "result"),
    [
        ('is_local("@ruri.host")', "uno.org", "ok"),
        ('is_local("$x")', "uno.org", "no"),
        ('is_local("@ruri.host")', "off.org", "no"),
        ('is_local("@ruri.host")', "elsewhere.org", "no"),
        ('is_local("@ruri.host")', "other.org", "no"),
        ('is_local("two.org")', "x", "ok"),
        ('is_local("TWO.org")', "x", "ok"),
        ('lookup_domain("$td", "@ruri.host")', "uno.org", "ok  d1 7 uno"),
        ('lookup_domain("$fd", "@ruri.host")', "two.org", "ok d2"),
        ('lookup_domain("$TD", "@ruri.host")', "other.org", "no"),
        ('lookup_domain("$td", "$none")', "x", "no"),
    ],
)
def test_domains(database: Sqlite, mode: int, call: str, host: str, result: str) -> None:
    with ser_router(lines(database, mode), call, SHOW) as found:
        assert found.ask(f"sip:b@{host}").rstrip() == result
        found.node.records.clear()


def test_attributes_take_the_place_of_others(database: Sqlite) -> None:
    before = 'lookup_domain("$td", "uno.org");'
    with ser_router(lines(database), 'lookup_domain("$td", "two.org")', SHOW, before) as found:
        found.node.records.clear()
        assert found.ask().rstrip() == "ok  d2"
    with ser_router(lines(database, 1, 0), 'lookup_domain("$td", "uno.org")', SHOW) as found:
        found.node.records.clear()
        assert found.ask().rstrip() == "ok  d1"


@pytest.mark.parametrize("mode", [0, 1])
def test_hostile_names(database: Sqlite, mode: int) -> None:
    with ser_router(lines(database, mode), 'is_local("@from.uri.user")') as found:
        found.node.records.clear()
        for user in ("'%20OR%20'1'='1", "';DROP%20TABLE%20ser_domains;--", "%25"):
            assert found.ask(from_=f"sip:{user}@x").rstrip() == "no"
        found.node.records.clear()
    assert database.run("SELECT count(*) FROM ser_domains") == [(6,)]


def test_management(database: Sqlite) -> None:
    with ser_router(lines(database), 'is_local("new.org")') as found:
        assert any("null in a row" in error for error in found.node.errors)
        node = found.node
        dump = node.wait(call_rpc(node.worker, "domain.dump", [])).values
        assert [list(part) for part in dump[0]][:2] == [["did", "d1"], ["domain", "one.org"]]
        database.insert("ser_domains", did="d5", domain="new.org", flags=1)
        assert found.ask().rstrip() == "no"
        node.wait(call_rpc(node.worker, "domain.reload", []))
        assert found.ask().rstrip() == "ok"
        database.run("ALTER TABLE ser_domains RENAME TO gone")
        with pytest.raises(RpcError):
            node.wait(call_rpc(node.worker, "domain.reload", []))
        assert found.ask().rstrip() == "ok"
        node.records.clear()
    with ser_router(lines(database, 0), 'is_local("new.org")') as found:
        assert found.fails("no such table").rstrip() == "no"
        for name in ("domain.reload", "domain.dump"):
            with pytest.raises(RpcError):
                found.node.wait(call_rpc(found.node.worker, name, []))


def test_mistakes_are_found_when_loading(database: Sqlite) -> None:
    with pytest.raises(LoadError, match=r"\$fd or \$td"), ser_router(lines(database), 'lookup_domain("$fu", "x")'):
        pass
    with pytest.raises(LoadError, match="db_mode"), ser_router(lines(database, 7), 'is_local("x")'):
        pass
