"""Tokens: numbers, strings, addresses, and what `$` starts in each mode."""

from __future__ import annotations

import pytest

from siprouter.script.lexer import parse_number, unescape
from tests.support.scripts import codes, parse, tokens


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("42", 42), ("0x1F", 31), ("0X1f", 31), ("017", 15), ("101b", 5), ("08", 8)]
)
def test_numbers(text: str, value: int) -> None:
    assert parse_number(text) == value
    assert tokens(text) == [("num", value)]


def test_a_number_with_letters_is_a_name() -> None:
    assert tokens("12ab") == [("numid", "12ab")]


def test_a_number_over_32_bits_is_an_error() -> None:
    _, found = parse("debug=4294967296\nfork=no\n")
    assert codes(found) == [("number-range", 1, 7)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\tb\n"', "a\tb\n"),
        (r'"\"q\" \\"', '"q" \\'),
        (r'"\x41\x4"', "A\x04"),
        (r'"\101\7"', "A\\7"),
        (r'"\d+\.\("', r"\d+\.\("),
        ('"a\\\nb"', "ab"),
        (r"'a\n'", r"a\n"),
        ('"one" "two"\n\t"three"', "onetwothree"),
        ('"\\xc3\\xa4"', "ä"),
    ],
)
def test_strings(text: str, value: str) -> None:
    assert tokens(text) == [("str", value)]


def test_single_quotes_do_not_join() -> None:
    assert tokens("'a' 'b' \"c\"") == [("str", "a"), ("str", "b"), ("str", "c")]


def test_bytes_that_are_no_utf8_survive() -> None:
    assert unescape("\\xff").encode("utf-8", "surrogateescape") == b"\xff"


@pytest.mark.parametrize("address", ["::1", "::", "2001:db8::1", "1:2:3:4:5:6:7:8", "fe80::", "::ffff:1:2"])
def test_ipv6(address: str) -> None:
    assert tokens(address) == [("ip6", address)]


def test_case_labels_are_no_ipv6() -> None:
    assert tokens("case 1: a") == [("id", "case"), ("num", 1), (":", ":"), ("id", "a")]


def test_comments() -> None:
    assert tokens("a # b\nc /* d /* e */ f */ g // h\n") == [("id", "a"), ("id", "c"), ("id", "g")]


def test_words_with_a_colon() -> None:
    assert tokens("msg:len uri:host") == [("id", "msg:len"), ("id", "uri:host")]


def test_casts_need_no_blanks() -> None:
    assert tokens("(int)$rU ( int )", "kamailio") == [
        ("cast", "int"),
        ("pvar", "$rU"),
        ("(", "("),
        ("id", "int"),
        (")", ")"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$rU", [("pvar", "$rU")]),
        ("$var(x)", [("pvar", "$var(x)")]),
        ("$(hdr(From){nameaddr.uri})", [("pvar", "$(hdr(From){nameaddr.uri})")]),
        ("$avp(s:x)[1]", [("pvar", "$avp(s:x)"), ("[", "["), ("num", 1), ("]", "]")]),
        ("$?", [("pvar", "$?")]),
        ("$rc;", [("pvar", "$rc"), (";", ";")]),
        ("%f.x", [("attr", ("f", "x"))]),
    ],
)
def test_dollar_in_kamailio_mode(text: str, expected: object) -> None:
    assert tokens(text, "kamailio") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x", [("attr", ("", "x"))]),
        ("$fu.did", [("attr", ("fu", "did"))]),
        ("$fx", [("attr", ("", "fx"))]),
        ("%g.x[]", [("attr", ("g", "x")), ("[", "["), ("]", "]")]),
        ("$retcode", [("pvar", "$retcode")]),
    ],
)
def test_dollar_in_ser_mode(text: str, expected: object) -> None:
    assert tokens(text, "ser") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x", [("name", "$x")]),
        ("$f.did", [("attr", ("f", "did"))]),
        ("$x[1]", [("attr", ("", "x")), ("[", "["), ("num", 1), ("]", "]")]),
        ("$var(x)", [("pvar", "$var(x)")]),
        ("$(ru)", [("pvar", "$(ru)")]),
        ("$rc", [("pvar", "$rc")]),
    ],
)
def test_dollar_in_max_mode(text: str, expected: object) -> None:
    assert tokens(text, "max") == expected


def test_the_mode_line_decides() -> None:
    assert tokens("#!SER\n$x\n#!KAMAILIO\n$x\n#!ALL\n$x") == [("attr", ("", "x")), ("pvar", "$x"), ("name", "$x")]


def test_a_mode_word_with_more_text_is_a_comment() -> None:
    assert tokens("#!SER is what this was\n$x", "kamailio") == [("pvar", "$x")]


def test_selects() -> None:
    text = '@from.uri.user @via[1].host @msg.header["P-X"] @cfg_get.a.b;'
    kinds = [("select", "@from.uri.user"), ("select", "@via[1].host"), ("select", '@msg.header["P-X"]')]
    assert tokens(text) == [*kinds, ("select", "@cfg_get.a.b"), (";", ";")]


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ('debug="abc\n', "unclosed-string", 7),
        ("debug='abc\n", "unclosed-string", 7),
        ("debug=3 /* open", "unclosed-comment", 9),
        ("route { $var(x }\n", "unclosed-variable", 9),
        ("route { $ }", "bad-character", 9),
        ("debug=3 ?", "bad-character", 9),
    ],
)
def test_lexical_errors(text: str, code: str, column: int) -> None:
    _, found = parse(text)
    assert (code, 1, column) in codes(found)
