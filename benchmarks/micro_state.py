"""Tables, counters and queues of the state interface, with the local backend."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count

from benchmarks.micro import Case
from siprouter.state.local import LocalState

ENTRIES = 100_000


def cases(stack: ExitStack) -> dict[str, Case]:
    """With a hundred thousand entries in the table."""
    state = LocalState(lambda: 1000.0)
    table = state.table("bench", ttl=3600.0)
    for number in range(ENTRIES):
        table.put(f"key{number}", "value")
    counter = state.counter("bench")
    queue = state.queue("bench")
    numbers = count()

    def push_and_pop() -> None:
        queue.push("value")
        queue.pop()

    return {
        "table.get": lambda: table.get("key500"),
        "table.get (absent)": lambda: table.get("absent"),
        "table.put (same key)": lambda: table.put("key500", "other"),
        "table.put (another key)": lambda: table.put(f"key{next(numbers) % ENTRIES}", "other"),
        "table.add": lambda: table.add("number", 1),
        "counter.add": lambda: counter.add(1),
        "queue: push and pop": push_and_pop,
    }
