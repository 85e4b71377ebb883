"""Max-Forwards: counting down, adding, refusing."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, edited, make_worker, request


def with_hops(text: str, worker: FakeWorker | None = None) -> Context:
    return context(worker or make_worker("maxfwd"), request("INVITE", "sip:a@b", max_forwards=f"Max-Forwards: {text}"))


@pytest.mark.parametrize(
    ("before", "result", "after"),
    [("70", 1, "69"), ("1", 1, "0"), ("0", -1, "0"), ("x", -2, "x"), ("-1", -2, "-1"), ("300", 1, "256"),
     ("257", 1, "256"), ("256", 1, "255"), ("9999999999", -2, "9999999999")],
)  # fmt: skip
def test_counts_down(before: str, result: int, after: str) -> None:
    ctx = with_hops(before)
    assert call(ctx, "mf_process_maxfwd_header", "10") == result
    assert f"\r\nMax-Forwards: {after}\r\n".encode() in edited(ctx)


def test_counts_on_from_where_it_was() -> None:
    ctx = with_hops("2")
    assert [call(ctx, "mf_process_maxfwd_header", "10") for _ in range(3)] == [1, 1, -1]
    assert b"Max-Forwards: 0\r\n" in edited(ctx)


def test_adds_what_is_missing() -> None:
    ctx = context(make_worker("maxfwd"), request("INVITE", "sip:a@b", drop=("max_forwards",)))
    assert call(ctx, "is_maxfwd_lt", "10") == -2
    assert call(ctx, "mf_process_maxfwd_header", "10") == 2
    assert edited(ctx).split(b"\r\n")[1] == b"Max-Forwards: 10"


def test_less_than() -> None:
    assert [call(with_hops("5"), "is_maxfwd_lt", limit) for limit in ("5", "6", 4)] == [-1, 1, -1]
    assert call(with_hops("x"), "is_maxfwd_lt", "5") == -3
    ctx = with_hops("5")
    call(ctx, "mf_process_maxfwd_header", "10")
    assert call(ctx, "is_maxfwd_lt", "5") == 1


def test_limit_is_checked() -> None:
    worker = FakeWorker()
    worker.load("maxfwd", max_limit=20)
    assert worker.configure_modules() == []
    assert call(with_hops("100", worker), "mf_process_maxfwd_header", "20") == 1
    for wrong in ("21", "0", "x"):
        with pytest.raises(OperatorError):
            call(with_hops("1", worker), "mf_process_maxfwd_header", wrong)
    worker.set_param("maxfwd", "max_limit", 257)
    assert [str(error) for error in worker.configure_modules()] == [
        "parameter max_limit of maxfwd must be 1 to 256, found 257"
    ]


def test_a_computed_value_is_checked_too() -> None:
    worker = make_worker("pv", "maxfwd")
    ctx = context(worker, request("INVITE", "sip:a@b", drop=("max_forwards",)))
    assert call(ctx, "mf_process_maxfwd_header", "$var(x)") == -2
