"""Expressions: conversions and operators as 3.1 has them."""

from __future__ import annotations

import pytest

from tests.support.scripts import Rig, evaluate, run

SETUP = '$var(i) = 5; $var(s) = "abc"; $var(n) = "12"; $avp(a) = "x";'


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 mod 3", -1),
        ("7 mod -3", 1),
        ("1 << 31", -(2**31)),
        ("2147483647 + 1", -(2**31)),
        ("-8 >> 1", -4),
        ("0xff & 0x0f", 15),
        ("5 | 2 ^ 7", 5),
        ("~0", -1),
        ("!5", 0),
        ("!0", 1),
        ("1 && 2", 1),
        ("0 || 0", 0),
        ("3 > 2 && 2 >= 2", 1),
        ('"a" + 1 + 2', "a12"),
        ('1 + "2"', None),
        ('(int)"12" + 1', 13),
        ('(int)"12x"', 0),
        ("(str)12 + 1", "121"),
        ('"5" == 5', 1),
        ('"05" == 5', 0),
        ('"05" ieq 5', None),
        ('(int)"05" ieq 5', 1),
        ('"a" eq "a"', 1),
        ('"a" ne "A"', 1),
        ('"abc" =~ "B"', 1),
        ('"abc" =~ "^b"', 0),
        ('strlen("abc")', 3),
        ('strlen("ä")', 2),
        ('strempty("")', 1),
        ("yes + on", 2),
        ("INET6", 10),
    ],
)
def test_constants(expression: str, value: object) -> None:
    if value is None:
        rig = Rig(f"#!KAMAILIO\nroute {{ keep({expression}); }}")
        assert [item.code for item in rig.found.errors] == ["type"]
        return
    found = evaluate(expression)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$var(i) + 1", 6),
        ("$var(i) + $var(n)", 17),
        ("$var(s) + 1", "abc1"),
        ("$var(n) + $var(i)", "125"),
        ("$var(i) - $var(s)", 5),
        ("$var(i) * -2", -10),
        ("-$var(i)", -5),
        ("$avp(none) + 1", "1"),
        ("1 + $avp(none)", 1),
        ("$null + $null", ""),
        ("$var(i) == 5", 1),
        ('$var(i) == "5"', 1),
        ('$var(i) == "abc"', 0),
        ("$var(s) == 0", 0),
        ('$var(s) == "abc"', 1),
        ("$var(n) == 12", 1),
        ("$var(n) == $var(i)", 0),
        ("$avp(none) == 0", 1),
        ('$avp(none) == ""', 1),
        ("$avp(none) == $null", 1),
        ('$avp(none) == "x"', 0),
        ('$avp(none) != "x"', 1),
        ("0 == $avp(none)", 1),
        ('"" == $avp(none)', 1),
        ("$var(s) eq $var(s)", 1),
        ("$var(i) eq 5", 1),
        ("$avp(none) eq 0", 0),
        ("$avp(none) ieq 0", 1),
        ("$var(s) ieq 0", 1),
        ("$var(i) < 6 && $var(i) >= 5", 1),
        ("$var(n) > 11", 1),
        ('$var(s) =~ "^A.C$"', 1),
        ('$var(s) !~ "x"', 1),
        ('$var(s) =~ "[" + "b]"', 1),
        ("$var(s) =~ $var(s)", 1),
        ('$var(s) =~ "(" + $null', 0),
        ("defined $var(s)", 1),
        ("defined $avp(none)", 0),
        ("!defined $null", 1),
        ("strlen($var(s) + 1)", 4),
        ("strlen($avp(none))", 0),
        ("strempty($avp(none))", 1),
        ("(int)$var(n) + 1", 13),
        ("(str)$var(i) + 1", "51"),
        ("(int)$var(s)", 0),
        ("!$var(s)", 1),
        ("!$var(n)", 0),
        ("$var(n) && $var(i)", 1),
        ("~$var(i)", -6),
        ("$var(i) << 1 | 1", 11),
        ("$var(i) mod 3", 2),
        ("$var(i) / 2", 2),
        ('"<" + $var(s) + ":" + $var(i) + ">"', "<abc:5>"),
    ],
)
def test_variables(expression: str, value: object) -> None:
    found = evaluate(expression, SETUP)
    assert found == value
    assert type(found) is type(value)


def test_an_int_variable_that_is_zero_equals_any_text_without_number() -> None:
    assert evaluate('$var(z) == "abc"', "$var(z) = 0;") == 1


def test_calls_in_expressions_are_true_when_positive() -> None:
    assert run("keep(code(5)); keep(!code(-3)); keep(code(2) + 1); keep((int)code(7));") == [1, 1, 2, 1]


def test_assigning_a_call_keeps_its_code() -> None:
    assert run("$var(x) = code(-3); keep($var(x)); $var(x) = -code(4); keep($var(x));") == [-3, -1]


def test_assigning_null_removes_an_avp() -> None:
    assert run("$avp(x) = 1; keep(defined $avp(x)); $avp(x) = $null; keep(defined $avp(x));") == [1, 0]


def test_add_and_assign() -> None:
    assert run('$var(i) = 1; $var(i) += 2; keep($var(i)); $var(s) = "a"; $var(s) += 2; keep($var(s));') == [3, "a2"]


def test_assignment_as_expression_is_true() -> None:
    assert run("if (($var(x) = 0)) keep($var(x));") == [0]


def test_block_as_expression() -> None:
    body = "if ({ keep(1); code(-1); }) keep(2); else keep(3); keep({ return 5; }); keep({ break; });"
    assert run(body) == [1, 3, 1, 0]


def test_short_circuit() -> None:
    assert run("if (code(-1) && keep(1)) keep(2); if (code(1) || keep(3)) keep(4);") == [4]
    assert run("if (0 || keep(1) && !keep(2) || keep(3)) keep(4);") == [1, 2, 3, 4]


@pytest.mark.parametrize("value", ["-1", "0", '"abc"', "$avp(none)", "$var(m)"])
def test_if_needs_a_positive_number(value: str) -> None:
    assert run(f"$var(m) = -5; $var(x) = {value}; if ($var(x)) keep(1); else keep(2);") == [2]


def test_a_negative_number_is_true_for_logic_and_while() -> None:
    assert run("$var(m) = -5; if ($var(m) && 1) keep(1); while ($var(m)) { keep(2); $var(m) = 0; }") == [1, 2]


def test_division_by_zero_is_logged_and_false() -> None:
    rig = Rig(
        """#!KAMAILIO
route {
	$var(z) = 0;
	$var(x) = 7;
	$var(x) = 1 / $var(z);
	keep($var(x));
	if (5 mod $var(z) == 0) keep("yes"); else keep("no");
	if (!(1 / $var(z))) keep("negated");
	keep(1 / $var(z));
	switch (1 / $var(z)) { case 0: keep("0"); break; default: keep("default"); }
	route(R);
	keep($rc);
}
route[R] { return 1 / $var(z); }
"""
    )
    assert rig.run() == [7, "no", "default", -1]
    assert sum("division by zero" in text for text in rig.worker.texts()) == 5
    assert any(text.startswith("test.cfg:5: division") for text in rig.worker.texts())


def test_strings_cannot_grow_without_end() -> None:
    rig = Rig('#!KAMAILIO\nroute { $var(s) = "xxxxxxxxxxxxxxxx"; while (1) $var(s) = $var(s) + $var(s); }')
    with pytest.raises(Exception, match="longer than"):
        rig.run()


def test_texts_are_not_expanded_when_assigned() -> None:
    assert run('$var(x) = "$rU"; keep($var(x)); note("$rU");') == ["$rU", "bob"]
