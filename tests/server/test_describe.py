"""Module declarations as text."""

import pytest

from siprouter.core.args import Opt, Rest, Str
from siprouter.core.declare import Function, function, param
from siprouter.core.registry import available_modules
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.server.describe import (
    describe_module,
    function_help,
    function_text,
    list_modules,
    param_text,
    two_columns,
)
from siprouter.util.errors import OperatorError


def sample(*args: object, **more: object) -> Function:
    return function("f", lambda inst, ctx: 1, args, help="does it", **more)  # type: ignore[arg-type]


def test_all_modules_are_listed_and_described() -> None:
    names = [name for name, _ in list_modules()]
    assert {name.removesuffix(" (ser)") for name in names} == set(available_modules(ser=True))
    for name in names:
        assert describe_module(name).startswith(f"{name}: ")


def test_both_flavours_of_a_module() -> None:
    names = [name for name, _ in list_modules()]
    assert {"maxfwd", "maxfwd (ser)"} <= set(names) and "maxfwd_s" not in names
    assert "is_maxfwd_lt" in describe_module("maxfwd.so")
    assert "maxfwd_at_least" in describe_module("maxfwd (ser)")
    with pytest.raises(OperatorError, match="no module is called maxfwd_s"):
        describe_module("maxfwd_s")


def test_unknown_modules() -> None:
    with pytest.raises(OperatorError, match="no module is called nonsense"):
        describe_module("nonsense")


def test_arguments() -> None:
    assert function_text(sample()) == "f()"
    assert function_text(sample(Str("a"))) == "f(1)"
    assert function_text(sample(Str("a"), Opt(Str("b")))) == "f(1 or 2)"
    assert function_text(sample(Str("a"), Rest(Str("b")))) == "f(1 or more)"
    assert function_text(sample(Str("a"), aliases=("g",), arities=(0, 3))) == "f, g(0 or 3)"


def test_routes() -> None:
    assert function_help(sample()) == "does it"
    assert function_help(sample(routes=REQUEST | FAILURE)) == "does it [request_route, failure_route]"


def test_defaults() -> None:
    assert param_text(param("a", int, 5, "")) == "a (int, 5)"
    assert param_text(param("b", str, "x", "")) == "b (str, 'x')"
    assert param_text(param("c", str, None, "")) == "c (str)"


def test_columns() -> None:
    assert two_columns([("a", "text"), ("b" * 40, "text"), ("c", "")]) == [
        "  a                               text",
        "  " + "b" * 40,
        "                                  text",
        "  c",
    ]
