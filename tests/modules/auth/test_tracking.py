"""What is remembered of nonces, and what is forgotten."""

from __future__ import annotations

import pytest

from siprouter.modules.auth.tracking import NUMBERS, NonceTracker, round_down


def test_counts_only_grow() -> None:
    tracker = NonceTracker(8, 0, 100)
    number = tracker.issue()
    assert [tracker.take_count(number, count) for count in (1, 1, 3, 2, 4)] == [True, False, True, False, True]
    assert not tracker.take_count(number, 0)
    assert tracker.take_count(number, 255)
    assert not tracker.take_count(number, 256)
    assert not tracker.take_count(number, 1 << 31)


def test_looking_uses_nothing_up() -> None:
    tracker = NonceTracker(8, 8, 0)
    number = tracker.issue()
    assert tracker.may_count(number, 1)
    assert tracker.take_count(number, 1)
    assert tracker.may_use(number)
    assert tracker.take(number)


def test_once() -> None:
    tracker = NonceTracker(0, 16, 5)
    numbers = [tracker.issue() for _ in range(16)]
    assert [tracker.take(number) for number in numbers] == [True] * 16
    assert [tracker.take(number) for number in numbers] == [False] * 16
    # the cell goes to the next nonce, and the old one with it is gone
    newer = tracker.issue()
    assert not tracker.may_use(numbers[0])
    assert tracker.take(newer)
    assert not tracker.take(newer)


@pytest.mark.parametrize("first", [0, 12345, NUMBERS - 3, NUMBERS - 1])
def test_what_was_not_made_in_this_run_is_refused(first: int) -> None:
    tracker = NonceTracker(8, 8, first)
    for number in (0, first, first - 1 & NUMBERS - 1, first + 1 & NUMBERS - 1, first + 5 & NUMBERS - 1):
        assert not tracker.may_count(number, 1)
        assert not tracker.may_use(number)
    issued = [tracker.issue() for _ in range(8)]
    assert all(tracker.may_count(number, 1) and tracker.may_use(number) for number in issued)
    assert not tracker.may_use(tracker.next)


def test_old_numbers_lose_their_cell() -> None:
    tracker = NonceTracker(4, 0, NUMBERS - 2)
    old = tracker.issue()
    for _ in range(3):
        tracker.issue()
    assert tracker.may_count(old, 1)
    tracker.issue()
    assert not tracker.may_count(old, 1)


def test_memory_is_bounded() -> None:
    tracker = NonceTracker(1024, 4096, 0)
    for _ in range(10_000):
        tracker.issue()
    assert len(tracker.counts) == 1024
    assert len(tracker.used) == 512


@pytest.mark.parametrize(("size", "rounded"), [(0, 1), (1, 1), (1000, 512), (1024, 1024), (1_000_000, 524_288)])
def test_sizes(size: int, rounded: int) -> None:
    assert round_down(size) == rounded
