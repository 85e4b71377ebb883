"""Which backend a server uses, and how its processes get at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from siprouter.state.interface import State
from siprouter.state.local import LocalState
from siprouter.state.place import Place, claim
from siprouter.state.shared import SharedState
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

LOCAL = "local"
SHARED = "shared"
KINDS = (LOCAL, SHARED)
DEFAULT_LIMIT = 2048  # MiB


@dataclass(frozen=True, slots=True)
class StateOptions:
    """`kind` is LOCAL or SHARED. `directory` is where shared state lies, and stays when the server ends; "": in memory,
    for this run. `limit` is how large it may become, in MiB.
    """

    kind: str = LOCAL
    directory: str = ""
    limit: int = DEFAULT_LIMIT


def options_for(text: str) -> StateOptions:
    """LOCAL, SHARED, or the directory of a shared one."""
    return StateOptions(text) if text in KINDS else StateOptions(SHARED, text)


def open_state(options: StateOptions, clock: Callable[[], float], log: Log) -> State:
    """The state of a worker; `clock()` gives seconds since the epoch. `close` it at the end. Raises OperatorError.

    Each process opens its own, after it was forked. Where there are several, the one that starts them calls
    `place.claim(options.directory)`, gives the workers options with `directory` set to `str(place.directory)`, and
    calls `place.release()` when all of them have ended.
    """
    if options.kind == LOCAL:
        return LocalState(clock)
    if options.kind != SHARED:
        raise OperatorError(f"there is no state '{options.kind}'", suggestion=f"one of: {', '.join(KINDS)}")
    if options.limit < 1:
        raise OperatorError(f"the size of shared state must be at least 1 MiB, found {options.limit}")
    place = claim(options.directory)
    tell_recovered(place, log)
    try:
        return SharedState(place, clock, options.limit << 20, log)
    except BaseException:
        place.release()
        raise


def tell_recovered(place: Place, log: Log) -> None:
    """Say that there was a database that could not be trusted."""
    if place.lost:
        log.warning("the machine stopped while %s was in use: what was stored there is lost", place.directory)
