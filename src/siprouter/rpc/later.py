"""A value that a command waits for and something else supplies."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """Await it; `supply` lets whoever waits go on. Made within a running loop."""

    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def supply(self, value: T) -> None:
        """The value; only the first one counts."""
        if not self._future.done():
            self._future.set_result(value)

    def __await__(self) -> Generator[Any, None, T]:
        return self._future.__await__()
