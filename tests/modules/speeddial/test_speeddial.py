"""speeddial over SQLite."""

from __future__ import annotations

import pytest

from siprouter.testing import LoadError
from tests.support.db_modules import router
from tests.support.sqlite import Sqlite


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    for user, domain, uri in (
        ("alice", "example.org", "sip:bob@example.org"),
        ("alice", "other.org", "carol@x"),
        ("dave", "example.org", "sips:d@x"),
    ):
        sqlite.insert("speed_dial", username=user, domain=domain, sd_username="11", sd_domain=domain, new_uri=uri)
    return sqlite


def test_a_short_number_is_the_callers(database: Sqlite) -> None:
    with router(database, "speeddial", expression='sd_lookup("speed_dial")') as found:
        assert found.ask("sip:11@x").startswith("1 sip:bob@example.org")
        assert found.ask("sip:11@x", from_="sip:dave@x").startswith("1 sips:d@x")
        assert found.ask("sip:12@x").startswith("-1 sip:12@x")
        assert found.ask("sip:11@x", from_="sip:eve@x").startswith("-1 ")


@pytest.mark.parametrize(("use_domain", "host", "result"), [(1, "x", "1 "), (2, "x", "-1 "), (2, "other.org", "1 ")])
def test_domains(database: Sqlite, use_domain: int, host: str, result: str) -> None:
    params = (f'"use_domain", {use_domain}', '"domain_prefix", "sip."')
    with router(database, "speeddial", *params, expression='sd_lookup("speed_dial")') as found:
        assert found.ask(f"sip:11@{host}", from_="sip:alice@sip.other.org").startswith(result)


def test_the_owner_may_be_given(database: Sqlite) -> None:
    expression = 'sd_lookup("speed_dial", "$hdr(X-Owner)")'
    with router(database, "speeddial", expression=expression) as found:
        assert found.ask("sip:11@x", headers={"X-Owner": "sip:dave@x"}).startswith("1 sips:d@x")
        assert found.fails("sd_lookup()", "sip:11@x", headers={"X-Owner": "nonsense"}).startswith("-1 ")


def test_parameters_are_checked(database: Sqlite) -> None:
    with (
        pytest.raises(LoadError, match="use_domain must be"),
        router(database, "speeddial", '"use_domain", 3', expression="drop"),
    ):
        pass
