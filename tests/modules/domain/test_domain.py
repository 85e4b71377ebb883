"""domain over SQLite."""

from __future__ import annotations

import pytest

from siprouter.rpc.call import call_mi
from siprouter.testing import LoadError
from tests.support.db_modules import Router, router
from tests.support.sqlite import Sqlite


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.insert("domain", domain="example.org")
    return sqlite


def manage(found: Router, name: str) -> tuple[int, str]:
    reply = found.node.wait(call_mi(found.node.worker, name, []))
    assert reply is not None
    return reply.code, reply.reason


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(
    ("expression", "uri", "from_", "result"),
    [
        ("is_from_local()", "sip:x", "sip:a@example.org", "1"),
        ("is_from_local()", "sip:example.org", "sip:a@other.org", "-1"),
        ("is_uri_host_local()", "sip:b@EXAMPLE.org", "sip:a@x", "1"),
        ("is_uri_host_local()", "sip:b@x", "sip:a@example.org", "-1"),
        ('is_domain_local("$fd")', "sip:x", "sip:a@example.org", "1"),
        ('is_domain_local("$fd")', "sip:x", "sip:a@x", "-1"),
        ('is_domain_local("$hdr(X)")', "sip:x", "sip:a@x", "-1"),
    ],
)
def test_domains(database: Sqlite, mode: int, expression: str, uri: str, from_: str, result: str) -> None:
    with router(database, "domain", f'"db_mode", {mode}', expression=expression) as found:
        assert found.ask(uri, from_).split()[0] == result


def test_reload(database: Sqlite) -> None:
    with router(database, "domain", '"db_mode", 1', expression="is_uri_host_local()") as found:
        database.insert("domain", domain="new.org")
        assert found.ask("sip:b@new.org").startswith("-1 ")
        assert manage(found, "domain_reload")[0] == 200
        assert found.ask("sip:b@new.org").startswith("1 ")
        reply = found.node.wait(call_mi(found.node.worker, "domain_dump", []))
        assert reply is not None and reply.code == 200
        database.run("ALTER TABLE domain RENAME TO gone")
        assert manage(found, "domain_reload") == (500, "Domain table reload failed")
        found.node.records.clear()
        assert found.ask("sip:b@new.org").startswith("1 ")


def test_without_a_memory_there_is_nothing_to_reload(database: Sqlite) -> None:
    with router(database, "domain", expression="is_uri_host_local()") as found:
        assert manage(found, "domain_reload") == (500, "command not activated")
        assert manage(found, "domain_dump") == (500, "command not activated")
        database.run("ALTER TABLE domain RENAME TO gone")
        assert found.fails("no such table").startswith("-1 ")


@pytest.mark.parametrize("mode", [0, 1])
def test_the_domains_are_the_router_itself(database: Sqlite, mode: int) -> None:
    params = (f'"db_mode", {mode}', '"register_myself", 1')
    with router(database, "domain", *params, expression="if (uri == myself) { $avp(s:out) = 1; }") as found:
        assert found.ask("sip:b@Example.org").endswith(" 1")
        assert found.ask("sip:b@other.org").endswith(" <null>")


def test_parameters_are_checked(database: Sqlite) -> None:
    with (
        pytest.raises(LoadError, match="db_mode must be 0 or 1"),
        router(database, "domain", '"db_mode", 2', expression="drop"),
    ):
        pass
