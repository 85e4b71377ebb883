"""The parameters of db_flatstore, and rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.db.databases import databases
from siprouter.db.flat import FlatDatabase
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

CHARACTERS = ("field_delimiter", "record_delimiter", "escape_char")


class DbFlatstore:
    """Sets the options of the driver, and closes its files when told."""

    flush: int
    field_delimiter: str
    record_delimiter: str
    escape_char: str
    file_suffix: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        for name in CHARACTERS:
            if len(getattr(self, name)) != 1:
                raise OperatorError(f"db_flatstore: {name} must be one character, found '{getattr(self, name)}'")
        if "/" in self.file_suffix or "\0" in self.file_suffix:
            raise OperatorError(f"db_flatstore: file_suffix must not hold a slash, found '{self.file_suffix}'")
        options = databases(self.worker).driver_options("flatstore")
        options.flush = bool(self.flush)
        options.delimiter = self.field_delimiter
        options.record_end = self.record_delimiter
        options.escape = self.escape_char
        options.suffix = self.file_suffix

    def rotate(self, call: Any) -> None:
        """RPC flatstore.rotate"""
        self.close_files()

    def rotate_mi(self) -> None:
        """MI flat_rotate"""
        self.close_files()

    def close_files(self) -> None:
        """The next row of each table opens its file anew."""
        for database in databases(self.worker).all("flatstore"):
            if isinstance(database, FlatDatabase):
                database.rotate()
