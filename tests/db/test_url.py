"""The URL forms of 3.1."""

from __future__ import annotations

import pytest

from siprouter.db.url import DbUrl, parse_url
from siprouter.util.errors import OperatorError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://user:pw@host/db", DbUrl("mysql", "user", "pw", "host", 0, "db")),
        ("mysql://user:p:w/@x@host:3307/db", DbUrl("mysql", "user", "p:w/@x", "host", 3307, "db")),
        ("postgres://host/db", DbUrl("postgres", "", "", "host", 0, "db")),
        ("postgresql://user@[::1]:5433/db", DbUrl("postgres", "user", "", "::1", 5433, "db")),
        ("text:///var/dbtext", DbUrl("text", "", "", "", 0, "/var/dbtext")),
        ("flatstore:/var/log/acc", DbUrl("flatstore", "", "", "", 0, "/var/log/acc")),
        ("sqlite:///var/lib/x.db", DbUrl("sqlite", "", "", "", 0, "/var/lib/x.db")),
    ],
)
def test_forms(text: str, expected: DbUrl) -> None:
    assert parse_url(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("unixodbc://a/b", "no database driver is called 'unixodbc'"),
        ("nothing", "has no driver"),
        ("mysql:/x", "has no //"),
        ("mysql://u:secret@host", "names no database"),
        ("mysql://u:secret@host/", "names no database"),
        ("mysql://u:secret@/db", "names no host"),
        ("mysql://u:secret@host:99999/db", "has the port '99999'"),
        ("sqlite://", "names no file"),
    ],
)
def test_what_is_wrong_is_told_without_the_password(text: str, why: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse_url(text)
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_safe_form_has_no_password() -> None:
    assert parse_url("mysql://user:secret@host:1/db").safe == "mysql://user@host:1/db"
    assert parse_url("postgres://user:secret@[::1]/db").safe == "postgres://user@[::1]/db"
