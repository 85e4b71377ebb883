"""The s. transformations."""

from __future__ import annotations

import pytest

from tests.support.fakes import context, expand, make_worker, read, write


@pytest.mark.parametrize(
    ("value", "transformation", "expected"),
    [
        ("abc", "s.len", 3),
        ("", "s.len", 0),
        ("é", "s.len", 2),
        (12345, "s.len", 5),
        ("12", "s.int", 12),
        ("+12", "s.int", 12),
        ("-12", "s.int", -12),
        ("", "s.int", None),
        ("12a", "s.int", None),
        ("1e3", "s.int", None),
        ("4294967297", "s.int", 1),
        (7, "s.int", 7),
        ("abc", "s.md5", "900150983cd24fb0d6963f7d28e17f72"),
        (15, "s.md5", "9bf31c7ff062936a96d3c8bd1f8f2ff3"),
        ("az\u00e9", "s.encode.hexa", "617ac3a9"),
        ("617Ac3a9", "s.decode.hexa", "az\u00e9"),
        ("617", "s.decode.hexa", "a"),
        ("6", "s.decode.hexa", ""),
        ("6g", "s.decode.hexa", None),
        ("6 6 ", "s.decode.hexa", None),
        ("a'b\"c\\d\0", "s.escape.common", "a\\'b\\\"c\\\\d\\0"),
        ("a\\'b\\\"c\\\\d\\0\\n\\", "s.unescape.common", "a'b\"c\\d\0\\n\\"),
        ("a b/%@;$", "s.escape.user", "a%20b%2f%25%40;$"),
        ("a\nb", "s.escape.user", None),
        ("\u00e9", "s.escape.user", None),
        ("a%20b%2F%7e", "s.unescape.user", "a b/~"),
        ("a%0ab", "s.unescape.user", None),
        ("a%", "s.unescape.user", None),
        ("a%4", "s.unescape.user", None),
        ("a%+4", "s.unescape.user", None),
        ('a b?&=,;"+@/', "s.escape.param", "a%20b%3f%26%3d%2c%3b%22%2b@/"),
        ("a%3bb", "s.unescape.param", "a;b"),
        ("abcdef", "s.substr,1,2", "bc"),
        ("abcdef", "s.substr,1,0", "bcdef"),
        ("abcdef", "s.substr,1,9", "bcdef"),
        ("abcdef", "s.substr,-3,2", "de"),
        ("abcdef", "s.substr,-3,0", "def"),
        ("abcdef", "s.substr,-3,5", "def"),
        ("abcdef", "s.substr,-6,1", "a"),
        ("abcdef", "s.substr,-7,1", None),
        ("abcdef", "s.substr,6,0", None),
        ("", "s.substr,0,0", None),
        (123456, "s.substr, 2 , 2", "34"),
        ("x\u00e9y", "s.substr,1,2", "\u00e9"),
        ("a,b,c", "s.select,0,,", "a"),
        ("a,b,c", "s.select,1,,", "b"),
        ("a,b,c", "s.select,-1,,", "c"),
        ("a,b,c", "s.select,3,,", ""),
        ("a,b,c", "s.select,-4,,", ""),
        ("abc", "s.select,0,:", "abc"),
        ("a b", "s.select,1, ", "b"),
        ("", "s.select,0,,", ""),
        ("ABCdef\u00c9", "s.tolower", "abcdef\u00c9"),
        ("abcDEF\u00e9", "s.toupper", "ABCDEF\u00e9"),
        ("abc", "s.LEN", 3),
        ("abcdef", "s.strip,2", "cdef"),
        ("abcdef", "s.strip,0", "abcdef"),
        ("abcdef", "s.strip,-1", "abcdef"),
        ("abcdef", "s.strip,9", ""),
        ("abcdef", "s.striptail,2", "abcd"),
        ("abcdef", "s.striptail,6", ""),
        ("abcdef", "s.striptail,0", "abcdef"),
        ("abc", "s.encode.hexa}{s.len}{s.int", 6),
    ],
)
def test_transforms(value: str | int, transformation: str, expected: str | int | None) -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$avp(x)", value)
    assert read(ctx, f"$(avp(x){{{transformation}}})") == expected


@pytest.mark.parametrize(
    "transformation",
    ["s.len", "s.int", "s.md5", "s.substr,0,1", "s.select,0,,", "s.tolower", "s.strip,1", "s.encode.hexa", "uri.user",
     "param.count", "nameaddr.uri", "tobody.uri", "s.escape.user", "s.unescape.user", "s.escape.common",
     "s.unescape.common", "s.decode.hexa", "s.escape.param", "s.striptail,1", "uri.param,a", "param.value,a"],
)  # fmt: skip
def test_null_stays_null_and_leaves_nothing_in_a_string(transformation: str) -> None:
    ctx = context(make_worker("pv"))
    assert read(ctx, f"$(avp(none){{{transformation}}})") is None
    assert expand(ctx, f"[$(avp(none){{{transformation}}})][$avp(none)]") == "[][<null>]"


def test_arguments_may_be_variables() -> None:
    ctx = context(make_worker("pv"))
    write(ctx, "$var(start)", 2)
    write(ctx, "$avp(x)", "abcdef")
    assert read(ctx, "$(avp(x){s.substr,$var(start),3})") == "cde"
    assert read(ctx, "$(avp(x){s.strip,$var(start)})") == "cdef"
