"""SQL text for operations. Values never get into it, only marks for them; names are checked and quoted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from siprouter.db.operations import (
    Delete,
    Insert,
    Key,
    Operation,
    Replace,
    Update,
    check_identifier,
    key_parts,
    parse_order,
)
from siprouter.db.values import Value, clean

MAX_SHAPES = 2_000

Statement = tuple[str, tuple[Value, ...]]


@dataclass
class Dialect:
    """How one database wants its SQL: the quote around names, and marks for values: "?", "%s", or "$" for $1, $2 …

    `folds`: names are in lower case, as the database itself has them where they are not quoted.
    """

    quote: str
    mark: str
    folds: bool = False
    _names: dict[str, str] = field(default_factory=dict, repr=False)
    _texts: dict[object, str] = field(default_factory=dict, repr=False)

    def name(self, name: str) -> str:
        """A checked and quoted name; a table may have its schema before a dot."""
        found = self._names.get(name)
        if found is None:
            parts = [check_identifier(part) for part in name.split(".", 1)]
            quoted = ".".join(self.quote + part + self.quote for part in parts)
            found = quoted.lower() if self.folds else quoted
            if len(self._names) < MAX_SHAPES:
                self._names[name] = found
        return found

    def names(self, names: Iterable[str]) -> str:
        """Several, with commas."""
        return ", ".join([self.name(name) for name in names])

    def marks(self, first: int, count: int) -> list[str]:
        """Marks for `count` values, of which the first is number `first`."""
        if self.mark != "$":
            return [self.mark] * count
        return [f"${number}" for number in range(first, first + count)]

    # --- statements

    def select(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0
    ) -> Statement:
        """Rows that match all keys. The text of each shape is made once."""
        shape = (table, tuple([(*key[:-1], key[-1] is None) for key in keys]), tuple(columns), order, limit)
        found = self._texts.get(shape)
        if found is not None:
            return found, tuple([clean(key[-1]) for key in keys if key[-1] is not None])
        where, values = self._where(keys, 1)
        text = f"SELECT {self.names(columns) or '*'} FROM {self.name(table)}{where}"
        if order:
            parts = [f"{self.name(column)}{' DESC' * falls}" for column, falls in parse_order(order)]
            text += f" ORDER BY {', '.join(parts)}" if parts else ""
        if limit > 0:
            text += f" LIMIT {limit:d}"
        if len(self._texts) < MAX_SHAPES:
            self._texts[shape] = text
        return text, values

    def count(self, table: str, keys: Sequence[Key] = ()) -> Statement:
        """How many rows match all keys."""
        where, values = self._where(keys, 1)
        return f"SELECT COUNT(*) FROM {self.name(table)}{where}", values

    def insert(self, table: str, values: Mapping[str, Value]) -> Statement:
        """A new row."""
        marks = ", ".join(self.marks(1, len(values)))
        text = f"INSERT INTO {self.name(table)} ({self.names(values)}) VALUES ({marks})"
        return text, tuple([clean(value) for value in values.values()])

    def update(self, table: str, keys: Sequence[Key], values: Mapping[str, Value]) -> Statement:
        """New values for the rows that match all keys."""
        marks = self.marks(1, len(values))
        changes = ", ".join([f"{self.name(name)} = {mark}" for name, mark in zip(values, marks, strict=True)])
        where, key_values = self._where(keys, len(values) + 1)
        text = f"UPDATE {self.name(table)} SET {changes}{where}"
        return text, (*[clean(value) for value in values.values()], *key_values)

    def delete(self, table: str, keys: Sequence[Key]) -> Statement:
        """Remove the rows that match all keys."""
        where, values = self._where(keys, 1)
        return f"DELETE FROM {self.name(table)}{where}", values

    def statements(self, operation: Operation) -> list[Statement]:
        """What an operation needs; of two statements the second one counts where the first one changed nothing."""
        if isinstance(operation, Insert):
            return [self.insert(operation.table, operation.values)]
        if isinstance(operation, Update):
            return [self.update(operation.table, operation.keys, operation.values)]
        if isinstance(operation, Delete):
            return [self.delete(operation.table, operation.keys)]
        return [self._change(operation), self.insert(operation.table, operation.values)]

    def _change(self, operation: Replace) -> Statement:
        keys: list[Key] = [(name, operation.values[name]) for name in operation.unique]
        others = {name: value for name, value in operation.values.items() if name not in operation.unique}
        return self.update(operation.table, keys, others or operation.values)

    def _where(self, keys: Sequence[Key], first: int) -> tuple[str, tuple[Value, ...]]:
        parts: list[str] = []
        values: list[Value] = []
        for key in keys:
            column, operator, value = key_parts(key)
            if value is None:
                parts.append(f"{self.name(column)} IS {'NOT ' if operator == '<>' else ''}NULL")
                continue
            mark = self.marks(first + len(values), 1)[0]
            parts.append(f"{self.name(column)} {operator.upper()} {mark}")
            values.append(clean(value))
        return (" WHERE " + " AND ".join(parts) if parts else ""), tuple(values)
