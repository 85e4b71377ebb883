"""Counters and statistics: plain integers in named groups, cheap to count, readable by RPC and `$stat`."""

from __future__ import annotations

from collections.abc import Callable, Iterator


class Counter:
    """One counter; `value` may be read and written directly. A counter with a `getter` computes its value.

    `others` is what the other workers counted when they were last asked; a `shared` one has the same value in all.
    """

    __slots__ = ("getter", "group", "help", "name", "no_reset", "others", "shared", "value")

    def __init__(
        self, group: str, name: str, help: str = "", getter: Callable[[], int] | None = None, no_reset: bool = False
    ) -> None:
        self.group = group
        self.name = name
        self.help = help
        self.getter = getter
        self.no_reset = no_reset
        self.others = 0
        self.shared = False
        self.value = 0

    def inc(self) -> None:
        """Count one."""
        self.value += 1

    def dec(self) -> None:
        """Count one back."""
        self.value -= 1

    def add(self, amount: int) -> None:
        """Count `amount` (may be negative)."""
        self.value += amount

    def reset(self) -> None:
        """Back to 0, unless computed or marked as not resettable."""
        if not self.no_reset:
            self.value = 0

    def get(self) -> int:
        """The present value."""
        return self.value if self.getter is None else self.getter()

    def total(self) -> int:
        """The value of all workers together, as far as it was asked for."""
        return self.get() + self.others


class Counters:
    """All counters of a worker, by group and name, in the order of declaration."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Counter]] = {}

    def declare(
        self, group: str, name: str, help: str = "", getter: Callable[[], int] | None = None, no_reset: bool = False
    ) -> Counter:
        """The counter `group`:`name`, made if new; help and getter are filled in when they were missing."""
        members = self._groups.get(group)
        if members is None:
            members = self._groups[group] = {}
        counter = members.get(name)
        if counter is not None and not help and getter is None:
            return counter
        if counter is None:
            counter = members[name] = Counter(group, name, help, getter, no_reset)
        counter.help = counter.help or help
        counter.getter = counter.getter or getter
        return counter

    def find(self, group: str, name: str) -> Counter | None:
        """The counter `group`:`name`."""
        return self._groups.get(group, {}).get(name)

    def find_by_name(self, name: str) -> Counter | None:
        """The first counter called `name` in any group: statistics are addressed without their group."""
        for members in self._groups.values():
            if name in members:
                return members[name]
        return None

    def groups(self) -> list[str]:
        """Names of the groups."""
        return list(self._groups)

    def in_group(self, group: str) -> list[Counter]:
        """Counters of a group; empty for an unknown one."""
        return list(self._groups.get(group, {}).values())

    def __iter__(self) -> Iterator[Counter]:
        for members in self._groups.values():
            yield from members.values()
