"""group over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError
from siprouter.util.errors import OperatorError
from tests.support.db_modules import router
from tests.support.sqlite import Sqlite


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.insert("grp", username="alice", domain="example.org", grp="ld")
    sqlite.insert("re_grp", reg_exp="^sip:bob@", group_id=7)
    sqlite.insert("re_grp", reg_exp="example[.]org$", group_id=9)
    return sqlite


@pytest.mark.parametrize(
    ("whose", "group", "result"),
    [
        ("From", "ld", "1"),
        ("from", "other", "-6"),
        ("To", "ld", "-6"),
        ("Request-URI", "ld", "-6"),
        ("$fu", "ld", "1"),
        ("$hdr(X)", "ld", "-1"),
        ("Credentials", "ld", "-1"),
    ],
)
def test_groups_by_name(database: Sqlite, whose: str, group: str, result: str) -> None:
    with router(database, "group", expression=f'is_user_in("{whose}", "{group}")') as found:
        assert found.ask().split()[0] == result


def test_the_group_may_be_a_variable_and_the_domain_count(database: Sqlite) -> None:
    with router(database, "group", '"use_domain", 1', expression='is_user_in("From", "$rU")') as found:
        assert found.ask("sip:ld@x").startswith("1 ")
        assert found.ask("sip:ld@x", from_="sip:alice@elsewhere").startswith("-6 ")
        assert found.ask("sip:ld@x", from_="sip:example.org").startswith("-1 ")
        database.run("ALTER TABLE grp RENAME TO gone")
        assert found.fails("no such table").startswith("-5 ")


@pytest.mark.parametrize(
    ("multiple", "uri", "result"),
    [
        (1, "sip:bob@example.org", "2 sip:bob@example.org <null> 9"),
        (0, "sip:bob@example.org", "1 sip:bob@example.org <null> 7"),
        (1, "sip:eve@example.org", "1 sip:eve@example.org <null> 9"),
        (1, "sip:eve@x", "-1 sip:eve@x <null> <null>"),
    ],
)
def test_groups_by_expression(database: Sqlite, multiple: int, uri: str, result: str) -> None:
    params = ('"re_table", "re_grp"', f'"multiple_gid", {multiple}')
    expression = 'get_user_group("Request-URI", "$avp(s:out)")'
    with router(database, "group", *params, expression=expression) as found:
        assert found.ask(uri) == result


def test_bad_expressions_are_told(database: Sqlite) -> None:
    database.insert("re_grp", reg_exp="(", group_id=1)
    with (
        pytest.raises(OperatorError, match="group: table re_grp: "),
        router(database, "group", '"re_table", "re_grp"', expression="drop"),
    ):
        pass


def test_whose_is_checked(database: Sqlite) -> None:
    with (
        pytest.raises(LoadError, match="must be Request-URI, To, From"),
        router(database, "group", expression='is_user_in("Contact", "x")'),
    ):
        pass
