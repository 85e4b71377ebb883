"""The files of db_text: a line of column definitions, then one line a row, fields between colons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from siprouter.db.errors import DbRefusedError
from siprouter.db.values import Row, Value, to_epoch, to_text

INT = "int"
DOUBLE = "double"
STR = "str"
STRING = "string"
BLOB = "blob"
TIME = "time"
TEXTS = (STR, STRING, BLOB)

MAX_COLUMNS = 256
_DEFINITION = re.compile(r"([^\s(]+)\s*\(\s*([A-Za-z]+)\s*(?:,\s*([A-Za-z]+)[^)]*)?\)\Z")
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", ":": ":", "0": "\0"}
_ESCAPES = str.maketrans({char: "\\" + letter for letter, char in _UNESCAPED.items()})


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `auto`: an integer that counts up by itself."""

    name: str
    kind: str
    null: bool = False
    auto: bool = False

    def convert(self, value: Value) -> Value:
        """A value as the column keeps it. Raises DbRefusedError."""
        try:
            if value is None:
                return None if self.null or self.auto else self.empty
            if self.kind in (INT, TIME):
                if isinstance(value, str) and not value.strip("-0123456789"):
                    return int(value)
                return to_epoch(value)
            if self.kind == DOUBLE:
                return float(to_text(value))
        except ValueError:
            raise DbRefusedError(f"column {self.name} takes {self.kind} values only") from None
        return to_text(value)

    @property
    def empty(self) -> Value:
        """What stands for no value where the column takes no null."""
        if self.kind in TEXTS:
            return ""
        return 0.0 if self.kind == DOUBLE else 0

    def definition(self) -> str:
        """As the first line has it."""
        return f"{self.name}({self.kind}{',auto' if self.auto else ',null' if self.null else ''})"

    def read(self, text: str) -> Value:
        """A field of the file. Raises ValueError."""
        if self.kind in TEXTS:
            return _unescape(text) if text else (None if self.null else "")
        if not text:
            return None if self.null else self.empty
        return float(text) if self.kind == DOUBLE else int(text)

    def write(self, value: Value) -> str:
        """A field for the file."""
        if value is None:
            return ""
        if self.kind == DOUBLE:
            return f"{float(to_text(value)):.2f}"
        if isinstance(value, datetime):
            value = to_epoch(value)
        return to_text(value).translate(_ESCAPES)


@dataclass(slots=True)
class TextTable:
    """The contents of one file."""

    columns: list[Column]
    rows: list[Row] = field(default_factory=list)
    next_auto: int = 1

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [column.name for column in self.columns]

    def index(self, name: str) -> int:
        """The place of a column. Raises DbRefusedError."""
        for index, column in enumerate(self.columns):
            if column.name == name:
                return index
        raise DbRefusedError(f"no such column: {name[:64]}")

    def note_auto(self, row: Row) -> None:
        """Count on from the highest number."""
        for column, value in zip(self.columns, row, strict=True):
            if column.auto and isinstance(value, int):
                self.next_auto = max(self.next_auto, value + 1)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    parts: list[str] = []
    chars = iter(text)
    for char in chars:
        if char == "\\":
            char = _UNESCAPED.get(next(chars, ""), "")
            if not char:
                raise ValueError("unknown escape")
        parts.append(char)
    return "".join(parts)


def parse_columns(line: str) -> list[Column]:
    """The first line of a file. Raises DbRefusedError."""
    columns = []
    for word in re.findall(r"[^\s(]+\s*\([^)]*\)|\S+", line):
        match = _DEFINITION.match(word)
        if match is None:
            raise DbRefusedError(f"no definition of a column: {word[:64]}")
        name, letters, attribute = match.groups()
        columns.append(_column(name, letters.lower(), (attribute or "").lower()))
    if not columns or len(columns) > MAX_COLUMNS:
        raise DbRefusedError(f"{len(columns)} columns, between 1 and {MAX_COLUMNS} make a table")
    return columns


def _column(name: str, letters: str, attribute: str) -> Column:
    kinds = {"i": INT, "d": DOUBLE, "b": BLOB, "t": TIME, "s": STRING if "i" in letters else STR}
    kind = kinds.get(letters[0])
    if kind is None:
        raise DbRefusedError(f"column {name[:64]} has the unknown type {letters[:16]}")
    if attribute and attribute[0] not in "na":
        raise DbRefusedError(f"column {name[:64]} has the unknown attribute {attribute[:16]}")
    return Column(name, kind, attribute[:1] == "n", attribute[:1] == "a" and kind == INT)


def parse_table(text: str) -> TextTable:
    """A file. Raises DbRefusedError, which names the line."""
    lines = text.split("\n")
    table = TextTable(parse_columns(lines[0]))
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        fields = _split(line)
        if len(fields) != len(table.columns):
            raise DbRefusedError(f"line {number} has {len(fields)} fields, {len(table.columns)} are needed")
        try:
            row = tuple([column.read(field) for column, field in zip(table.columns, fields, strict=True)])
        except ValueError as error:
            raise DbRefusedError(f"line {number}: {error}") from None
        table.note_auto(row)
        table.rows.append(row)
    return table


def _split(line: str) -> list[str]:
    """The fields of a line, still escaped."""
    if "\\" not in line:
        return line.split(":")
    fields, start, pos = [], 0, 0
    while pos < len(line):
        if line[pos] == "\\":
            pos += 1
        elif line[pos] == ":":
            fields.append(line[start:pos])
            start = pos + 1
        pos += 1
    return [*fields, line[start:]]


def build_row(table: TextTable, row: Row) -> str:
    """One line of a file."""
    return ":".join([column.write(value) for column, value in zip(table.columns, row, strict=True)]) + "\n"


def build_table(table: TextTable) -> str:
    """A whole file."""
    head = " ".join(column.definition() for column in table.columns)
    return head + "\n" + "".join([build_row(table, row) for row in table.rows])
