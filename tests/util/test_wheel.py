"""The timer wheel: order, precision, cascading, cancelling from within, idle jumps, errors."""

import itertools
import math
import random

import pytest

from siprouter.util.wheel import Timer, Wheel


class Recorder(Timer):
    """Notes when it fired, and may do something more then."""

    def __init__(self, log, name, action=None):
        super().__init__()
        self.log = log
        self.name = name
        self.action = action

    def fire(self, now):
        self.log.append((self.name, now))
        if self.action is not None:
            self.action()


@pytest.mark.parametrize(
    "delay", [0.01, 0.02, 0.29, 0.5, 2.55, 2.56, 2.57, 32.0, 163.84, 180.0, 10485.76, 86400.0, 700000.0]
)
@pytest.mark.parametrize("start", [0.0, 1.16, 1000.07])
def test_fires_at_its_time_and_not_before(delay, start):
    log = []
    wheel = Wheel(start)
    wheel.add(Recorder(log, "a"), start + delay)
    assert wheel.advance(start + delay - 0.011) == 0
    assert log == []
    assert wheel.advance(start + delay) == 1
    assert log == [("a", start + delay)]
    assert len(wheel) == 0


def test_many_random_timers_fire_in_order_and_never_early():
    chance = random.Random(7)
    wheel = Wheel()
    fired = []
    dues = [chance.choice([1, 10, 300, 20000]) * chance.random() for _ in range(2000)]
    for number, due in enumerate(dues):
        wheel.add(Recorder(fired, number), due)
    now = 0.0
    while len(wheel):
        before = len(fired)
        now += chance.random() * chance.choice([0.05, 3, 500])
        wheel.advance(now)
        for number, _ in fired[before:]:
            assert dues[number] <= now + 1e-6
    assert sorted(number for number, _ in fired) == list(range(2000))
    order = [dues[number] for number, _ in fired]
    assert all(early <= later + 0.0101 for early, later in itertools.pairwise(order))


def test_same_tick_fires_in_order_of_adding():
    log = []
    wheel = Wheel()
    for name in "abcd":
        wheel.add(Recorder(log, name), 5.0)
    wheel.advance(5.0)
    assert [name for name, _ in log] == list("abcd")


def test_cancel_and_move():
    log = []
    wheel = Wheel()
    first, second = Recorder(log, "first"), Recorder(log, "second")
    wheel.add(first, 1.0)
    wheel.add(second, 1.0)
    wheel.cancel(first)
    wheel.cancel(first)
    assert not first.is_armed()
    wheel.add(second, 300.0)
    wheel.advance(299.0)
    assert log == []
    wheel.advance(300.0)
    assert log == [("second", 300.0)]


def test_a_timer_may_cancel_its_neighbour_and_add_itself_again():
    log = []
    wheel = Wheel()
    neighbour = Recorder(log, "neighbour")

    def act():
        wheel.cancel(neighbour)
        wheel.add(timer, 2.0)

    timer = Recorder(log, "timer", act)
    wheel.add(timer, 1.0)
    wheel.add(neighbour, 1.0)
    wheel.advance(1.0)
    timer.action = None
    wheel.advance(2.0)
    assert log == [("timer", 1.0), ("timer", 2.0)]
    assert len(wheel) == 0


def test_a_past_time_means_the_next_advance():
    log = []
    wheel = Wheel(10.0)
    wheel.add(Recorder(log, "a"), 3.0)
    wheel.advance(10.01)
    assert log == [("a", 10.01)]


def test_idle_wheel_jumps_without_walking():
    wheel = Wheel()
    wheel.advance(1e9)
    log = []
    wheel.add(Recorder(log, "a"), 1e9 + 1000)
    wheel.advance(1e9 + 999)
    assert log == []
    wheel.advance(1e9 + 1000)
    assert len(log) == 1


def test_next_due_never_lies_behind_the_first_timer():
    chance = random.Random(3)
    for _ in range(300):
        start = chance.random() * 1000
        wheel = Wheel(start)
        assert wheel.next_due() == math.inf
        delays = [chance.choice([0.05, 2, 5, 400]) * chance.random() for _ in range(chance.randrange(1, 5))]
        for delay in delays:
            wheel.add(Recorder([], "x"), start + delay)
        steps = 0
        while len(wheel) == len(delays):
            due = wheel.next_due()
            assert due <= start + min(delays) + 0.0201
            wheel.advance(due)
            steps += 1
            assert steps < 400


def test_an_error_in_one_timer_leaves_the_others():
    log, errors = [], []

    def fail():
        raise ValueError("no")

    wheel = Wheel(on_error=lambda timer, error: errors.append((timer.name, str(error))))
    wheel.add(Recorder(log, "bad", fail), 1.0)
    wheel.add(Recorder(log, "good"), 1.0)
    assert wheel.advance(1.0) == 2
    assert errors == [("bad", "no")]
    assert [name for name, _ in log] == ["bad", "good"]


def test_without_a_handler_the_rest_fires_next_time():
    log = []

    def fail():
        raise ValueError("no")

    wheel = Wheel()
    wheel.add(Recorder(log, "bad", fail), 1.0)
    wheel.add(Recorder(log, "good"), 1.0)
    with pytest.raises(ValueError):
        wheel.advance(1.0)
    assert wheel.next_due() <= 1.0
    wheel.advance(1.0)
    assert [name for name, _ in log] == ["bad", "good"]


def test_call_later():
    log = []
    wheel = Wheel()
    wheel.call(1.0, log.append, "x")
    wheel.cancel(wheel.call(1.0, log.append, "y"))
    wheel.advance(1.0)
    assert log == ["x"]
