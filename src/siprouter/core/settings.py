"""Core parameters of the configuration file, and the values that can change at run time (cfg framework)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from siprouter.core.declare import CfgVar

ConfigValue = int | str | None

SERVER_GROUPS = ("core", "tcp", "sctp")
"""groups of the cfg framework that belong to the server itself: core parameters give them their first values"""


@dataclass(frozen=True, slots=True)
class CoreParam:
    """A core parameter: `kind` is "int", "bool", "str", "id" or "special".

    `no_effect` says why it does nothing here (warned once). `joins` is put between the values of one that may be
    given repeatedly.
    """

    name: str
    kind: str
    default: Any
    help: str
    aliases: tuple[str, ...] = ()
    no_effect: str = ""
    joins: str = ""


class Settings:
    """Core parameters as attributes, declared ones only. Written while loading; hot paths copy what they need."""

    def __init__(self, params: tuple[CoreParam, ...] = ()) -> None:
        object.__setattr__(self, "declared", {})
        object.__setattr__(self, "explicit", set())
        object.__setattr__(self, "values", {})
        for param in params:
            self.declare(param)

    declared: dict[str, CoreParam]
    explicit: set[str]
    values: dict[str, Any]
    """all of them by name; read only"""

    def declare(self, param: CoreParam) -> None:
        """Make `param` known with its default."""
        self.declared[param.name] = param
        self._put(param.name, list(param.default) if isinstance(param.default, list) else param.default)

    def find(self, name: str) -> CoreParam | None:
        """A parameter by its name or alias."""
        if name in self.declared:
            return self.declared[name]
        return next((param for param in self.declared.values() if name in param.aliases), None)

    def set(self, name: str, value: Any) -> None:
        """Set the parameter with this very name."""
        if name not in self.declared:
            raise AttributeError(name)
        self._put(name, value)
        self.explicit.add(name)

    def _put(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        self.values[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"core parameter {name} is not declared")


class CfgGroup:
    """The present values of one group, as attributes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def values(self) -> dict[str, Any]:
        """The present values by name, as they change: a look-up in it costs a tenth of that of an attribute."""
        return self.__dict__

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"setting {self._name}.{name} is not declared")


class CfgError(ValueError):
    """A run-time setting was refused: unknown, wrong type, out of range or read-only."""


class CfgFramework:
    """Declared run-time settings: get, set now, or collect delayed changes and commit them together."""

    def __init__(self) -> None:
        self.groups: dict[str, CfgGroup] = {}
        self.vars: dict[tuple[str, str], CfgVar] = {}
        self.on_change: dict[tuple[str, str], Callable[[ConfigValue], None]] = {}
        self.pending: dict[tuple[str, str], ConfigValue] = {}
        self.grows = False
        """whether a module declares more settings when it starts"""
        self.awaited: set[tuple[str, str]] = set()
        """settings that the script reads and nobody has declared yet: only where it grows"""

    def group(self, name: str) -> CfgGroup:
        """The group, made if new."""
        if name not in self.groups:
            self.groups[name] = CfgGroup(name)
        return self.groups[name]

    def declare(self, group: str, var: CfgVar, on_change: Callable[[ConfigValue], None] | None = None) -> None:
        """Make a setting known with its default; `on_change(value)` runs before each change and may raise CfgError."""
        self.vars[group, var.name] = var
        setattr(self.group(group), var.name, var.default)
        if on_change is not None:
            self.on_change[group, var.name] = on_change

    def get(self, group: str, name: str) -> ConfigValue:
        """Present value. Raises CfgError for an unknown one."""
        if (group, name) not in self.vars:
            raise CfgError(f"unknown setting {group}.{name}")
        value: ConfigValue = getattr(self.groups[group], name)
        return value

    def check(self, group: str, name: str, value: ConfigValue) -> ConfigValue:
        """`value` converted to the setting's type. Raises CfgError."""
        var = self.vars.get((group, name))
        if var is None:
            raise CfgError(f"unknown setting {group}.{name}")
        if var.kind == "int":
            try:
                number = int(str(value), 0)
            except ValueError:
                raise CfgError(f"{group}.{name} needs an integer, found {value!r}") from None
            if (var.least or var.most) and not var.least <= number <= var.most:
                raise CfgError(f"{group}.{name} must be between {var.least} and {var.most}, found {number}")
            return number
        return None if value is None else str(value)

    def set_initial(self, group: str, name: str, value: ConfigValue) -> None:
        """Set from the configuration file, read-only ones too."""
        setattr(self.groups[group], name, self.check(group, name, value))

    def set_now(self, group: str, name: str, value: ConfigValue) -> None:
        """Change at once. Raises CfgError."""
        checked = self.check(group, name, value)
        if self.vars[group, name].readonly:
            raise CfgError(f"{group}.{name} cannot be changed at run time")
        callback = self.on_change.get((group, name))
        if callback is not None:
            callback(checked)
        setattr(self.groups[group], name, checked)

    def set_delayed(self, group: str, name: str, value: ConfigValue) -> None:
        """Remember a change for the next commit. Raises CfgError."""
        checked = self.check(group, name, value)
        if self.vars[group, name].readonly:
            raise CfgError(f"{group}.{name} cannot be changed at run time")
        self.pending[group, name] = checked

    def commit(self) -> None:
        """Make all delayed changes, or none: raises CfgError where one is refused; they are forgotten then, too."""
        pending, self.pending = self.pending, {}
        self.change_all([(group, name, value) for (group, name), value in pending.items()])

    def change_all(self, changes: Iterable[tuple[str, str, ConfigValue]]) -> None:
        """Make all these changes, or none. Raises CfgError."""
        done: list[tuple[str, str, ConfigValue]] = []
        try:
            for group, name, value in changes:
                before = self.get(group, name)
                self.set_now(group, name, value)
                done.append((group, name, before))
        except CfgError:
            for group, name, before in reversed(done):
                self.set_now(group, name, before)
            raise

    def rollback(self) -> None:
        """Forget all delayed changes."""
        self.pending.clear()
