"""The uri., param., nameaddr. and tobody. transformations."""

from __future__ import annotations

import pytest

from tests.support.fakes import context, expand, make_worker, read, write

URI = (
    "sips:alice:secret@[2001:db8::1]:5071;transport=TCP;lr;r2=on;X=Y;user=phone;ttl=3;maddr=h;method=BYE?subject=a&b=c"
)
TO = '"Al \\"x\\"" <sip:alice@example.org:5061;lr>;tag=t1;x=y'


@pytest.mark.parametrize(
    ("value", "transformation", "expected"),
    [
        (URI, "uri.user", "alice"),
        (URI, "uri.passwd", "secret"),
        (URI, "uri.host", "[2001:db8::1]"),
        (URI, "uri.domain", "[2001:db8::1]"),
        (URI, "uri.port", 5071),
        (URI, "uri.params", "transport=TCP;lr;r2=on;X=Y;user=phone;ttl=3;maddr=h;method=BYE"),
        (URI, "uri.headers", "subject=a&b=c"),
        (URI, "uri.transport", "TCP"),
        (URI, "uri.ttl", "3"),
        (URI, "uri.uparam", "phone"),
        (URI, "uri.maddr", "h"),
        (URI, "uri.method", "BYE"),
        (URI, "uri.lr", ""),
        (URI, "uri.r2", "on"),
        (URI, "uri.param,x", "Y"),
        (URI, "uri.param,none", ""),
        ("sip:h", "uri.user", ""),
        ("sip:h", "uri.port", 0),
        ("sip:h", "uri.params", ""),
        ("sip:h", "uri.param,x", ""),
        ("sip:", "uri.user", None),
        ("", "uri.user", None),
        (5, "uri.user", None),
        ('a=b;c;d="e;f" ; g = h', "param.count", 4),
        ('a=b;c;d="e;f" ; g = h', "param.value,d", "e;f"),
        ('a=b;c;d="e;f" ; g = h', "param.value,G", "h"),
        ('a=b;c;d="e;f" ; g = h', "param.value,c", ""),
        ('a=b;c;d="e;f" ; g = h', "param.value,z", ""),
        ("a=1;a=2", "param.value,a", "2"),
        ("a=1;b=2;c=3", "param.valueat,0", "1"),
        ("a=1;b=2;c=3", "param.valueat,-1", "3"),
        ("a=1;b=2;c=3", "param.valueat,3", ""),
        ("a=1;b=2;c=3", "param.name,1", "b"),
        ("a=1;b=2;c=3", "param.name,-3", "a"),
        ("a=1;b=2;c=3", "param.name,-4", ""),
        ("a=", "param.value,a", ""),
        ("a=1;", "param.count", None),
        ('a="1', "param.count", None),
        ("a=1 b", "param.count", None),
        ("a=1,b=2", "param.count", 1),
        (TO, "nameaddr.name", '"Al \\"x\\"" '),
        (TO, "nameaddr.uri", "sip:alice@example.org:5061;lr"),
        (TO, "nameaddr.len", 42),
        ("sip:a@b", "nameaddr.uri", "sip:a@b"),
        ("sip:a@b", "nameaddr.name", ""),
        ("sip:a@b", "nameaddr.len", 7),
        ("<sip:a@b", "nameaddr.uri", None),
        ('"<x>" <sip:a@b>', "nameaddr.uri", "sip:a@b"),
        (TO, "tobody.uri", "sip:alice@example.org:5061;lr"),
        (TO, "tobody.user", "alice"),
        (TO, "tobody.host", "example.org"),
        (TO, "tobody.tag", "t1"),
        (TO, "tobody.display", '"Al \\"x\\""'),
        (TO, "tobody.params", "tag=t1;x=y"),
        ("sip:a@b;tag=1", "tobody.uri", "sip:a@b"),
        ("sip:a@b;tag=1", "tobody.params", "tag=1"),
        ("sip:a@b", "tobody.params", ""),
        ("sip:a@b", "tobody.tag", ""),
        ("<sip:a@b", "tobody.uri", None),
        ("<foo>", "tobody.uri", None),
    ],
)
def test_transforms(value: str | int, transformation: str, expected: str | int | None) -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$avp(x)", value)
    assert read(ctx, f"$(avp(x){{{transformation}}})") == expected


def test_a_port_that_is_not_there_is_0_and_prints_nothing() -> None:
    ctx = context(make_worker("pv"))
    assert read(ctx, "$(ru{uri.port})") == 0
    assert expand(ctx, "[$(ru{uri.port})]") == "[]"


def test_the_parsed_text_is_not_mixed_up_with_the_last_one() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$avp(a)", "sip:a@x")
    write(ctx, "$avp(b)", "sip:b@y")
    assert expand(ctx, "$(avp(a){uri.user})$(avp(b){uri.user})$(avp(a){uri.host})") == "abx"


def test_a_parameter_name_may_be_a_variable() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$avp(name)", "transport")
    assert read(ctx, "$(ru{uri.param,$avp(name)})") == "tcp"
