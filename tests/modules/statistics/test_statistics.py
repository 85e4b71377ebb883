"""The statistics module."""

from __future__ import annotations

import pytest

from siprouter.core.counters import Counter
from siprouter.util.errors import OperatorError
from tests.support.fakes import FakeWorker, call, context, write


def load(*variables: str) -> FakeWorker:
    worker = FakeWorker()
    worker.load("pv")
    worker.load("statistics", variable=list(variables))
    assert worker.configure_modules() == []
    return worker


def counter(worker: FakeWorker, name: str) -> Counter:
    found = worker.counters.find("script", name)
    assert found is not None
    return found


def test_update_and_reset() -> None:
    worker = load("register_counter", "active_calls/no_reset")
    ctx = context(worker)
    for step in ("+1", "5", 3, "-2"):
        assert call(ctx, "update_stat", "register_counter", step) == 1
    assert counter(worker, "register_counter").value == 7
    assert call(ctx, "reset_stat", "register_counter") == 1
    assert counter(worker, "register_counter").value == 0
    call(ctx, "update_stat", "active_calls", "-1")
    assert call(ctx, "reset_stat", "active_calls") == 1
    assert counter(worker, "active_calls").value == -1


def test_name_in_a_variable() -> None:
    worker = load("a")
    ctx = context(worker)
    write(ctx, "$var(name)", "a")
    assert call(ctx, "update_stat", "$var(name)", "+2") == 1
    assert counter(worker, "a").value == 2
    assert call(ctx, "reset_stat", "$var(name)") == 1
    assert counter(worker, "a").value == 0


def test_unknown_name_in_a_variable_is_false_and_logged() -> None:
    worker = load("a")
    ctx = context(worker)
    for value in ("zzz", 7):
        write(ctx, "$var(name)", value)
        assert call(ctx, "update_stat", "$var(name)", "1") == -1
        assert call(ctx, "reset_stat", "$var(name)") == -1
    assert worker.texts() == ["statistic 'zzz' is not defined"] * 2 + ["statistic '7' is not defined"] * 2


def test_statistics_of_other_modules_are_found_without_their_group() -> None:
    worker = load()
    worker.counters.declare("tm", "UAS_transactions")
    assert call(context(worker), "update_stat", "UAS_transactions", "4") == 1
    found = worker.counters.find("tm", "UAS_transactions")
    assert found is not None and found.value == 4


@pytest.mark.parametrize(("name", "step"), [("zzz", "1"), ("a", "0"), ("a", "x"), ("a", ""), ("$zzz", "1")])
def test_mistakes_are_found_when_loading(name: str, step: str) -> None:
    with pytest.raises(OperatorError):
        call(context(load("a")), "update_stat", name, step)


@pytest.mark.parametrize("variables", [("",), ("/no_reset",), ("a/never",), ("a/",), ("a", "a")])
def test_bad_definitions(variables: tuple[str, ...]) -> None:
    with pytest.raises(OperatorError):
        load(*variables)


def test_flag_in_any_case() -> None:
    assert counter(load("a/NO_RESET"), "a").no_reset
