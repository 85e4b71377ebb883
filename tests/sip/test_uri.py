"""URIs of every scheme."""

import pytest

from siprouter.sip.errors import MessageError
from siprouter.sip.uri import U_OTHER, U_SIP, U_SIPS, U_TEL, U_URN, build_uri, parse_uri


def test_all_parts() -> None:
    uri = parse_uri("sip:alice;day=tue:secret@[2001:db8::1]:5070;transport=TCP;lr;Foo=Bar?Subject=x&a=b")
    assert (uri.scheme, uri.kind, uri.user, uri.password) == ("sip", U_SIP, "alice;day=tue", "secret")
    assert (uri.host, uri.port, uri.host_port) == ("[2001:db8::1]", 5070, "[2001:db8::1]:5070")
    assert (uri.params, uri.headers) == ("transport=TCP;lr;Foo=Bar", "Subject=x&a=b")
    assert (uri.transport, uri.param("lr"), uri.param("foo"), uri.param("maddr")) == ("tcp", "", "Bar", None)


@pytest.mark.parametrize(
    ("text", "kind", "user", "host"),
    [
        ("sip:example.com", U_SIP, "", "example.com"),
        ("SIPS:a@example.com", U_SIPS, "a", "example.com"),
        ("sIp:a@EXAMPLE.com", U_SIP, "a", "EXAMPLE.com"),
        ("sip:+1-201-555-0123@h;user=phone", U_SIP, "+1-201-555-0123", "h"),
        ("sip:a?b@h", U_SIP, "a?b", "h"),
        ("sip:юзер@h", U_SIP, "юзер", "h"),
        ("sip:a@under_score", U_SIP, "a", "under_score"),
        ("tel:+1-201-555-0123;phone-context=x", U_TEL, "+1-201-555-0123", ""),
        ("urn:service:sos", U_URN, "", ""),
        ("http://example.com/a?b", U_OTHER, "", ""),
        ("mailto:a@b", U_OTHER, "", ""),
    ],
)
def test_schemes(text: str, kind: int, user: str, host: str) -> None:
    uri = parse_uri(text)
    assert (uri.kind, uri.user, uri.host, str(uri)) == (kind, user, host, text)


def test_opaque_part() -> None:
    assert parse_uri("urn:service:sos.police").opaque == "service:sos.police"
    assert parse_uri("x-y+z.1:a:b").scheme == "x-y+z.1"


def test_octets_that_are_no_utf8_survive() -> None:
    uri = parse_uri("sip:\udcff\udc80@h")
    assert (uri.user, str(uri)) == ("\udcff\udc80", "sip:\udcff\udc80@h")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        ":a@b",
        "sip:@h",
        "sip:a@",
        "sip:a@h:",
        "sip:a@h:x",
        "sip:a@h:65536",
        "sip:a@h@i",
        "sip:a@h;x@y",
        "sip:a b@h",
        "sip:a@h h",
        "sip:a@[::1",
        "sip:a@[]",
        "sip:a@[::1]x",
        "sip:a@h>",
        "sip:a@h/b",
        "1sip:a@b",
        "s ip:a@b",
        "sip:a@h;p q",
        "tel:",
        "urn:",
        "sip:a@h:99999999999999999999",
        "sip:2001:db8::1",
        "sip:\n",
        "сип:a@b",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_uri(text)
    assert caught.value.status == 400


def test_at_sign_in_headers_is_forgiven() -> None:
    uri = parse_uri("sip:a@h?Replaces=call@host")
    assert (uri.user, uri.host, uri.headers) == ("a", "h", "Replaces=call@host")


def test_replacing_parts() -> None:
    uri = parse_uri("sip:alice:pw@h:5070;lr?x=y")
    assert uri.replaced(user="bob") == "sip:bob:pw@h:5070;lr?x=y"
    assert uri.replaced(user="", password="") == "sip:h:5070;lr?x=y"
    assert uri.replaced(port=0, params="", headers="") == "sip:alice:pw@h"
    assert uri.replaced(scheme="sips", host="[::1]", port=5061) == "sips:alice:pw@[::1]:5061;lr?x=y"
    assert build_uri("tel", "+123", params="a=b") == "tel:+123;a=b"


def test_parameters_first_one_counts_and_empty_ones_vanish() -> None:
    assert parse_uri("sip:h;;a=1;A=2;b=").param_dict() == {"a": "1", "b": ""}
