"""alias_db over SQLite."""

from __future__ import annotations

import pytest

from tests.support.db_modules import router
from tests.support.sqlite import Sqlite

LOOKUP = 'alias_db_lookup("dbaliases")'


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.insert("dbaliases", alias_username="info", alias_domain="example.org", username="bob", domain="example.org")
    sqlite.insert("dbaliases", alias_username="info", alias_domain="other.org", username="carol", domain="other.org")
    return sqlite


def test_an_alias_is_replaced(database: Sqlite) -> None:
    with router(database, "alias_db", '"use_domain", 1', expression=LOOKUP) as found:
        assert found.ask("sip:info@example.org") == "1 sip:bob@example.org <null> <null>"
        assert found.ask("sip:info@other.org") == "1 sip:carol@other.org <null> <null>"
        assert found.ask("sip:nobody@other.org") == "-1 sip:nobody@other.org <null> <null>"
        assert found.ask("sip:'%20OR%20'1'='1@other.org").startswith("-1 ")


def test_further_users_are_branches(database: Sqlite) -> None:
    with router(database, "alias_db", expression=LOOKUP) as found:
        assert found.ask("sip:info@x") == "1 sip:bob@example.org <null> <null>"
    with router(database, "alias_db", '"append_branches", 1', expression=LOOKUP) as found:
        assert found.ask("sip:info@x") == "1 sip:bob@example.org sip:carol@other.org <null>"


def test_a_prefix_of_the_domain_is_taken_off(database: Sqlite) -> None:
    params = ('"use_domain", 1', '"domain_prefix", "sip."')
    with router(database, "alias_db", *params, expression=LOOKUP) as found:
        assert found.ask("sip:info@SIP.example.org").startswith("1 sip:bob@example.org")
        assert found.ask("sip:info@sip.").startswith("-1 ")


def test_the_table_may_be_a_variable_and_is_checked(database: Sqlite) -> None:
    more = "$var(t) = $hdr(X-Table);"
    with router(database, "alias_db", expression='alias_db_lookup("$var(t)")', more=more) as found:
        assert found.ask("sip:info@x", headers={"X-Table": "dbaliases"}).startswith("1 ")
        assert found.fails("no name of a table", headers={"X-Table": "a;b"}).startswith("-1 ")
        assert found.fails("no such table", headers={"X-Table": "nothing"}).startswith("-1 ")
