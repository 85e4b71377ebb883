"""State for workers under test: which backend is up to the test run, see tests/modules/conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from siprouter.state.factory import LOCAL, StateOptions, open_state
from siprouter.state.interface import State
from siprouter.util.log import L_DBG, Log, Record


class Backend:
    """The backend that `make_state` takes, and what it made."""

    kind = LOCAL
    made: list[State]


@contextmanager
def backend(kind: str) -> Iterator[None]:
    """While this lasts, `make_state` makes state of this kind; all of it is closed at the end."""
    before, Backend.kind, Backend.made = Backend.kind, kind, []
    try:
        yield
    finally:
        for state in Backend.made:
            state.close()
        Backend.kind, Backend.made = before, []


def make_state(clock: Callable[[], float]) -> State:
    """State of the kind that is wanted now."""
    state = open_state(StateOptions(Backend.kind), clock, Log(_complain, L_DBG))
    if Backend.kind != LOCAL:
        Backend.made.append(state)
    return state


def _complain(record: Record) -> None:
    raise AssertionError(record.text)
