"""What a resolved pseudo-variable is: two plain callables, and what it was called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.values import Value

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.pvars import InnerName

Getter = Callable[["Context"], Value]
Setter = Callable[["Context", Value], None]


class PvAccess:
    """A resolved pseudo-variable; `set` is None for a read-only one. `name` and `inner` tell which variable it is.

    `transformed` marks one with transformations: where these fail it reads null, and nothing at all in a string.
    """

    __slots__ = ("get", "inner", "name", "set", "text", "transformed")

    def __init__(
        self,
        get: Getter,
        set: Setter | None = None,
        text: str = "",
        name: str = "",
        inner: InnerName | None = None,
        transformed: bool = False,
    ) -> None:
        self.get = get
        self.set = set
        self.text = text
        self.name = name
        self.inner = inner
        self.transformed = transformed


def matching_end(text: str, start: int, opening: str, closing: str) -> int:
    """Index of the `closing` that matches the `opening` just before `start`, or -1."""
    depth = 0
    for pos in range(start, len(text)):
        char = text[pos]
        if char == opening:
            depth += 1
        elif char == closing:
            if depth == 0:
                return pos
            depth -= 1
    return -1
