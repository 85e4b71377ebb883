"""Bindings in a database: whole routers over SQLite that register phones, stop and start again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from siprouter.testing import LoadError, Node, Phone
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

TEXT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_url", "%s")
modparam("usrloc", "db_mode", %d)
modparam("usrloc", "timer_interval", 10)
%s
route {
    if (method == "REGISTER") {
        save("location");
        exit;
    }
    if (!lookup("location")) {
        sl_send_reply("404", "Not Found");
        exit;
    }
    t_relay();
}
"""
MODES = (1, 2, 3)


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path / "sip.db")


def router(database: Sqlite, mode: int, lines: str = "") -> Node:
    return Node(TEXT % (database.url, mode, lines))


def register(node: Node, user: str, port: int, expires: int = 3600, **more: Any) -> None:
    phone = Phone(node, user, f"10.0.0.1:{port}", "example.org")
    assert phone.register(expires, **more).status == 200
    node.settle()


def uris(database: Sqlite) -> list[str]:
    return [row[0] for row in database.run("SELECT contact FROM location ORDER BY contact")]


def stored(node: Node, aor: str) -> set[str]:
    """All that is known about the contacts of a user."""
    return {str(contact.to_row()) for contact in node.worker.module("usrloc").domain("location").get(aor)}


def found(node: Node, user: str) -> list[str]:
    """Where a request for a user goes."""
    caller = Phone(node, "caller", "10.0.0.9:5060", "example.org")
    sent = node.receive(caller.request("MESSAGE", f"sip:{user}@example.org"), "udp:10.0.0.9:5060")
    result = [item.message.uri for item in sent if item.message.is_request]
    node.settle()
    node.advance(40)
    return result


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("use_domain", [0, 1])
def test_a_restart_loses_nothing(database: Sqlite, mode: int, use_domain: int) -> None:
    lines = f'modparam("usrloc", "use_domain", {use_domain})'
    aor = "bob@example.org" if use_domain else "bob"
    with closing(router(database, mode, lines)) as node:
        register(node, "bob", 5061, headers={"User-Agent": "phone'; DROP TABLE location", "Allow": "INVITE, MESSAGE"})
        register(node, "bob", 5062)
        register(node, "carol", 5063)
        before = stored(node, aor)
    assert len(uris(database)) == 3
    assert database.run("SELECT DISTINCT domain FROM location") == [("example.org" if use_domain else None,)]
    with closing(router(database, mode, lines)) as node:
        assert len(found(node, "bob")) == 2
        assert stored(node, aor) == before
        assert node.counter("usrloc", "location-contacts") == (2 if mode == 3 else 3)
        assert found(node, "nobody") == []


@pytest.mark.parametrize("mode", MODES)
def test_what_goes_leaves_the_database(database: Sqlite, mode: int) -> None:
    with closing(router(database, mode)) as node:
        register(node, "bob", 5061)
        register(node, "carol", 5062, expires=100)
        register(node, "bob", 5061, expires=0)
        node.advance(15)
        assert uris(database) == ["sip:carol@10.0.0.1:5062"]
        register(node, "carol", 5062, expires=200)
        node.advance(120)
        assert uris(database) == ["sip:carol@10.0.0.1:5062"]
        node.advance(120)
        assert uris(database) == []


def test_write_back_waits_for_its_timer(database: Sqlite) -> None:
    with closing(router(database, 2)) as node:
        register(node, "bob", 5061)
        node.advance(12)
        assert len(uris(database)) == 1
        register(node, "carol", 5061)
        assert len(uris(database)) == 1
        node.advance(12)
        assert len(uris(database)) == 2


def test_write_through_does_not_wait(database: Sqlite) -> None:
    with closing(router(database, 1)) as node:
        register(node, "bob", 5061)
        assert len(uris(database)) == 1
        register(node, "bob", 5061)
        assert len(uris(database)) == 1


@pytest.mark.parametrize("mode", MODES)
def test_registrations_go_on_without_the_database(database: Sqlite, mode: int, tmp_path: Path) -> None:
    with closing(router(database, mode)) as node:
        register(node, "bob", 5061)
        node.advance(12)
        database.run("ALTER TABLE version RENAME TO v2")
        database.path.rename(tmp_path / "away")
        node.worker.services["databases"].all("sqlite")[0].close()
        register(node, "bob", 5062)
        register(node, "bob", 5061, expires=0)
        register(node, "carol", 5063)
        node.advance(15)
        assert found(node, "bob") == ["sip:bob@10.0.0.1:5062"]
        assert node.logged("contacts wait in memory")
        (tmp_path / "away").rename(database.path)
        node.advance(3)
        assert uris(database) == ["sip:bob@10.0.0.1:5062", "sip:carol@10.0.0.1:5063"]
        assert node.logged("contacts are written to the database again")


def test_the_database_alone_counts_in_mode_3(database: Sqlite) -> None:
    with closing(router(database, 3)) as one, closing(router(database, 3)) as two:
        register(one, "bob", 5061)
        assert found(two, "bob") == ["sip:bob@10.0.0.1:5061"]
        register(two, "bob", 5062)
        assert len(found(one, "bob")) == 2
        database.run("DELETE FROM location")
        assert found(one, "bob") == found(two, "bob") == []


def test_bindings_that_expired_meanwhile_are_not_loaded(database: Sqlite) -> None:
    with closing(router(database, 1)) as node:
        register(node, "bob", 5061)
        register(node, "carol", 5062)
    database.run("UPDATE location SET expires = '2001-01-01 00:00:00' WHERE username = 'bob'")
    with closing(router(database, 1)) as node:
        assert node.contacts("bob") == []
        node.advance(3)
        assert uris(database) == ["sip:carol@10.0.0.1:5062"]


def test_rows_of_others_are_taken(database: Sqlite) -> None:
    """As SIP Router 3.1 writes them: permanent aliases, no q, all methods."""
    database.insert("location", username="bob", contact="sip:b@10.0.0.5", expires="1970-01-01 00:00:00", q=-1.0)
    database.insert("location", username="bob", contact="sip:c@10.0.0.5", q=0.5, expires="2099-01-01 00:00:00")
    database.insert("location", username="", contact="sip:d@10.0.0.5")
    with closing(router(database, 1)) as node:
        assert sorted(found(node, "bob")) == ["sip:b@10.0.0.5", "sip:c@10.0.0.5"]
        assert node.logged("a row is left out: it has no user or no contact")
        node.records.clear()


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_matching_modes_keep_their_rows_apart(database: Sqlite, mode: int) -> None:
    with closing(router(database, 1, f'modparam("usrloc", "matching_mode", {mode})')) as node:
        for number in range(2):
            phone = Phone(node, "bob", "10.0.0.1:5061", "example.org")
            phone.register(3600 + number)
            node.settle()
        assert len(uris(database)) == (2 if mode == 1 else 1)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('modparam("usrloc", "db_mode", 4)', "db_mode must be 0, 1, 2 or 3"),
        ('modparam("usrloc", "user_column", "a b")', "parameter user_column is no name"),
        ('modparam("usrloc", "db_url", "flatstore:/x")', "takes new rows only"),
    ],
)
def test_parameters_are_checked(database: Sqlite, lines: str, why: str) -> None:
    with pytest.raises(LoadError, match=why):
        router(database, 1, lines)


def test_the_version_is_checked(database: Sqlite) -> None:
    database.run("UPDATE version SET table_version = 1003 WHERE table_name = 'location'")
    with pytest.raises(OperatorError, match="table location has version 1003, 1004 is needed"):
        router(database, 1)


def test_a_database_that_is_away_at_the_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file"):
        Node(TEXT % (f"sqlite://{tmp_path}/none", 1, ""))


@pytest.mark.parametrize("mode", [1, 2])
def test_a_memory_that_outlasts_the_router_goes_with_the_database(database: Sqlite, mode: int, tmp_path: Path) -> None:
    text, state = TEXT % (database.url, mode, ""), str(tmp_path / "state")
    with closing(Node(text, state=state)) as node:
        register(node, "bob", 5061)
        register(node, "carol", 5062)
        node.advance(12)
    database.run("UPDATE location SET callid = 'other', last_modified = '2001-01-01 00:00:00'")
    database.run("DELETE FROM location WHERE username = 'carol'")
    database.insert("location", username="bob", contact="sip:new@10.0.0.5", expires="2099-01-01 00:00:00")
    with closing(Node(text, state=state)) as node:
        assert sorted(node.contacts("bob")) == ["sip:bob@10.0.0.1:5061", "sip:new@10.0.0.5"]
        node.advance(12)
        assert uris(database) == ["sip:bob@10.0.0.1:5061", "sip:carol@10.0.0.1:5062", "sip:new@10.0.0.5"]
        assert database.run("SELECT callid FROM location WHERE contact = 'sip:bob@10.0.0.1:5061'") != [("other",)]
        assert node.counter("usrloc", "location-contacts") == 3
