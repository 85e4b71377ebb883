"""The fake clock."""

import pytest

from siprouter.testing.clock import EPOCH, FakeClock


def test_both_clocks_move_together() -> None:
    clock = FakeClock()
    assert (clock(), clock.wall()) == (1000.0, EPOCH + 1000)
    clock.move(2.5)
    assert (clock(), clock.wall()) == (1002.5, EPOCH + 1002.5)


def test_time_does_not_run_backwards() -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="backwards"):
        clock.move(-1)
    assert clock() == 1000.0
