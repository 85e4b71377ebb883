"""db_flatstore: new rows as lines at the end of files, one file for each table and process. Nothing can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TextIO

from siprouter.db.errors import DbRefusedError, DbUnavailableError
from siprouter.db.interface import PAGE, Database
from siprouter.db.operations import Insert, Key, Operation, check_identifier
from siprouter.db.options import DriverOptions
from siprouter.db.url import DbUrl
from siprouter.db.values import Row, Value, to_epoch, to_text

ONLY_INSERT = "flatstore takes new rows only"


class FlatDatabase(Database):
    """Files `<table>_<process><suffix>` in one directory. `rotate` makes the next row open them anew."""

    immediate = True
    can_query = False

    def __init__(self, url: DbUrl, options: DriverOptions, process: int) -> None:
        super().__init__(url)
        self.folder = Path(url.database)
        self.options = options
        self.process = process
        self._files: dict[str, TextIO] = {}

    def _file(self, table: str) -> TextIO:
        found = self._files.get(table)
        if found is None:
            path = self.folder / f"{check_identifier(table)}_{self.process}{self.options.suffix}"
            try:
                found = path.open("a", encoding="utf-8", errors="surrogateescape", newline="")
            except OSError as error:
                raise DbUnavailableError(f"{path}: {error.strerror}") from None
            self._files[table] = found
        return found

    async def apply(self, operations: Sequence[Operation]) -> int:
        lines: dict[str, list[str]] = {}
        for operation in operations:
            if not isinstance(operation, Insert):
                raise DbRefusedError(ONLY_INSERT)
            lines.setdefault(operation.table, []).append(self.line(list(operation.values.values())))
        for table, rows in lines.items():
            file = self._file(table)
            try:
                file.write("".join(rows))
                if self.options.flush:
                    file.flush()
            except OSError as error:
                del self._files[table]
                raise DbUnavailableError(f"{file.name}: {error.strerror}") from None
        return len(operations)

    def line(self, values: Sequence[Value]) -> str:
        """One row; delimiters within values are escaped."""
        options = self.options
        return options.delimiter.join([self._field(value) for value in values]) + options.record_end

    def _field(self, value: Value) -> str:
        if isinstance(value, float):
            return f"{value:f}"
        if hasattr(value, "timestamp"):
            return str(to_epoch(value))
        text, escape = to_text(value), self.options.escape
        if not escape:
            return text
        for special in dict.fromkeys((escape, self.options.delimiter, self.options.record_end)):
            text = text.replace(special, escape + special)
        return text

    def rotate(self) -> None:
        """Close all files; the next row opens them again under their names."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    close = rotate

    async def query(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", limit: int = 0
    ) -> list[Row]:
        raise DbRefusedError(ONLY_INSERT)

    async def count(self, table: str, keys: Sequence[Key] = ()) -> int:
        raise DbRefusedError(ONLY_INSERT)

    def pages(
        self, table: str, keys: Sequence[Key] = (), columns: Sequence[str] = (), order: str = "", size: int = PAGE
    ) -> AsyncIterator[list[Row]]:
        raise DbRefusedError(ONLY_INSERT)

    async def raw(self, statement: str, values: Sequence[Value] = ()) -> tuple[list[str], list[Row]]:
        raise DbRefusedError(ONLY_INSERT)

    async def widths(self, table: str) -> dict[str, int]:
        return {}

    async def tables(self) -> list[str]:
        return []
