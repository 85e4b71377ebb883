"""The tables of SIP Router 3.1: columns, indexes and versions, from schema.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

VERSION_TABLE = "version"

STANDARD = "standard"
EXTRA = "extra"
PRESENCE = "presence"

_EXTRA_GROUPS = frozenset(
    (
        *("imc", "cpl", "siptrace", "domainpolicy", "carrierroute", "userblacklist", "htable"),
        *("purple", "uac", "pipelimit", "drouting", "matrix", "mtree"),
    )
)
_PRESENCE_GROUPS = frozenset(("presence", "rls"))


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column. `kind` is `string`, `char`, `text`, `binary`, `datetime`, `float`, or `int`, `short`, `unsigned …`.

    `size`: characters of a string, 0 where there is none; `default` counts where `has_default` is set.
    """

    name: str
    kind: str
    size: int
    null: bool
    has_default: bool
    default: str | int | float | None
    auto: bool
    primary: bool
    natural: bool


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index."""

    name: str
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table; `group` names the module that it belongs to, `version` is None for table `version` itself."""

    name: str
    version: int | None
    group: str
    columns: tuple[ColumnSpec, ...]
    indexes: tuple[IndexSpec, ...]

    @property
    def part(self) -> str:
        """STANDARD, EXTRA or PRESENCE: what is made together."""
        if self.group in _PRESENCE_GROUPS:
            return PRESENCE
        return EXTRA if self.group in _EXTRA_GROUPS else STANDARD

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [column.name for column in self.columns]

    @property
    def natural_key(self) -> list[str]:
        """The columns that tell rows apart beside the number: those of the first unique index, else what is marked."""
        unique = next((index.columns for index in self.indexes if index.unique), ())
        return list(unique) or [column.name for column in self.columns if column.natural and not column.auto]


def _column(data: dict[str, Any]) -> ColumnSpec:
    size = data.get("size", 0)
    return ColumnSpec(
        name=data["name"],
        kind=data["type"],
        size=size if isinstance(size, int) else 0,
        null=bool(data.get("null", False)),
        has_default="default" in data,
        default=data.get("default"),
        auto=bool(data.get("autoincrement", False)),
        primary=bool(data.get("primary", False)),
        natural=bool(data.get("natural", False)),
    )


@cache
def schema() -> dict[str, TableSpec]:
    """All tables by name."""
    data = json.loads((files("siprouter.db") / "schema.json").read_text("utf-8"))
    return {
        item["name"]: TableSpec(
            name=item["name"],
            version=item.get("version"),
            group=item["group"],
            columns=tuple(_column(column) for column in item["columns"]),
            indexes=tuple(
                IndexSpec(index["name"], tuple(index["columns"]), bool(index.get("unique")))
                for index in item["indexes"]
            ),
        )
        for item in data
    }
