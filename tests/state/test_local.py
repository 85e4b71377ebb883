"""The local backend, told the time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siprouter.state.local import SWEEP_LIMIT, LocalState
from siprouter.util.errors import InternalError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> LocalState:
    return LocalState(clock)


def test_values_come_back(state: LocalState) -> None:
    table = state.table("t")
    table.put("a", ("x", 1, None))
    assert table.get("a") == ("x", 1, None)
    assert table.get("b") is None
    assert table.delete("a") and not table.delete("a")
    assert state.table("t") is table


@pytest.mark.parametrize("value", [[1], {"a": 1}, object(), (1, [2])])
def test_only_data_is_stored(state: LocalState, value: Any) -> None:
    with pytest.raises(TypeError):
        state.table("t").put("a", value)
    with pytest.raises(TypeError):
        state.queue("q").push(value)


def test_record_tables_hold_only_records(state: LocalState) -> None:
    class Row:
        pass

    table = state.table("t", record=Row)
    row = Row()
    table.put("a", row)
    assert table.get("a") is row
    table.put("b", (row, row))
    with pytest.raises(TypeError):
        table.put("b", (row, 1))
    with pytest.raises(TypeError):
        table.put("a", 1)


def test_time_to_live(state: LocalState, clock: Clock) -> None:
    table = state.table("t", ttl=10.0)
    table.put("default", 1)
    table.put("long", 2, 100.0)
    table.put("ever", 3, 0.0)
    assert table.remaining("default") == 10.0
    assert table.remaining("ever") == 0.0
    clock.now += 10.0
    assert table.get("default") is None and table.remaining("default") is None
    assert not table.delete("default")
    assert table.get("long") == 2
    assert sorted(key for key, _ in table.items()) == ["ever", "long"]
    clock.now += 1000.0
    state.tick()
    assert len(table) == 1


def test_touch_and_shorter_time(state: LocalState, clock: Clock) -> None:
    table = state.table("t")
    table.put("a", 1, 10.0)
    assert table.touch("a", 100.0)
    assert not table.touch("b", 1.0)
    clock.now += 50.0
    state.tick()
    assert table.get("a") == 1
    assert table.touch("a", 5.0)
    clock.now += 7.0
    state.tick()
    assert len(table) == 0


def test_add_counts_from_nothing(state: LocalState, clock: Clock) -> None:
    table = state.table("t")
    assert table.add("a", 2, 5.0) == 2
    assert table.add("a", -3, 5.0) == -1
    clock.now += 6.0
    assert table.add("a", 1) == 1
    assert table.remaining("a") == 0.0


def test_replace_only_what_is_expected(state: LocalState) -> None:
    table = state.table("t")
    assert table.replace("a", None, 1)
    assert not table.replace("a", 2, 3)
    assert table.replace("a", 1, 3)
    assert table.get("a") == 3


def test_revise_decides_and_keeps_visible_until_asked(state: LocalState, clock: Clock) -> None:
    asked: list[tuple[str, Any, float]] = []

    def revise(key: str, value: Any, now: float) -> tuple[Any, float] | None:
        asked.append((key, value, now))
        return None if value == 0 else (value - 1, 10.0)

    table = state.table("t", revise=revise)
    table.put("a", 1, 10.0)
    clock.now += 15.0
    assert table.get("a") == 1
    assert table.touch("a", 0.5)
    clock.now += 5.0
    state.tick()
    assert (asked, table.get("a")) == ([("a", 1, 1020.0)], 0)
    clock.now += 12.0
    state.tick()
    assert table.get("a") is None and len(table) == 0


def test_revise_that_fails_is_asked_again(state: LocalState, clock: Clock) -> None:
    calls = []

    def revise(key: str, value: Any, now: float) -> None:
        calls.append(now)
        if len(calls) == 1:
            raise RuntimeError("once")

    table = state.table("t", revise=revise)
    table.put("a", 1, 1.0)
    clock.now += 3.0
    with pytest.raises(RuntimeError):
        state.tick()
    clock.now += 100.0
    state.tick()
    assert len(calls) == 2 and len(table) == 0


def test_interval_says_when_to_sweep(state: LocalState, clock: Clock) -> None:
    table = state.table("t", interval=60.0)
    table.put("a", 1, 5.0)
    clock.now += 59.0
    state.tick()
    assert len(table) == 1 and table.get("a") is None
    clock.now += 1.0
    state.tick()
    assert len(table) == 0


def test_a_tick_does_a_bounded_amount(state: LocalState, clock: Clock) -> None:
    table = state.table("t")
    for number in range(SWEEP_LIMIT + 10):
        table.put(str(number), 1, 1.0)
    clock.now += 5.0
    state.tick()
    assert len(table) == 10
    state.tick()
    assert len(table) == 0


def test_short_lived_keys_leave_nothing_behind(state: LocalState) -> None:
    table = state.table("t")
    for _ in range(50_000):
        table.put("a", 1, 3600.0)
        table.delete("a")
    assert table.filings < 10_000


def test_other_properties_are_refused(state: LocalState) -> None:
    state.table("t", ttl=1.0)
    with pytest.raises(InternalError):
        state.table("t")
    state.queue("q", 5)
    with pytest.raises(InternalError):
        state.queue("q")


def test_counter(state: LocalState) -> None:
    counter = state.counter("c")
    assert counter.add() == 1 and counter.add(4) == 5
    counter.set(2)
    assert state.counter("c").get() == 2


def test_queue(state: LocalState) -> None:
    queue = state.queue("q", 2)
    assert queue.push("a") and queue.push("b") and not queue.push("c")
    assert len(queue) == 2
    assert [queue.pop(), queue.pop(), queue.pop()] == ["a", "b", None]


_steps = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "touch", "wait", "tick"]), st.sampled_from("abc"), st.integers(0, 7)),
    max_size=60,
)


@settings(deadline=None)
@given(_steps)
def test_like_a_simple_model(steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    state = LocalState(clock)
    table = state.table("t")
    model: dict[str, tuple[int, float]] = {}
    for number, (step, key, amount) in enumerate(steps):
        model = {k: v for k, v in model.items() if v[1] > clock.now}
        end = clock.now + amount if amount else float("inf")
        if step == "put":
            table.put(key, number, float(amount))
            model[key] = (number, end)
        elif step == "delete":
            assert table.delete(key) is (model.pop(key, None) is not None)
        elif step == "touch":
            assert table.touch(key, float(amount)) is (key in model)
            if key in model:
                model[key] = (model[key][0], end)
        elif step == "wait":
            clock.now += amount / 2
        else:
            state.tick()
        live = {k: v[0] for k, v in model.items() if v[1] > clock.now}
        assert dict(table.items()) == live
    clock.now += 100
    state.tick()
    assert len(table) == sum(1 for v in model.values() if v[1] == float("inf"))
