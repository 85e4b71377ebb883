"""Arguments that are an attribute, a select or text."""

from typing import Any

import pytest

from siprouter.core.args import Constant
from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_TO
from siprouter.core.context import Context
from siprouter.script.selects import register_core_selects
from siprouter.script.text_args import AttributeOrInt, AttributeOrText
from siprouter.util.errors import NOWHERE, OperatorError
from tests.support.fakes import FakeWorker, context


def value(ctx: Context, text: str | int) -> Any:
    folded = AttributeOrText("uid").fold(text, ctx.worker.env, NOWHERE)
    return folded.value if isinstance(folded, Constant) else folded.evaluate(ctx)


@pytest.fixture
def ctx() -> Context:
    worker = FakeWorker()
    register_core_selects(worker)
    made = context(worker)
    for number in (1, 2):
        made.avps.add("n", number)
    made.avps.add("uid", "bob", TRACK_TO | CLASS_USER)
    made.avps.add("x", "of-to", TRACK_TO | CLASS_URI)
    return made


@pytest.mark.parametrize(
    "text,expected",
    [
        ("bob", "bob"),
        (5, "5"),
        ("", ""),
        ("$n", "2"),
        ("$n[1]", "1"),
        ("$avp(s:n)", "2"),
        ("$tu.uid", "bob"),
        ("$t.x", "of-to"),
        ("$f.x", None),
        ("@from.uri.user", "alice"),
        ('@msg.header["X-None"]', None),
    ],
)
def test_values(ctx: Context, text: str | int, expected: str | None) -> None:
    assert value(ctx, text) == expected


def test_computed_values(ctx: Context) -> None:
    kind = AttributeOrText()
    assert [kind.convert(ctx, one) for one in ("a", 7, None)] == ["a", "7", None]


@pytest.mark.parametrize("text", ["$", "$a.b.c", "@nothing.here", "@[", "@"])
def test_mistakes(ctx: Context, text: str) -> None:
    with pytest.raises(OperatorError, match="argument 'uid'"):
        value(ctx, text)


@pytest.mark.parametrize(
    "text,expected",
    [("19", 19), (3, 3), ("0x10", 16), ("$n", 2), ("$none", None), ("$tu.uid", None), ("@cseq.num", 102)],
)
def test_numbers(ctx: Context, text: str | int, expected: int | None) -> None:
    folded = AttributeOrInt("tests").fold(text, ctx.worker.env, NOWHERE)
    assert (folded.value if isinstance(folded, Constant) else folded.evaluate(ctx)) == expected


def test_computed_numbers(ctx: Context) -> None:
    kind = AttributeOrInt()
    assert [kind.convert(ctx, one) for one in ("7", 7, "x", None)] == [7, 7, None, None]


@pytest.mark.parametrize("text", ["", "x", "$"])
def test_no_numbers(ctx: Context, text: str) -> None:
    with pytest.raises(OperatorError, match="argument 'tests'"):
        AttributeOrInt("tests").fold(text, ctx.worker.env, NOWHERE)
