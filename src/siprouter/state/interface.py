"""The interface of shared state. Module authors use only this; which backend it is, they never see.

Reads are local and synchronous in every backend, and cost little. Writes are synchronous for the worker that makes
them; a backend may make them known elsewhere a little later. Values are data, never changed in place: to change one,
`put` the new one. So that a backend can store them anywhere, a value is None, bool, int, float, str, bytes or a tuple
of such; or, in a table made with `record=Class`, an object of that class or a tuple of them. Such a class has
`to_row() -> tuple`.
All of it is for one thread. What finds no room raises PeerError (503); only the shared backend has a limit.
Times are seconds on the wall clock of the backend; a TTL of 0 means for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

V = TypeVar("V")

Revise = Callable[[str, Any, float], "tuple[Any, float] | None"]
"""`revise(key, value, now)`: what to keep of an entry whose time has come: (value, ttl), or None to drop it."""

FOREVER = 0.0


class Table(Protocol[V]):
    """Values by key, each with a time to live."""

    name: str

    def get(self, key: str) -> V | None:
        """The value, None where there is none or its time is over (in a table with `revise`: until it was revised)."""

    def put(self, key: str, value: V, ttl: float = -1.0) -> None:
        """Store; `ttl` < 0: the table's default. Raises TypeError for a value no backend could store."""

    def replace(self, key: str, expected: V | None, value: V, ttl: float = -1.0) -> bool:
        """Store only where the present value equals `expected` (None: where there is none)."""

    def add(self, key: str, amount: int, ttl: float = -1.0) -> int:
        """Add to a number (absent counts as 0) and return the sum; the time to live starts anew."""

    def touch(self, key: str, ttl: float) -> bool:
        """A new time to live for a value; False where there is none."""

    def remaining(self, key: str) -> float | None:
        """Seconds the value still has; 0.0: for ever; None: there is none."""

    def delete(self, key: str) -> bool:
        """Forget a value; False where there was none."""

    def clear(self) -> None:
        """Forget all."""

    def items(self) -> Iterator[tuple[str, V]]:
        """All live entries, as they are now, in no order: changing the table meanwhile is allowed."""

    def sweep(self, limit: int = ...) -> int:
        """Drops or revises entries whose time is over; looks at `limit` at most. Returns how many it looked at."""

    def __len__(self) -> int:
        """Entries, those included whose time is over but which were not swept yet."""


class SharedCounter(Protocol):
    """A number under a name."""

    def get(self) -> int: ...

    def add(self, amount: int = 1) -> int:
        """Add and return the sum."""

    def set(self, value: int) -> None: ...


class Queue(Protocol):
    """First in, first out, with a bound."""

    def push(self, value: Any) -> bool:
        """Append; False where the queue is full."""

    def pop(self) -> Any:
        """Take the oldest; None where the queue is empty."""

    def __len__(self) -> int: ...


class State(Protocol):
    """One backend. The same name gives the same object each time."""

    def table(
        self,
        name: str,
        *,
        ttl: float = FOREVER,
        record: type | None = None,
        revise: Revise | None = None,
        interval: float = 1.0,
        lasting: bool = False,
    ) -> Table[Any]:
        """The table `name`; `ttl` is its default, `interval` how often entries whose time is over are looked for.

        `lasting`: it outlives the server where the operator gave state a place to stay. The rows of its records may
        then come from an older version: new fields go to their end, and the class has defaults for them.
        `revise` is called by exactly one worker for an entry, as part of one atomic step with what becomes of it.
        Raises InternalError where the name was used before with other properties.
        """

    def counter(self, name: str, *, lasting: bool = False) -> SharedCounter:
        """The counter `name`, 0 when new; `lasting` as for tables."""

    def queue(self, name: str, max_length: int = 100_000) -> Queue:
        """The queue `name`."""

    def atomic(self) -> AbstractContextManager[object]:
        """`with state.atomic():` no other worker changes anything while the block runs, which must neither wait nor
        take long. An exception that leaves the block may or may not undo what it wrote. Blocks may be nested.
        """

    def tick(self) -> None:
        """To be called about once a second: drops what is over, a bounded number of entries each time."""

    def give_to(self, uid: int, gid: int) -> None:
        """To be called before the process becomes another user."""

    def close(self) -> None:
        """The end; nothing is used any more. May be called more than once."""
