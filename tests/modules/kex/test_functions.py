"""kex/functions.py: flags, destination URI, branches, pv_printf."""

from __future__ import annotations

import pytest

from siprouter.core.context import MAX_BRANCHES, Branch, Context
from siprouter.util.errors import OperatorError
from tests.support.fakes import call, context, make_worker, read, write


@pytest.fixture
def ctx() -> Context:
    return context(make_worker("pv", "kex"))


def test_script_flags(ctx: Context) -> None:
    assert call(ctx, "issflagset", "1") == -1
    assert call(ctx, "setsflag", "1") == call(ctx, "setsflag", 31) == 1
    assert ctx.script_flags == 1 << 31 | 2
    assert call(ctx, "issflagset", 1) == 1
    write(ctx, "$var(flag)", 1)
    assert call(ctx, "resetsflag", "$var(flag)") == 1
    assert call(ctx, "issflagset", "1") == -1
    assert ctx.script_flags == 1 << 31


def test_flag_numbers_are_checked(ctx: Context) -> None:
    for name in ("setsflag", "resetsflag", "issflagset", "setbflag", "resetbflag", "isbflagset"):
        with pytest.raises(OperatorError):
            call(ctx, name, "32")
        for value in (32, -1):
            write(ctx, "$var(flag)", value)
            assert call(ctx, name, "$var(flag)") == -1
    assert ctx.script_flags == ctx.branch_flags == 0


def test_branch_flags(ctx: Context) -> None:
    ctx.branches += [Branch("sip:one@x"), Branch("sip:two@x", flags=4)]
    assert call(ctx, "setbflag", "3") == 1
    assert call(ctx, "setbflag", "5", "0") == 1
    assert call(ctx, "setbflag", "6", "1") == 1
    assert call(ctx, "setbflag", "6", 2) == 1
    assert (ctx.branch_flags, [branch.flags for branch in ctx.branches]) == (1 << 3 | 1 << 5, [1 << 6, 1 << 6 | 4])
    assert call(ctx, "isbflagset", "3") == call(ctx, "isbflagset", "6", "2") == 1
    assert call(ctx, "isbflagset", "6") == call(ctx, "isbflagset", "2", "1") == -1
    assert call(ctx, "resetbflag", "6", "2") == call(ctx, "resetbflag", "3") == 1
    assert (ctx.branch_flags, [branch.flags for branch in ctx.branches]) == (1 << 5, [1 << 6, 4])
    for name in ("setbflag", "resetbflag", "isbflagset"):
        assert call(ctx, name, "6", "3") == call(ctx, name, "6", "-1") == -1


def test_destination_uri(ctx: Context) -> None:
    assert call(ctx, "isdsturiset") == -1
    assert call(ctx, "setdsturi", "sip:192.0.2.1;x=$fU") == 1
    assert ctx.dst_uri == "sip:192.0.2.1;x=$fU"
    assert call(ctx, "isdsturiset") == 1
    assert call(ctx, "resetdsturi") == 1
    assert ctx.dst_uri is None


def test_branch_takes_the_destination_over(ctx: Context) -> None:
    listener = ctx.source.listener
    ctx.dst_uri, ctx.path, ctx.force_socket, ctx.branch_flags = "sip:next", "<sip:p;lr>", listener, 5
    assert call(ctx, "km_append_branch") == 1
    (branch,) = ctx.branches
    assert (branch.uri, branch.dst_uri, branch.path, branch.force_socket, branch.flags) == (
        ctx.uri, "sip:next", "<sip:p;lr>", listener, 5
    )  # fmt: skip
    assert (ctx.dst_uri, ctx.path, ctx.force_socket, ctx.branch_flags) == (None, None, None, 0)


def test_branch_with_a_uri_copies_it(ctx: Context) -> None:
    ctx.dst_uri, ctx.branch_flags = "sip:next", 5
    assert call(ctx, "km_append_branch", "sip:$fU@other") == 1
    (branch,) = ctx.branches
    assert (branch.uri, branch.dst_uri, branch.flags) == ("sip:alice@other", "sip:next", 5)
    assert (ctx.dst_uri, ctx.branch_flags) == ("sip:next", 5)


def test_too_many_branches(ctx: Context) -> None:
    results = [call(ctx, "km_append_branch", f"sip:{number}@x") for number in range(MAX_BRANCHES)]
    assert results == [1] * (MAX_BRANCHES - 1) + [-1]
    assert ctx.worker.texts() == ["too many branches"]


def test_pv_printf(ctx: Context) -> None:
    assert call(ctx, "pv_printf", "$var(x)", "from $fU to $tU") == 1
    assert read(ctx, "$var(x)") == "from alice to bob"
    assert call(ctx, "avp_printf", "$ru", "sip:$rU@$fd") == 1
    assert ctx.uri == "sip:bob@example.org"
    for name in ("$ci", "no variable"):
        with pytest.raises(OperatorError):
            call(ctx, "pv_printf", name, "x")
