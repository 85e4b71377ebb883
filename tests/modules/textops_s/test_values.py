"""Values of headers and their parameters in `#!SER` scripts."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.core.selects import find_select, split_select_path
from siprouter.util.errors import OperatorError
from tests.support.fakes import call, context, edited, make_worker, request

FOO = ('Foo: a;x=1;y, b;x="2;,";z', "X: no", "foo:c")
AUTH = 'Authorization: Digest username="al,ice", realm=r,nonce="n"'
ADDRESSES = (
    'P-Asserted-Identity: "Al, Ice;" <sip:al@a.org;p=q?h=1,2>;n=v, tel:+49123;x=y',
    "P-Asserted-Identity: Bo Bo <sip:bo@b.org:5070>",
)


def make(*headers: str) -> Context:
    return context(make_worker("textops_s"), request("INVITE", "sip:bob@example.com", *headers))


def lines(ctx: Context, name: str) -> list[str]:
    """The header lines of a name, after the edits."""
    found = edited(ctx).decode().split("\r\n")
    return [line for line in found if line.lower().startswith(name.lower() + ":")]


@pytest.mark.parametrize(
    ("name", "reference", "value", "result", "expected"),
    [
        ("append_hf_value", "Foo", "N", 1, [FOO[0], FOO[2], "Foo: N"]),
        ("append_hf_value", "New[1]", "N", 1, [FOO[0], FOO[2]]),
        ("append_hf_value", "Foo[1]", "N", 1, ['Foo: a;x=1;y,N, b;x="2;,";z', "foo:c"]),
        ("append_hf_value", "Foo[2]", "N", 1, [FOO[0] + ",N", "foo:c"]),
        ("append_hf_value", "Foo[-1]", "N", 1, [FOO[0], "foo:c,N"]),
        ("append_hf_value", "Foo[]", "N", 1, [FOO[0], "foo:c,N"]),
        ("append_hf_value", "Foo[4]", "N", 1, [FOO[0], FOO[2], "Foo: N"]),
        ("insert_hf_value", "Foo", "N", 1, ["Foo: N", FOO[0], FOO[2]]),
        ("insert_hf_value", "Foo[1]", "N", 1, ["Foo: N," + FOO[0][5:], "foo:c"]),
        ("insert_hf_value", "Foo[2]", "N", 1, ['Foo: a;x=1;y,N, b;x="2;,";z', "foo:c"]),
        ("insert_hf_value", "Foo[3]", "N", 1, [FOO[0], "foo:N,c"]),
        ("insert_hf_value", "Foo[4]", "N", -1, [FOO[0], FOO[2]]),
        ("insert_hf_value", "Foo[-4]", "N", -1, [FOO[0], FOO[2]]),
        ("assign_hf_value", "Foo", "N", 1, ['Foo: N, b;x="2;,";z', "foo:c"]),
        ("assign_hf_value", " foo [ -2 ] ", "N", 1, ["Foo: a;x=1;y, N", "foo:c"]),
        ("assign_hf_value", "Foo", "", 1, ['Foo: , b;x="2;,";z', "foo:c"]),
        ("assign_hf_value", "Foo[4]", "N", -1, [FOO[0], FOO[2]]),
        ("assign_hf_value", "Foo.x", "9", 1, ['Foo: a;x=9;y, b;x="2;,";z', "foo:c"]),
        ("assign_hf_value", "Foo.X", "", 1, ['Foo: a;x;y, b;x="2;,";z', "foo:c"]),
        ("assign_hf_value", "Foo[2].x", "9", 1, ["Foo: a;x=1;y, b;x=9;z", "foo:c"]),
        ("assign_hf_value", "Foo[1].y", "9", 1, ['Foo: a;x=1;y=9, b;x="2;,";z', "foo:c"]),
        ("assign_hf_value", "Foo[1].n", "9", 1, ['Foo: a;x=1;y;n=9, b;x="2;,";z', "foo:c"]),
        ("assign_hf_value", "Foo[*].n", "", 1, ['Foo: a;x=1;y;n, b;x="2;,";z;n', "foo:c;n"]),
        ("assign_hf_value", "None[*].n", "", -1, [FOO[0], FOO[2]]),
        ("remove_hf_value", "Foo", None, 1, ['Foo:  b;x="2;,";z', "foo:c"]),
        ("remove_hf_value", "Foo[2]", None, 1, ["Foo: a;x=1;y", "foo:c"]),
        ("remove_hf_value", "Foo[3]", None, 1, [FOO[0]]),
        ("remove_hf_value", "Foo[*]", None, 1, []),
        ("remove_hf_value", "None[*]", None, -1, [FOO[0], FOO[2]]),
        ("remove_hf_value", "None", None, -1, [FOO[0], FOO[2]]),
        ("remove_hf_value", "Foo.x", None, 1, ['Foo: a;y, b;x="2;,";z', "foo:c"]),
        ("remove_hf_value", "Foo[-2].z", None, 1, ['Foo: a;x=1;y, b;x="2;,"', "foo:c"]),
        ("remove_hf_value", "Foo[*].x", None, 1, ["Foo: a;y, b;z", "foo:c"]),
        ("remove_hf_value", "Foo[*].n", None, -1, [FOO[0], FOO[2]]),
        ("remove_hf_value2", "Foo", None, 1, [FOO[2]]),
        ("remove_hf_value2", "Foo[-1]", None, 1, [FOO[0]]),
        ("remove_hf_value2", "Foo[*]", None, 1, []),
        ("assign_hf_value2", "Foo[2]", "N", 1, [FOO[0], "foo:N"]),
        ("assign_hf_value2", "Foo[3]", "N", -1, [FOO[0], FOO[2]]),
        ("include_hf_value", "Foo", "C", 1, [FOO[0], FOO[2]]),
        ("include_hf_value", "Foo", "d", 1, [FOO[0] + ",d", FOO[2]]),
        ("exclude_hf_value", "Foo", "C", 1, [FOO[0]]),
        ("exclude_hf_value", "Foo", "d", 1, [FOO[0], FOO[2]]),
        ("include_hf_value", "Foo", "", -1, [FOO[0], FOO[2]]),
        ("exclude_hf_value", "Foo", "", -1, [FOO[0], FOO[2]]),
    ],
)
def test_changes(name: str, reference: str, value: str | None, result: int, expected: list[str]) -> None:
    ctx = make(*FOO)
    assert call(ctx, name, reference, *([] if value is None else [value])) == result
    assert lines(ctx, "Foo") == expected
    assert lines(ctx, "X") == ["X: no"]


@pytest.mark.parametrize(
    ("name", "reference", "value", "result", "expected"),
    [
        ("assign_hf_value2", "Authorization.integrity-protected", '"yes"', 1, AUTH + ',integrity-protected="yes"'),
        ("assign_hf_value2", "Authorization.realm", "q", 1, AUTH.replace("=r,", "=q,")),
        ("assign_hf_value2", "Authorization[-1].realm", "", 1, AUTH.replace("=r,", ",")),
        ("assign_hf_value2", "Authorization[*].nonce", "%rm", 1, AUTH.replace('"n"', "INVITE")),
        ("assign_hf_value2", "Authorization[2].nonce", "x", -1, AUTH),
        ("remove_hf_value2", "Authorization.username", None, 1, 'Authorization: Digest realm=r,nonce="n"'),
        ("remove_hf_value2", "Authorization.realm", None, 1, 'Authorization: Digest username="al,ice",nonce="n"'),
        ("remove_hf_value2", "Authorization.nonce", None, 1, 'Authorization: Digest username="al,ice", realm=r'),
        ("remove_hf_value2", "Authorization.x", None, -1, AUTH),
    ],
)
def test_parameters_between_commas(name: str, reference: str, value: str | None, result: int, expected: str) -> None:
    ctx = make(AUTH)
    assert call(ctx, name, reference, *([] if value is None else [value])) == result
    assert lines(ctx, "Authorization") == [expected]


@pytest.mark.parametrize(
    ("before", "reference", "after"),
    [
        ("Digest", "A.x", "Digest x=1"),
        ("", "A.x", "x=1"),
        ("Digest a=b", "A.a", "Digest a=1"),
        ("?? a=b", "A.x", "?? a=b,x=1"),
    ],
)
def test_new_parameters(before: str, reference: str, after: str) -> None:
    ctx = make(f"A: {before}")
    assert call(ctx, "assign_hf_value2", reference, "1") == 1
    assert lines(ctx, "A") == [f"A: {after}"]


def test_sets() -> None:
    ctx = make("k: 100rel,path , timer", "Supported: path")
    assert [call(ctx, "hf_value_exists", "Supported", value) for value in ("PATH", "Timer", "pat", "", "%rm")] == [
        1,
        1,
        -1,
        -1,
        -1,
    ]
    assert call(ctx, "exclude_hf_value", "supported", "path") == 1
    assert (lines(ctx, "k"), lines(ctx, "Supported")) == (["k: 100rel, timer"], [])
    ctx = make("Supported: a, b, b")
    call(ctx, "exclude_hf_value", "Supported", "b")
    assert lines(ctx, "Supported") == ["Supported: a"]
    ctx = make("Supported: b,b")
    call(ctx, "exclude_hf_value", "Supported", "b")
    assert lines(ctx, "Supported") == []
    ctx = make("Supported:")
    call(ctx, "include_hf_value", "Supported", "b")
    assert lines(ctx, "Supported") == ["Supported:b"]
    ctx = make()
    call(ctx, "include_hf_value", "Supported", "b")
    assert lines(ctx, "Supported") == ["Supported: b"]


def test_many_values() -> None:
    ctx = make("Supported: " + "a," * 20_000 + "b")
    call(ctx, "exclude_hf_value", "Supported", "a")
    assert lines(ctx, "Supported") == ["Supported: b"]


def test_line_ends_are_refused() -> None:
    ctx = make(*FOO)
    for name in ("append_hf_value", "insert_hf_value", "assign_hf_value", "assign_hf_value2", "include_hf_value"):
        assert call(ctx, name, "Foo", "a\r\nb: c") == -1
    assert ctx.msg.edits == []


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("append_hf_value", "a[*]"),
        ("append_hf_value", "a.b"),
        ("insert_hf_value", "a[*]"),
        ("insert_hf_value", "a.b"),
        ("assign_hf_value", "a[*]"),
        ("assign_hf_value2", "a[*]"),
        ("include_hf_value", "a[1]"),
        ("exclude_hf_value", "a.b"),
        ("hf_value_exists", "a[]"),
        ("append_hf_value", ""),
        ("append_hf_value", "a b"),
        ("append_hf_value", "a[1"),
        ("append_hf_value", "a[x]"),
        ("assign_hf_value", "a."),
        ("assign_hf_value", "a.b c"),
        ("append_hf_value", "a[1234567]"),
    ],
)
def test_bad_references(name: str, reference: str) -> None:
    with pytest.raises(OperatorError):
        call(make(), name, reference, "x")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("hf_value.foo", 'a;x=1;y,b;x="2;,";z,c'),
        ("hf_value.foo[2]", 'b;x="2;,";z'),
        ("hf_value.foo[-1]", "c"),
        ("hf_value.foo[0]", "a;x=1;y"),
        ("hf_value.foo[9]", ""),
        ("hf_value.none", ""),
        ("hf_value.none[1].x", ""),
        ("hf_value.foo.x", "1"),
        ("hf_value.foo[2].x", "2;,"),
        ("hf_value.foo[2].p.x", "2;,"),
        ("hf_value.foo[1].param.y", ""),
        ("hf_value.foo[2].params.x", "2;,"),
        ("hf_value.foo.params.none", None),
        ("hf_value.foo.nope", ""),
        ("hf_value.p_asserted_identity.uri", "sip:al@a.org;p=q?h=1,2,tel:+49123,sip:bo@b.org:5070"),
        ("hf_value.p_asserted_identity[2].uri", "tel:+49123"),
        ("hf_value.p_asserted_identity[2].x", "y"),
        ("hf_value.p_asserted_identity.uri.user", "al"),
        ("hf_value.p_asserted_identity[3].uri.port", "5070"),
        ("hf_value.p_asserted_identity.uri.params.p", "q"),
        ("hf_value.p_asserted_identity.uri.nope", None),
        ("hf_value.p_asserted_identity.name", "Al, Ice;"),
        ("hf_value.p_asserted_identity[3].name", "Bo Bo"),
        ("hf_value.p_asserted_identity[2].name", ""),
        ("hf_value.p_asserted_identity.n", "v"),
        ("hf_value.p_asserted_identity[3].nameaddr.name", "Bo Bo"),
        ("hf_value.p_asserted_identity[3].nameaddr.uri.host", "b.org"),
        ("hf_value.p_asserted_identity.nameaddr.params.n", "v"),
        ("hf_value.p_asserted_identity.nameaddr.nope", None),
        ("hf_value.via.uri", "192.0.2.1:5070"),
        ("hf_value.via[1].name", "SIP/2.0/UDP"),
        ("hf_value.via[-1].branch", "z9hG4bK1"),
        ("hf_value.from.tag", "a1"),
        ("hf_value.f[1].uri.host", "example.org"),
        ("hf_value.fold[2]", "b c"),
        ("hf_value.odd", 'a;x="1,2'),
        ("hf_value.odd.x", "1,2"),
        ("hf_value.open[1].uri", ""),
        ("hf_value.esc[1]", '"a\\",b"'),
        ("hf_value2.authorization", AUTH[15:]),
        ("hf_value2.authorization.username", "al,ice"),
        ("hf_value2.authorization[1].nonce", "n"),
        ("hf_value2.authorization[2]", ""),
        ("hf_value2.authorization[2].nonce", ""),
        ("hf_value2.authorization.none", ""),
        ("hf_value2.foo[2]", "c"),
        ("hf_value2.foo.params.x", "1"),
        ("hf_value2.call_info.info.uri.host", "h.org"),
        ("hf_value2.call_info.who.nameaddr.name", "Jo"),
        ("hf_value2.call_info.who.nameaddr.uri.user", "jo"),
        ("hf_value_exists.foo.C", "1"),
        ("hf_value_exists.foo.d", "0"),
        ("hf_value_exists.list.a_b", "1"),
    ],
)
def test_selects(path: str, expected: str | None) -> None:
    more = (
        'Call-Info: x info=sip:h.org, who="Jo <sip:jo@x>"',
        "List: A-B",
        "Fold: a,\r\n b \r\n  c",
        'Odd: a;x="1,2',
        "Open: <sip:x",
        'Esc: "a\\",b", c',
    )
    ctx = make(*FOO, *ADDRESSES, AUTH, *more)
    found = find_select(ctx.worker.registry, split_select_path(path))
    assert found is not None
    assert found(ctx) == expected
