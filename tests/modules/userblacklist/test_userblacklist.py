"""userblacklist over SQLite."""

from __future__ import annotations

import pytest

from siprouter.modules.userblacklist.state import find_prefix, read_prefixes
from siprouter.rpc.call import call_mi
from siprouter.testing import LoadError
from tests.support.db_modules import router
from tests.support.sqlite import Sqlite


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for prefix, white in (("", 0), ("1", 1), ("123456", 0), ("123455787", 0)):
        sqlite.insert("globalblacklist", prefix=prefix, whitelist=white)
    for user, domain, prefix, white in (
        ("alice", "example.org", "1234", 0),
        ("alice", "example.org", "123456788", 1),
        ("bob", "other.org", "49", 0),
    ):
        sqlite.insert("userblacklist", username=user, domain=domain, prefix=prefix, whitelist=white)
    return sqlite


def ask(database: Sqlite, expression: str, number: str, *params: str, **fields: str) -> str:
    with router(database, "userblacklist", *params, expression=expression) as found:
        return found.ask(f"sip:{number}@x", fields.get("from_", "sip:alice@example.org")).split()[0]


@pytest.mark.parametrize(
    ("number", "result"),
    [("2", -1), ("1", 1), ("19", 1), ("1234567", -1), ("123455787", -1), ("123455788", 1), ("+1x2", 1), ("abc", -1)],
)
def test_numbers_for_all(database: Sqlite, number: str, result: int) -> None:
    assert ask(database, "check_blacklist()", number) == str(result)
    assert ask(database, 'check_blacklist("globalblacklist")', number) == str(result)


@pytest.mark.parametrize(
    ("number", "black", "white"),
    [("12", 1, -1), ("1234", -1, -1), ("+12345", -1, -1), ("1234567889", 1, 1), ("999", 1, -1), ("abc", 1, -1)],
)
def test_numbers_of_a_user(database: Sqlite, number: str, black: int, white: int) -> None:
    assert ask(database, 'check_user_blacklist("$fU", "$fd")', number) == str(black)
    assert ask(database, 'check_user_whitelist("$fU", "$fd")', number) == str(white)


def test_domain_number_and_table(database: Sqlite) -> None:
    use = '"use_domain", 1'
    assert ask(database, 'check_user_blacklist("bob", "$fd")', "49") == "-1"
    assert ask(database, 'check_user_blacklist("bob", "$fd")', "49", use) == "1"
    assert ask(database, 'check_user_blacklist("bob", "other.org")', "49", use) == "-1"
    assert ask(database, 'check_user_blacklist("alice", "x", "$rU")', "1234") == "-1"
    assert ask(database, 'check_user_blacklist("alice", "x", "12345", "userblacklist")', "9") == "-1"


@pytest.mark.parametrize("value", ["' OR '1'='1", '" OR ""="', "x'; DROP TABLE userblacklist; --", "\\' OR 1=1", "%"])
def test_hostile_users(database: Sqlite, value: str) -> None:
    for call in ('check_user_blacklist("$hdr(X)", "$hdr(X)")', 'check_user_whitelist("$hdr(X)", "$fd", "1234")'):
        with router(database, "userblacklist", '"use_domain", 1', expression=call) as found:
            assert found.ask("sip:1234@x", headers={"X": value}).split()[0] == ("1" if "black" in call else "-1")
    with router(database, "userblacklist", expression='check_user_blacklist("a", "b", "1", "$hdr(X)")') as found:
        assert found.fails("no name of a table", "sip:1@x", headers={"X": value}).startswith("-1 ")
    assert database.run("SELECT count(*) FROM userblacklist") == [(3,)]


def test_what_cannot_be_checked_is_refused(database: Sqlite) -> None:
    for expression in ("check_blacklist()", 'check_user_blacklist("a", "b")'):
        with router(database, "userblacklist", expression=expression) as found:
            assert found.fails("there is no number", "sip:x").startswith("-1 ")
            assert found.fails("there is no number", f"sip:{'1' * 32}@x").startswith("-1 ")
    with router(database, "userblacklist", expression='check_user_whitelist("a", "b")') as found:
        database.run("ALTER TABLE userblacklist RENAME TO gone")
        assert found.fails("no such table", "sip:1@x").startswith("-1 ")


def test_reload(database: Sqlite) -> None:
    with router(database, "userblacklist", expression="check_blacklist()") as found:
        database.insert("globalblacklist", prefix="2", whitelist=1)
        database.insert("globalblacklist", prefix="x", whitelist=1)
        assert found.ask("sip:2@x").startswith("-1 ")
        reply = found.node.wait(call_mi(found.node.worker, "reload_blacklist", []))
        assert reply is not None and reply.code == 200
        assert found.node.errors == ["table globalblacklist: 1 prefixes have other than digits"]
        assert found.ask("sip:2@x").startswith("1 ")
        database.run("ALTER TABLE globalblacklist RENAME TO gone")
        reply = found.node.wait(call_mi(found.node.worker, "reload_blacklist", []))
        assert reply is not None and reply.code == 500
        assert found.ask("sip:2@x").startswith("1 ")
        found.node.records.clear()


def test_prefixes() -> None:
    prefixes, bad = read_prefixes([("", "0"), (b"12", 1), (None, 1), ("1a", 1)])
    assert (prefixes, bad) == ({"": True, "12": True}, 1)
    assert find_prefix({}, "1") is None


def test_mistakes_are_found_when_loading(database: Sqlite) -> None:
    with pytest.raises(LoadError, match="no name of a table"):
        ask(database, 'check_blacklist("a b")', "1")
    with pytest.raises(LoadError, match="userblacklist_prefix_col"):
        ask(database, "check_blacklist()", "1", '"userblacklist_prefix_col", "a;b"')
    with pytest.raises(Exception, match="no such table"):
        ask(database, 'check_blacklist("nothing")', "1")
