"""Long computations beside the event loop: in a thread, with the loop let in often."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

P = ParamSpec("P")
T = TypeVar("T")

# Whoever wants the interpreter waits as long as this for whoever computes (seconds); Python's own 5 ms are as long as
# a hundred messages take
TURN = 0.0005


@contextmanager
def short_turns() -> Iterator[None]:
    """Threads take turns more often meanwhile."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`work(...)` in a thread, while messages are handled; what it raises is raised here.

    It must only read what belongs to the loop, or write where the loop does not meanwhile.
    """
    with short_turns():
        return await asyncio.to_thread(work, *args, **kwargs)
