import pytest

from siprouter.modules.registrar.aor import make_aor
from siprouter.modules.registrar.rejection import Rejected
from siprouter.sip.uri import parse_uri


@pytest.mark.parametrize(
    "uri,use_domain,prefix,case_sensitive,aor",
    [
        ("sip:Bob@Example.com", False, "", False, "bob"),
        ("sip:Bob@Example.com;transport=tcp", True, "", False, "bob@example.com"),
        ("sip:Bob@Example.com", True, "", True, "Bob@example.com"),
        ("sip:Bob@Example.com", False, "", True, "Bob"),
        ("sip:bob:secret@sip.example.com", True, "sip.", False, "bob@example.com"),
        ("sip:bob@sip.", True, "sip.", False, "bob@sip."),
        ("sip:example.com", True, "", False, "example.com"),
        ("sip:example.com", False, "", False, ""),
        ("sip:b%6Fb@x", False, "", False, "bob"),
        ("sip:J%C3%BCrgen@x", False, "", False, "jürgen"),
        ("sip:null-%00-null@x", False, "", True, "null-%00-null"),
        ("sip:b%0a%7f%25%2500%41@x", False, "", True, "b%0A%7F%25%2500A"),
        ("tel:+49123", False, "", False, "+49123"),
    ],
)
def test_aor(uri: str, use_domain: bool, prefix: str, case_sensitive: bool, aor: str) -> None:
    assert make_aor(parse_uri(uri), use_domain, prefix, case_sensitive) == aor


@pytest.mark.parametrize(
    "uri,status,info",
    [
        ("mailto:bob@x", 400, "Error while parsing AOR"),
        ("sip:" + "b" * 257 + "@x", 500, "Address Of Record too long"),
        ("sip:bob@" + "x" * 257, 500, "Address Of Record too long"),
        ("sip:b%6@x", 400, "Error while unescaping username"),
        ("sip:b%zz@x", 400, "Error while unescaping username"),
        ("sip:b%@x", 400, "Error while unescaping username"),
    ],
)
def test_bad_aor(uri: str, status: int, info: str) -> None:
    with pytest.raises(Rejected) as caught:
        make_aor(parse_uri(uri), True, "", False)
    assert (caught.value.status, caught.value.info) == (status, info)
