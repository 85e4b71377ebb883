"""What every backend does, told the time."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siprouter.state.factory import KINDS, StateOptions, open_state
from siprouter.state.interface import State
from siprouter.state.local import SWEEP_LIMIT
from siprouter.util.errors import InternalError
from siprouter.util.log import L_DBG, Log


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=KINDS)
def state(request: pytest.FixtureRequest, clock: Clock) -> Iterator[State]:
    made = open_state(StateOptions(request.param), clock, Log(print, L_DBG))
    yield made
    made.close()


class Row:
    def __init__(self, name: str, parts: tuple[object, ...] = ()) -> None:
        self.name = name
        self.parts = parts

    def to_row(self) -> tuple[object, ...]:
        return (self.name, self.parts)


def test_values_come_back(state: State) -> None:
    table = state.table("t")
    table.put("a", ("x", 1, None))
    assert table.get("a") == ("x", 1, None)
    assert table.get("b") is None
    assert table.delete("a") and not table.delete("a")
    assert state.table("t") is table


@pytest.mark.parametrize("value", [[1], {"a": 1}, object(), (1, [2])])
def test_only_data_is_stored(state: State, value: Any) -> None:
    with pytest.raises(TypeError):
        state.table("t").put("a", value)
    with pytest.raises(TypeError):
        state.queue("q").push(value)


def test_record_tables_hold_only_records(state: State) -> None:
    table = state.table("t", record=Row)
    row = Row("a", ("x", 1))
    table.put("a", row)
    assert table.get("a").to_row() == ("a", ("x", 1))
    table.put("b", (row, Row("b")))
    assert [one.name for one in table.get("b")] == ["a", "b"]
    table.put("c", ())
    assert table.get("c") == ()
    assert [key for key, _ in sorted(table.items())] == ["a", "b", "c"]
    with pytest.raises(TypeError):
        table.put("b", (row, 1))
    with pytest.raises(TypeError):
        table.put("a", 1)


def test_time_to_live(state: State, clock: Clock) -> None:
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


def test_touch_and_shorter_time(state: State, clock: Clock) -> None:
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


def test_add_counts_from_nothing(state: State, clock: Clock) -> None:
    table = state.table("t")
    assert table.add("a", 2, 5.0) == 2
    assert table.add("a", -3, 5.0) == -1
    clock.now += 6.0
    assert table.add("a", 1) == 1
    assert table.remaining("a") == 0.0


def test_replace_only_what_is_expected(state: State) -> None:
    table = state.table("t")
    assert table.replace("a", None, 1)
    assert not table.replace("a", 2, 3)
    assert table.replace("a", 1, 3)
    assert table.get("a") == 3


def test_revise_decides_and_keeps_visible_until_asked(state: State, clock: Clock) -> None:
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


def test_revise_that_fails_is_asked_again(state: State, clock: Clock) -> None:
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


def test_interval_says_when_to_sweep(state: State, clock: Clock) -> None:
    table = state.table("t", interval=60.0)
    table.put("a", 1, 5.0)
    clock.now += 59.0
    state.tick()
    assert len(table) == 1 and table.get("a") is None
    clock.now += 1.0
    state.tick()
    assert len(table) == 0


def test_a_tick_does_a_bounded_amount(state: State, clock: Clock) -> None:
    table = state.table("t")
    for number in range(SWEEP_LIMIT + 10):
        table.put(str(number), 1, 1.0)
    clock.now += 5.0
    state.tick()
    assert len(table) == 10
    state.tick()
    assert len(table) == 0


def test_a_record_is_replaced_only_where_it_is_the_one_that_was_read(state: State) -> None:
    table = state.table("t", record=Row)
    table.put("a", (Row("one"),))
    seen = table.get("a")
    assert not table.replace("a", (Row("other"),), (Row("two"),))
    assert table.replace("a", seen, (Row("two"),))
    assert not table.replace("a", seen, (Row("three"),))
    assert table.get("a")[0].name == "two"


@pytest.mark.parametrize("key", ["", "ü\udcff", "x" * 480, "y" * 481, "z" * 5000, "nul\0nul"], ids=len)
def test_any_text_is_a_key(state: State, key: str) -> None:
    table, other = state.table("t"), state.table("other")
    other.put(key, "untouched")
    table.put(key, 1, 5.0)
    assert table.get(key) == 1 and list(table.items()) == [(key, 1)]
    assert table.touch(key, 10.0) and table.add(key, 1, 10.0) == 2
    assert table.delete(key) and len(table) == 0
    assert other.get(key) == "untouched"


@pytest.mark.parametrize(
    "value", [None, True, 0, -(1 << 70), 1.5, "", "a\udcffb", b"\0\xff", (), ("a", (1, (None, b"x")))], ids=repr
)
def test_values_come_back_as_they_were(state: State, value: Any) -> None:
    table = state.table("t")
    table.put("a", value)
    assert table.get("a") == value and type(table.get("a")) is type(value)
    queue = state.queue("q")
    queue.push(value)
    assert queue.pop() == value


def test_clear(state: State, clock: Clock) -> None:
    table, other = state.table("t"), state.table("u")
    for number in range(500):
        table.put(str(number), number, 5.0)
    other.put("a", 1, 5.0)
    table.clear()
    assert len(table) == 0 and list(table.items()) == [] and other.get("a") == 1
    table.put("a", 2, 50.0)
    clock.now += 10.0
    state.tick()
    assert table.get("a") == 2 and len(other) == 0


def test_items_are_those_of_the_moment(state: State) -> None:
    table = state.table("t")
    for number in range(10):
        table.put(str(number), number)
    seen = []
    for key, value in table.items():
        table.delete(key)
        table.put(f"new{key}", value)
        seen.append(value)
    assert sorted(seen) == list(range(10)) and len(table) == 10


def test_a_block_is_atomic_and_may_hold_another(state: State) -> None:
    table, counter, queue = state.table("t"), state.counter("c"), state.queue("q")
    with state.atomic():
        table.put("a", 1)
        with state.atomic():
            counter.add(2)
            assert table.get("a") == 1
        queue.push("x")
        assert dict(table.items()) == {"a": 1} and len(table) == 1 and len(queue) == 1
    assert (table.get("a"), counter.get(), queue.pop()) == (1, 2, "x")


def test_revise_may_change_the_state(state: State, clock: Clock) -> None:
    other, counter = state.table("other"), state.counter("c")

    def revise(key: str, value: Any, now: float) -> tuple[Any, float] | None:
        counter.add()
        other.put(key, value)
        if key == "b":
            table.put("d", "new", 30.0)
        return ("later", 30.0) if key == "c" else None

    table = state.table("t", revise=revise)
    for key in "abc":
        table.put(key, key, 1.0)
    clock.now += 5.0
    assert table.sweep() >= 3
    assert counter.get() == 3 and sorted(key for key, _ in other.items()) == ["a", "b", "c"]
    assert dict(table.items()) == {"c": "later", "d": "new"}
    clock.now += 100.0
    state.tick()
    state.tick()
    assert dict(table.items()) == {"c": "later"} and counter.get() == 5  # "c" and "d", once each


def test_other_properties_are_refused(state: State) -> None:
    state.table("t", ttl=1.0)
    with pytest.raises(InternalError):
        state.table("t")
    state.queue("q", 5)
    with pytest.raises(InternalError):
        state.queue("q")


def test_counter(state: State) -> None:
    counter = state.counter("c")
    assert counter.add() == 1 and counter.add(4) == 5
    counter.set(2)
    assert state.counter("c").get() == 2


def test_queue(state: State) -> None:
    queue = state.queue("q", 2)
    assert queue.push("a") and queue.push("b") and not queue.push("c")
    assert len(queue) == 2
    assert [queue.pop(), queue.pop(), queue.pop()] == ["a", "b", None]


_steps = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "touch", "wait", "tick"]), st.sampled_from("abc"), st.integers(0, 7)),
    max_size=60,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(steps=_steps)
def test_like_a_simple_model(kind: str, steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    state = open_state(StateOptions(kind), clock, Log(print, L_DBG))
    try:
        follow(state, clock, steps)
    finally:
        state.close()


def follow(state: State, clock: Clock, steps: list[tuple[str, str, int]]) -> None:
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
