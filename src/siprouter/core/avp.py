"""Attribute-value pairs: lists of values by name that live as long as the transaction, and extended ones (XAVP)."""

from __future__ import annotations

from siprouter.core.values import Value

TRACK_FROM = 0
TRACK_TO = 8
CLASS_URI = 1
CLASS_USER = 2
CLASS_DOMAIN = 3
CLASS_GLOBAL = 4
# the class that names without a prefix belong to: per-URI attributes of the From track
DEFAULT_CLASS = TRACK_FROM | CLASS_URI

AvpName = str | int
AvpKey = tuple[int, AvpName]
XavpFields = dict[str, list[Value]]
XavpValue = Value | XavpFields
"""a value of an extended AVP: a plain one, or named lists of plain ones"""


class AvpStore:
    """Values by (track and class, name); the newest value of a name is index 0."""

    __slots__ = ("flags", "lists", "saved", "xavps")

    def __init__(self) -> None:
        self.lists: dict[AvpKey, list[Value]] = {}
        self.flags: dict[AvpKey, int] = {}
        self.saved: dict[AvpKey, list[Value]] = {}
        """values that came from a database, or are already in it"""
        self.xavps: dict[str, list[XavpValue]] = {}

    def add(self, name: AvpName, value: Value, klass: int = DEFAULT_CLASS) -> None:
        """Put `value` on top of the values of `name`."""
        self.lists.setdefault((klass, name), []).insert(0, value)

    def replace(self, name: AvpName, value: Value, klass: int = DEFAULT_CLASS) -> None:
        """Set the newest value of `name`, or add the first one."""
        values = self.lists.get((klass, name))
        if values:
            values[0] = value
        else:
            self.lists[(klass, name)] = [value]

    def get(self, name: AvpName, index: int = 0, klass: int = DEFAULT_CLASS) -> Value:
        """Value number `index` (negative: from the oldest), or None."""
        values = self.lists.get((klass, name))
        if values and -len(values) <= index < len(values):
            return values[index]
        return None

    def all(self, name: AvpName, klass: int = DEFAULT_CLASS) -> list[Value]:
        """All values of `name`, newest first."""
        return self.lists.get((klass, name), [])

    def delete(self, name: AvpName, klass: int = DEFAULT_CLASS) -> bool:
        """Remove the newest value; whether there was one."""
        values = self.lists.get((klass, name))
        if not values:
            return False
        del values[0]
        if not values:
            self.delete_all(name, klass)
        return True

    def delete_at(self, name: AvpName, index: int, klass: int = DEFAULT_CLASS) -> bool:
        """Remove value number `index`; whether there was one."""
        values = self.lists.get((klass, name))
        if not values or not -len(values) <= index < len(values):
            return False
        del values[index]
        if not values:
            self.delete_all(name, klass)
        return True

    def delete_all(self, name: AvpName, klass: int = DEFAULT_CLASS) -> bool:
        """Remove all values and flags of `name`; whether there were any."""
        self.flags.pop((klass, name), None)
        return self.lists.pop((klass, name), None) is not None

    def clear_class(self, klass: int) -> None:
        """Remove every attribute of a class."""
        for key in [key for key in self.lists if key[0] == klass]:
            del self.lists[key]
            self.flags.pop(key, None)

    def names(self) -> list[AvpKey]:
        """Keys of all attributes."""
        return list(self.lists)

    def __len__(self) -> int:
        return len(self.lists)
