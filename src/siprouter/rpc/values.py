"""The values that RPC commands take and give, whatever codec carries them.

A parameter or a result is an int, a float, a str, bytes, None, a list (array) or a structure. A structure is a dict, or
`Pairs` where a name may occur more than once (the registrar's dump repeats names).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from siprouter.util.errors import SipRouterError
from siprouter.util.text import to_str

NULL_TEXT = "<null string>"
"""what codecs without a null type send for None"""


class Pairs:
    """A structure as an ordered list of (name, value), names not necessarily unique."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[tuple[str, RpcValue]] = ()) -> None:
        self.items: list[tuple[str, RpcValue]] = list(items)

    def add(self, name: str, value: RpcValue) -> None:
        """Append a member."""
        self.items.append((name, value))

    def get(self, name: str, default: RpcValue = None) -> RpcValue:
        """The first member called `name`."""
        for key, value in self.items:
            if key == name:
                return value
        return default

    def __getitem__(self, name: str) -> RpcValue:
        for key, value in self.items:
            if key == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[tuple[str, RpcValue]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Pairs):
            return self.items == other.items
        if isinstance(other, Mapping):
            return self.items == list(other.items())
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Pairs({self.items!r})"


RpcValue: TypeAlias = None | bool | int | float | str | bytes | Pairs | Mapping[str, "RpcValue"] | Sequence["RpcValue"]


class RpcError(SipRouterError):
    """A fault: the command was refused or failed. `code` as SIP Router gives it (400 the caller's fault, 500 ours)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


def members(value: Pairs | Mapping[str, RpcValue]) -> Iterable[tuple[str, RpcValue]]:
    """The (name, value) members of a structure."""
    return value.items if isinstance(value, Pairs) else value.items()


def is_struct(value: RpcValue) -> bool:
    """Whether a value is a structure."""
    return isinstance(value, Pairs | Mapping)


def plain(value: RpcValue) -> object:
    """The value as JSON types: structures become dicts, and a repeated name gets the list of its values."""
    if isinstance(value, Pairs | Mapping):
        result: dict[str, object] = {}
        repeated: set[str] = set()
        for name, member in members(value):
            item = plain(member)
            if name not in result:
                result[name] = item
            elif name in repeated:
                result[name].append(item)  # type: ignore[attr-defined]
            else:
                result[name] = [result[name], item]
                repeated.add(name)
        return result
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return to_str(value)
    return value
