"""URI comparison: the examples of RFC 3261 section 19.1.4, and escapes."""

import pytest

from siprouter.sip.escape import escape_header, escape_param, escape_user, parse_uri_headers, unescape_uri
from siprouter.sip.uri import parse_uri
from siprouter.sip.uri_compare import uris_equal


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a%2fb@h", "sip:a%2Fb@h"),
        ("tel:+1-201-555-0123;a=B", "tel:+12015550123;A=b"),
        ("urn:service:sos", "URN:service:sos"),
    ],
)
def test_equal(a: str, b: str) -> None:
    assert uris_equal(parse_uri(a), parse_uri(b))
    assert uris_equal(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a:x@h", "sip:a:y@h"),
        ("sip:a%2Fb@h", "sip:a/b@h"),
        ("tel:+1", "tel:1"),
        ("urn:service:sos", "urn:service:other"),
    ],
)
def test_different(a: str, b: str) -> None:
    assert not uris_equal(parse_uri(a), parse_uri(b))


def test_escapes() -> None:
    assert escape_user("a b@ü%") == "a%20b%40%C3%BC%25"
    assert escape_param("a;b/c") == "a%3Bb/c"
    assert escape_header("a?b&c") == "a?b%26c"
    assert unescape_uri("a%20b%40%C3%BC%2") == "a b@ü%2"
    assert unescape_uri("%ff") == "\udcff"
    assert unescape_uri(escape_user("\udcff%zz")) == "\udcff%zz"
    assert parse_uri_headers("a=b%20c&d&=e&f=g=h") == [("a", "b c"), ("d", ""), ("f", "g=h")]
