"""What `storage` has to know about the tables that it keeps bindings in: those of the two flavours differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from siprouter.db.operations import Delete, Key, Operation, Replace
from siprouter.db.values import Row, Value, cut, to_text
from siprouter.modules.usrloc.contact import Contact

NO_LIMIT = 1 << 30


class RowKind(ABC):
    """Bindings as rows of one kind of table, and back."""

    version: ClassVar[int | None]
    """what table `version` has to say; None: nothing"""
    memory_only: ClassVar[int]
    """storage flag of contacts that no database gets"""
    hint: ClassVar[str] = ""
    """what to tell where a table cannot be loaded"""
    matching_mode: int
    """MATCH_CONTACT …: what tells one binding of a user from another"""

    @property
    @abstractmethod
    def newest_first(self) -> str:
        """The column by which rows are read where the newest contact is to be the first."""

    @property
    @abstractmethod
    def wanted(self) -> list[str]:
        """The columns that `read` takes, in this order."""

    @abstractmethod
    def account(self, aor: str) -> dict[str, Value]:
        """The columns that hold the key of the bindings of a user."""

    @abstractmethod
    def unique(self) -> list[str]:
        """The columns that one binding differs in from another."""

    @abstractmethod
    def vital(self) -> list[str]:
        """The columns that a binding is of no use without, or with a part of."""

    @abstractmethod
    def row(self, aor: str, contact: Contact) -> dict[str, Value]:
        """All columns of a binding."""

    @abstractmethod
    def read(self, row: Row) -> tuple[str, Contact]:
        """(key, binding) of a row that has the columns `wanted`. Raises ValueError."""

    @abstractmethod
    def compare(self, kept: Contact, stored: Contact) -> int:
        """Which of two states of a binding is the later one: 1 that of the memory, -1 that of the row, 0 the same."""

    def fits(self, row: dict[str, Value], widths: dict[str, int]) -> bool:
        """Whether nothing would be cut off that a binding is of no use without."""
        return all(len(to_text(row.get(name))) <= widths.get(name, NO_LIMIT) for name in self.vital())

    def trim(self, table: str, row: dict[str, Value], widths: dict[str, int]) -> dict[str, Value]:
        """`row` without what its columns are too narrow for."""
        return cut(row, widths)

    def operation(
        self, table: str, aor: str, contact: Contact, removed: bool, widths: dict[str, int]
    ) -> Operation | None:
        """What brings the row of a binding up to date; done twice it does no harm. None: it cannot be stored."""
        row = self.row(aor, contact)
        if not self.fits(row, widths):
            return None
        row = self.trim(table, row, widths)
        if removed:
            keys: list[Key] = [(name, row[name]) for name in self.unique()]
            return Delete(table, keys)
        return Replace(table, row, self.unique())
