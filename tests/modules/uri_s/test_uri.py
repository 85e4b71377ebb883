"""uri of SER."""

from __future__ import annotations

import pytest

from tests.support.ser_modules import ser_router

URI = 'loadmodule "uri.so"'
SHOW = "%ru"


@pytest.mark.parametrize(
    ("call", "uri", "result"),
    [
        ("has_totag()", "sip:b@x", "no sip:b@x"),
        ('uri_param("a")', "sip:b@x;a", "ok sip:b@x;a"),
        ('uri_param("a")', "sip:b@x;a=1", "no sip:b@x;a=1"),
        ('uri_param("a", "1")', "sip:b@x;c=2;a=1", "ok sip:b@x;c=2;a=1"),
        ('uri_param("a", "2")', "sip:b@x;a=1", "no sip:b@x;a=1"),
        ('uri_param("$x", "$y")', "sip:b@x;a=1", "ok sip:b@x;a=1"),
        ('uri_param("$x", "$none")', "sip:b@x;a=1", "no sip:b@x;a=1"),
        ('uri_param("A")', "sip:b@x;a", "no sip:b@x;a"),
        ('add_uri_param("a=1")', "sip:b@x", "ok sip:b@x;a=1"),
        ('add_uri_param("a=1")', "sip:u:p@x:5062;c", "ok sip:u:p@x:5062;c;a=1"),
        ('add_uri_param("")', "sip:b@x", "ok sip:b@x"),
        ('add_uri_param("$none")', "sip:b@x", "no sip:b@x"),
        ("tel2sip()", "sip:b@x", "ok sip:b@x"),
        ("tel2sip()", "tel:+49-30;ext=1", "ok sip:+49-30;ext=1@example.org;user=phone"),
    ],
)
def test_request_uris(call: str, uri: str, result: str) -> None:
    with ser_router(URI, call, SHOW, '$x = "a"; $y = "1";') as found:
        assert found.ask(uri, to="sip:b@x") == result


def test_a_tag_and_what_fails() -> None:
    with ser_router(URI, "has_totag()") as found:
        assert found.ask("sip:b@x", to_tag="1").startswith("ok")
    with ser_router(URI, f'add_uri_param("{"a" * 4096}")') as found:
        assert found.fails("too long").startswith("no")
    with ser_router(URI, 'is_user("alice")') as found:
        assert found.fails("no checked credentials").startswith("no")
    with ser_router(URI, "tel2sip()") as found:
        assert found.fails("From has no domain", "tel:1", to="sip:b@x", from_="tel:5").startswith("no")
