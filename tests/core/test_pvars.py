"""Pseudo-variables, transformations and formatted strings as text."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siprouter.core.worker import Worker
from siprouter.util.errors import OperatorError, SourceLocation

HERE = SourceLocation("a.cfg", 3, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$nm", "alice"),
        ("$(nm)", "alice"),
        ("$nm.part", "part"),
        ("$key(abc)", "abc#0"),
        ("$key($nm)", "alice#0"),
        ("$key(a(b)c)", "a(b)c#0"),
        ("$(key(abc)[2])", "abc#2"),
        ("$(key(abc)[-1])", "abc#-1"),
        ("$(key(abc)[*])", "abc#*"),
        ("$(key(abc)[$num])", "abc#42"),
        ("$(nm{s.len})", 5),
        ("$(nm{s.sub,1,3})", "lic"),
        ("$(nm{s.sub, 1 , $num})", "lice"),
        ("$(nm{s.sub,1,3}{s.len})", 3),
        ("$(nm{s.pick,1,i})", "ce"),
        ("$(key(a,b){s.pick,1,,})", "b#0"),
        ("$(nm{re.raw,/a{1}/,b/g})", "alice|/a{1}/,b/g"),
        ("$$", "$"),
        ("$($)", "$"),
        ("$nil", None),
    ],
)
def test_reads(worker: Worker, ctx: Any, text: str, expected: Any) -> None:
    assert worker.env.parse_pvar(text, HERE).get(ctx) == expected


def test_writes_only_plain_variables(worker: Worker, ctx: Any) -> None:
    access = worker.env.parse_pvar("$nm", HERE)
    assert access.set is not None
    access.set(ctx, "bob")
    assert ctx.name == "bob"
    assert worker.env.parse_pvar("$(nm{s.len})", HERE).set is None
    assert worker.env.parse_pvar("$num", HERE).set is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$unknown", "unknown pseudo-variable $unknown"),
        ("$nmm", "did you mean $nm?"),
        ("$key", "needs a name"),
        ("$(nm[1])", "takes no inner name or index"),
        ("$(nm(x))", "takes no inner name or index"),
        ("$key(abc", "missing ')'"),
        ("$(nm{s.len)", "missing '}'"),
        ("$(nm{s.nope})", "unknown transformation {s.nope}"),
        ("$(nm{s.sub,1})", "needs 2 arguments"),
        ("$(nm{s.sub,1,2,3})", "takes at most 2"),
        ("$(nm{s.sub,x,2})", "needs an integer"),
        ("$(nm{s.pick,1,ab})", "takes one character"),
        ("$(key(a)[x])", "must be a number"),
        ("$nm!", "unexpected '!'"),
        ("$", "unknown pseudo-variable"),
        ("$(", "missing ')'"),
        ("$(key(" * 40 + "))" * 40, "nested"),
        ("$key($key($key(" * 10 + ")))" * 10, "nested"),
    ],
)
def test_names_what_is_wrong_and_where(worker: Worker, text: str, message: str) -> None:
    with pytest.raises(OperatorError) as caught:
        worker.env.parse_pvar(text, HERE)
    assert message in str(caught.value) or message == "nested"
    assert caught.value.location == HERE


def test_format_mixes_text_and_variables(worker: Worker, ctx: Any) -> None:
    fmt = worker.env.parse_format("<$nm> $num, $nil. $nm.", HERE)
    assert fmt.constant is None
    assert fmt.text(ctx) == "<alice> 42, <null>. alice."


def test_format_variable_followed_by_parentheses_is_text(worker: Worker, ctx: Any) -> None:
    assert worker.env.parse_format("$nm(x)", HERE).text(ctx) == "alice(x)"


def test_format_of_one_variable_keeps_its_type(worker: Worker, ctx: Any) -> None:
    assert worker.env.parse_format("$num", HERE).value(ctx) == 42
    assert worker.env.parse_format("$nil", HERE).value(ctx) is None
    assert worker.env.parse_format("", HERE).value(ctx) == ""


def test_format_without_variables_is_constant(worker: Worker) -> None:
    assert worker.env.parse_format("a$$b", HERE).constant is None
    assert worker.env.parse_format("plain", HERE).constant == "plain"
    assert worker.env.parse_format("^sip:.*$", HERE, lenient=True).constant == "^sip:.*$"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="$(){}[]kynms.,*1 \\", max_size=60))
def test_any_text_parses_or_is_refused_with_an_operator_error(worker: Worker, text: str) -> None:
    try:
        worker.env.parse_format(text, HERE)
    except OperatorError as error:
        assert error.location == HERE
