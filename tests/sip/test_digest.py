"""Digest computation (the examples of RFC 2617 section 3.5 and RFC 7616 section 3.9) and the headers around it."""

import pytest

from siprouter.sip.auth import parse_auth
from siprouter.sip.digest import (
    build_challenge,
    build_credentials,
    check_response,
    compute_ha1,
    compute_response,
    hash_hex,
    is_known_algorithm,
)
from siprouter.sip.errors import MessageError

RFC2617 = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def test_rfc2617_example() -> None:
    credentials = parse_auth(RFC2617)
    ha1 = compute_ha1("Mufasa", "testrealm@host.com", "Circle Of Life")
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    assert check_response(credentials, ha1, "GET")
    assert not check_response(credentials, ha1, "POST")
    assert not check_response(credentials, compute_ha1("Mufasa", "testrealm@host.com", "x"), "GET")


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc7616_example(algorithm: str, expected: str) -> None:
    ha1 = compute_ha1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)
    response = compute_response(
        ha1,
        "GET",
        "/dir/index.html",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        algorithm=algorithm,
        qop="auth",
        nc="00000001",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert response == expected


def test_sha512_256_is_the_one_of_fips_180_4() -> None:
    assert hash_hex("SHA-512-256-sess", b"abc") == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"


@pytest.mark.parametrize("algorithm", ["", "MD5", "md5-sess", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256"])
@pytest.mark.parametrize("qop", ["", "auth", "auth-int", "auth-int,auth"])
def test_challenges_are_answered(algorithm: str, qop: str) -> None:
    challenge = parse_auth(build_challenge("example.com", "n1", algorithm=algorithm, qop=qop, opaque="o", stale=True))
    assert (challenge.realm, challenge.get("stale"), challenge.get("qop")) == ("example.com", "true", qop)
    ha1 = compute_ha1("bob", "example.com", "secret", algorithm)
    text = build_credentials(challenge, "bob", ha1, "REGISTER", "sip:example.com", cnonce="c", nonce_count=2, body=b"x")
    credentials = parse_auth(text)
    assert check_response(credentials, ha1, "REGISTER", b"x")
    assert check_response(credentials, ha1, "REGISTER", b"y") == (qop != "auth-int")
    assert (credentials.get("opaque"), credentials.get("nc")) == ("o", "00000002" if qop else "")


def test_unknown_algorithms_never_match() -> None:
    credentials = parse_auth(RFC2617 + ", algorithm=MD4")
    assert not is_known_algorithm("MD4")
    assert not check_response(credentials, "", "GET")


def test_credentials() -> None:
    found = parse_auth('DIGEST  username="alice@example.com",realm = "a, b\\"c" ,\tURI="sip:x" ,, nc=1')
    assert (found.is_digest, found.username, found.user, found.domain) == (
        True,
        "alice@example.com",
        "alice",
        "example.com",
    )
    assert (found.realm, found.get("uri"), found.get("nc"), found.get("nonce")) == ('a, b\\"c', "sip:x", "1", "")


def test_other_schemes() -> None:
    assert parse_auth("NoOneKnowsThisScheme opaque-data=here").params == {"opaque-data": "here"}
    assert parse_auth("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").scheme == "basic"
    assert parse_auth("Negotiate").params == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest a",
        "Digest =b",
        "Digest a=b c=d",
        'Digest a="b',
        'Digest a="b"c',
        "Digest a=1, A=2",
        "Digest é=1",
        "Digest " + ",".join(f"a{i}=1" for i in range(65)),
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        parse_auth(text)


@pytest.mark.parametrize(
    "text",
    ["a= " + " " * 100_000 + '"', "a" * 100_000, 'a="' + "\\" * 100_001, " " * 100_000 + "x", ", " * 100_000 + "x",
     'a="' + '\\"' * 100_000],
    ids=["spaces", "name", "backslashes", "blank", "commas", "quotes"],
)  # fmt: skip
def test_hostile_credentials_take_no_longer_than_their_length(text: str) -> None:
    """Minutes where anything is tried twice; the test suite's limit would end it."""
    with pytest.raises(MessageError):
        parse_auth(f"Digest {text}")
