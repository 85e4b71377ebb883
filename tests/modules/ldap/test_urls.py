"""LDAP URLs and escaping: nothing that a caller sends becomes more than a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.db.ldap_session import BASE, ONE, SUBTREE, Search
from siprouter.modules.ldap.urls import encode, encode_filter_value, escape_dn, escape_filter, parse_url


@pytest.mark.parametrize(
    ("url", "session", "search"),
    [
        ("ldap://s/ou=sip,dc=x??one?(cn=a)", "s", Search("ou=sip,dc=x", ONE, "(cn=a)")),
        ("ldap://s/dc=x?cn,sn?sub?(cn=a%3Fb)", "s", Search("dc=x", SUBTREE, "(cn=a?b)", ("cn", "sn"))),
        ("LDAP://s", "s", Search("", BASE)),
        ("ldap://s/dc=x?*?SUBTREE", "s", Search("dc=x", SUBTREE, "", ("*",))),
        ("ldap://s/cn=b%c3%b6b", "s", Search("cn=böb", BASE)),
        ("ldap://s/dc=x???(cn=a)?x-unknown", "s", Search("dc=x", BASE, "(cn=a)")),
    ],
)
def test_urls(url: str, session: str, search: Search) -> None:
    assert parse_url(url) == (session, search)


@pytest.mark.parametrize(
    "url",
    [
        *("http://s/", "ldap:///dc=x", "ldap://s/dc=x??three", "ldap://s/dc=x?c n", "ldap://s/?????", "ldap://s/%00"),
        *("ldap://s/dc=x????!critical", "", "ldap://s/" + "x" * 70_000),
    ],
)
def test_bad_urls(url: str) -> None:
    with pytest.raises(ValueError):
        parse_url(url)


def test_escaping() -> None:
    assert escape_filter("a*(b)\\c\0") == r"a\2a\28b\29\5cc\00"
    assert encode_filter_value("cn=a?b*%2a") == r"cn=a%3Fb\2a%252a"
    assert escape_dn(' a,b+c"d\\e<f>g;h=i ') == '\\ a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i\\ '
    assert encode("a b#?") == "a%20b%23%3F"


@given(st.text(max_size=30).filter(lambda text: "\0" not in text))
def test_a_value_stays_a_value(text: str) -> None:
    session, search = parse_url(f"ldap://s/dc=x?cn?sub?(cn={encode_filter_value(text)})")
    assert session == "s"
    assert (search.base, search.scope, search.attributes) == ("dc=x", SUBTREE, ("cn",))
    assert search.filter == f"(cn={escape_filter(text)})"
    inner = search.filter[4:-1]
    assert not any(character in inner for character in "*()")


@given(st.text(max_size=30).filter(lambda text: "\0" not in text))
def test_a_name_stays_a_name(text: str) -> None:
    _, search = parse_url(f"ldap://s/cn={encode(escape_dn(text))},dc=x??one")
    assert search.base == f"cn={escape_dn(text)},dc=x"
    assert (search.scope, search.filter) == (ONE, "")
