"""Searching, replacing and substituting."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.util.errors import OperatorError
from tests.support.fakes import call, context, edited, make_worker, read, reply, request, write

SDP = b"v=0\r\no=x 1 1 IN IP4 10.0.0.1\r\nc=IN IP4 10.0.0.1\r\n"


def make(body: bytes = SDP, *headers: str) -> Context:
    return context(make_worker("pv", "textops"), request("INVITE", "sip:bob@example.com", *headers, body=body))


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("search", "^invite", True), ("search", "IP4 10", True), ("search", "^C=IN", True), ("search", "$x^", False),
        ("search", "^cseq: [0-9]+", True), ("search", "sip:b.b@", True), ("search_body", "^v=0", True),
        ("search_body", "INVITE", False), ("search_body", "in ip4", True),
    ],
)  # fmt: skip
def test_search(name: str, pattern: str, found: bool) -> None:
    assert call(make(), name, pattern) == (1 if found else -1)


def test_nothing_is_found_in_an_empty_body() -> None:
    ctx = make(b"")
    for name, args in (
        ("search_body", ("x*",)), ("search_append_body", ("x*", "y")), ("replace_body", ("x*", "y")),
        ("replace_body_all", ("x*", "y")), ("replace_body_atonce", ("x*", "y")), ("subst_body", ("/x/y/",)),
        ("filter_body", ("a/b",)),
    ):  # fmt: skip
        assert call(ctx, name, *args) == -1
    assert not ctx.msg.edits


def test_bad_patterns() -> None:
    ctx = make()
    with pytest.raises(OperatorError, match="bad regular expression"):
        call(ctx, "search", "a(")
    declared, inst, _ = ctx.worker.registry.find_functions("search")[0]
    computed = declared.args[0].convert(ctx, "a(")
    assert declared.call(inst, ctx, computed) == -1
    assert declared.call(inst, ctx, declared.args[0].convert(ctx, "invite")) == 1


def test_append_behind_a_match() -> None:
    ctx = make()
    assert call(ctx, "search_append", "bob@example.com", ":5080") == 1
    assert call(ctx, "search_append_body", "c=IN IP4 [0-9.]+", "/127") == 1
    assert call(ctx, "search_append", "nowhere", "x") == -1
    text = edited(ctx)
    assert text.startswith(b"INVITE sip:bob@example.com SIP/2.0\r\n")
    assert b"To: <sip:bob@example.com:5080>" in text
    assert text.endswith(b"c=IN IP4 10.0.0.1/127\r\n")


def test_replace() -> None:
    ctx = make()
    assert call(ctx, "replace", "example", "replaced") == 1
    assert call(ctx, "replace", "nowhere", "x") == -1
    text = edited(ctx)
    assert text.count(b"replaced") == 1
    assert b"From: <sip:alice@replaced.org>" in text
    assert b"sip:bob@example.com SIP/2.0" in text


def test_replace_all() -> None:
    ctx = make()
    assert call(ctx, "replace_all", "example|ip4", "X") == 1
    assert edited(ctx).count(b"X") == 4
    assert call(make(), "replace_all", "nowhere", "x") == -1
    ctx = make()
    assert call(ctx, "replace_all", "q*", "x") == -1
    assert ctx.worker.texts() == ["the pattern matches the empty string"]


def test_replace_in_the_body() -> None:
    ctx = make()
    assert call(ctx, "replace_body", "10.0.0.1", "192.0.2.77") == 1
    assert edited(ctx).split(b"\r\n\r\n")[1] == SDP.replace(b"10.0.0.1", b"192.0.2.77", 1)
    assert b"Content-Length: %d\r\n" % (len(SDP) + 2) in edited(ctx)
    ctx = make()
    assert call(ctx, "replace_body_all", "^.=", "X=") == 1
    assert edited(ctx).count(b"X=") == 3
    ctx = make()
    assert call(ctx, "replace_body_atonce", "^.=", "X=") == 1
    assert edited(ctx).count(b"X=") == 1
    ctx = make()
    assert call(ctx, "replace_body_atonce", "v=.*c=", "all=") == 1
    assert edited(ctx).endswith(b"\r\n\r\nall=IN IP4 10.0.0.1\r\n")


def test_substitute_in_the_message() -> None:
    ctx = make(SDP, "X-Name: j\u00f6rg")
    write(ctx, "$var(x)", "$")
    assert call(ctx, "subst", "/^(to|from): *<sip:([a-z]+)@/\\1: <sip:$rm-\\2$var(x)@/ig") == 1
    assert call(ctx, "subst", "#J(.+)rg#J\\1\\u#i") == 1
    assert call(ctx, "subst", "/nowhere/x/") == -1
    text = edited(ctx)
    assert b"\r\nFrom: <sip:INVITE-alice$@example.org>" in text
    assert b"\r\nTo: <sip:INVITE-bob$@example.com>" in text
    assert b"\r\nX-Name: J\xc3\xb6sip:bob@example.com\r\n" in text
    assert text.startswith(b"INVITE sip:bob@example.com SIP")


def test_substitute_in_the_body() -> None:
    ctx = make("s=\u00e4\r\nt=\u00e4\r\n".encode())
    assert call(ctx, "subst_body", "/^(.)=\u00e4/\\1=ok/g") == 1
    assert edited(ctx).endswith(b"\r\n\r\ns=ok\r\nt=ok\r\n")


def test_substitute_in_the_request_uri() -> None:
    ctx = make()
    assert call(ctx, "subst_uri", "/^sip:(.*)@(.*)$/sips:x\\1@$si/") == 1
    assert ctx.uri == "sips:xbob@192.0.2.1"
    assert call(ctx, "subst_uri", "/nowhere/x/") == -1
    assert call(ctx, "subst_user", "/^x/00/") == 1
    assert ctx.uri == "sips:00bob@192.0.2.1"
    assert call(ctx, "subst_user", "/^q/00/") == -1
    answer = context(ctx.worker, reply())
    assert [call(answer, "subst_uri", "/$/x/"), call(answer, "subst_user", "/$/x/")] == [-1, -1]


def test_an_empty_match_is_refused() -> None:
    ctx = make()
    assert call(ctx, "subst_uri", "/x*/y/") == -1
    assert "empty string" in ctx.worker.texts()[-1]


@pytest.mark.parametrize("text", ["/a/b", "a", "/(/b/", "/a/b/q", "/a/$none(x)/", ""])
def test_bad_substitutions(text: str) -> None:
    with pytest.raises(OperatorError):
        call(make(), "subst", text)


@pytest.mark.parametrize(
    ("value", "expression", "expected"),
    [
        ("abc", "/b/x/", "axc"), ("abcb", "/b/x/g", "axcx"), ("ABC", "/b/[\\0]/i", "A[B]C"), ("abc", "/z/x/", "abc"),
        ("a,b", "/,/;/", "a;b"), ("aab", "/a{2}/x/", "xb"), ("abc", "/b/$rm/", "aINVITEc"), ("", "/b/x/", None),
        (12, "/1/x/", "x2"), (12, "/9/x/", 12), ("abc", "/x*/y/", "abc"),
    ],
)  # fmt: skip
def test_the_transformation(value: str | int, expression: str, expected: str | int | None) -> None:
    ctx = make()
    write(ctx, "$avp(x)", value)
    assert read(ctx, f"$(avp(x){{re.subst,{expression}}})") == expected
    assert read(ctx, f"$(avp(none){{re.subst,{expression}}})") is None
