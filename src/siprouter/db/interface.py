"""What modules see of a database.

Every operation is a coroutine. Where `immediate` is true (SQLite, text files) it never suspends: nothing else runs
meanwhile, and `now(coroutine)` gives its result without a loop. All raise the errors of `db/errors.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from siprouter.db.operations import Delete, Insert, Key, Operation, Replace, Update
from siprouter.db.url import DbUrl
from siprouter.db.values import Row, Value
from siprouter.util.errors import InternalError

T = TypeVar("T")
PAGE = 2_000


class Database(ABC):
    """One database. Rows are tuples in the order of `columns`, or of the table's own columns where none are named."""

    immediate = False
    can_query = True
    """False for flatstore, which only takes new rows"""

    def __init__(self, url: DbUrl) -> None:
        self.url = url

    @abstractmethod
    async def query(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0
    ) -> list[Row]:
        """The rows that match all `keys`; `order`: "a, b desc"; `limit` 0: all of them."""

    @abstractmethod
    async def count(self, table: str, keys: Sequence[Key] = ()) -> int:
        """How many rows match all `keys`."""

    @abstractmethod
    def pages(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", size: int = PAGE
    ) -> AsyncIterator[list[Row]]:
        """Like `query` for many rows: up to `size` of them at a time."""

    @abstractmethod
    async def apply(self, operations: Sequence[Operation]) -> int:
        """Carry out all operations or, where the database has transactions, none; how many rows changed."""

    @abstractmethod
    async def raw(self, statement: str, values: Sequence[Value] = ()) -> tuple[list[str], list[Row]]:
        """Run SQL that the operator wrote: names of the columns, and rows. Marks for values: those of the database."""

    @abstractmethod
    async def widths(self, table: str) -> dict[str, int]:
        """How many characters each text column takes, where there is a limit. No such table: {}."""

    @abstractmethod
    async def tables(self) -> list[str]:
        """The names of all tables."""

    async def insert(self, table: str, values: Mapping[str, Value]) -> None:
        """A new row."""
        await self.apply([Insert(table, values)])

    async def update(self, table: str, keys: Sequence[Key], values: Mapping[str, Value]) -> int:
        """New values for the rows that match all `keys`; how many there are."""
        return await self.apply([Update(table, keys, values)])

    async def delete(self, table: str, keys: Sequence[Key] = ()) -> int:
        """Remove the rows that match all `keys`; how many there were."""
        return await self.apply([Delete(table, keys)])

    async def replace(self, table: str, values: Mapping[str, Value], unique: Sequence[str]) -> None:
        """Update the row whose columns `unique` have these values, or insert it."""
        await self.apply([Replace(table, values, unique)])

    @abstractmethod
    def close(self) -> None:
        """Give up all connections and files, at once."""


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not suspend: an operation of an `immediate` database."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise InternalError("an operation of a database that answers at once has suspended")
