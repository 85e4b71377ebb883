"""Names of attributes and values, from dictionary files in the usual format ($INCLUDE and VENDOR included)."""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siprouter.util.errors import OperatorError, SourceLocation

BUILT_IN = Path(__file__).with_name("dictionary.sip")
MAX_CODE = 255

# draft-sterman-aaa-sip-00: pseudo attributes 1063 … 1072 are the parts 1 … 10 of Digest-Attributes
DIGEST_ATTRIBUTES = 207
FIRST_DIGEST_PART, LAST_DIGEST_PART = 1063, 1072


@dataclass(frozen=True, slots=True)
class Attribute:
    """`vendor` 0: a standard attribute. `type` is that of the dictionary: string, integer, date, ipaddr …"""

    name: str
    code: int
    vendor: int
    type: str

    @property
    def is_number(self) -> bool:
        """Whether values are 32 bit numbers."""
        return self.type in ("integer", "date")

    @property
    def is_digest_part(self) -> bool:
        """Whether it travels within Digest-Attributes."""
        return not self.vendor and FIRST_DIGEST_PART <= self.code <= LAST_DIGEST_PART

    @property
    def key(self) -> int | tuple[int, int]:
        """What the packets of pyrad call it."""
        return (self.vendor, self.code) if self.vendor else self.code


def need_pyrad() -> None:
    """Raises OperatorError where the package is missing."""
    try:
        import pyrad  # noqa: F401
    except ImportError as error:
        hint = "pip install 'siprouter[radius]'"
        raise OperatorError(f"RADIUS needs the Python package pyrad: {error}", suggestion=hint) from None


class Dictionary:
    """The operator's dictionary; what it lacks is looked up in the one that comes with siprouter. Names in any case."""

    def __init__(self, path: Path | None) -> None:
        """Raises OperatorError where the file cannot be read or understood, or pyrad is missing."""
        need_pyrad()
        self.path = path
        self._levels = [_Names(file) for file in (path, BUILT_IN) if file is not None]
        self.packets = self._levels[0].read
        """the operator's, for the packets of pyrad"""

    def find(self, *names: str) -> Attribute:
        """The attribute of the first of `names` that is known. Raises OperatorError with similar names."""
        for level in self._levels:
            for name in names:
                found = level.attributes.get(name.lower())
                if found is not None:
                    return found
        known = [item.name for level in self._levels for item in level.attributes.values()]
        near = difflib.get_close_matches(names[0], known, 1)
        where = f" in {self.path}" if self.path else ""
        raise OperatorError(f"RADIUS attribute {names[0]} is not defined{where}", suggestion=near[0] if near else "")

    def known(self, name: str) -> Attribute | None:
        """The attribute of this name, None where no dictionary has it."""
        key = name.lower()
        return next((level.attributes[key] for level in self._levels if key in level.attributes), None)

    def value(self, attribute: str, *names: str) -> int:
        """The number of a named value. Raises OperatorError."""
        found = self.known_value(attribute, *names)
        if found is not None:
            return found
        where = f" in {self.path}" if self.path else ""
        raise OperatorError(f"value {names[0]} of RADIUS attribute {attribute} is not defined{where}")

    def known_value(self, attribute: str, *names: str) -> int | None:
        """The number of a named value, None where no dictionary has it."""
        for level in self._levels:
            for name in names:
                found = level.values.get((attribute.lower(), name.lower()))
                if found is not None:
                    return found
        return None


class _Names:
    """What one dictionary (with what it includes) defines, by names in lower case."""

    def __init__(self, path: Path) -> None:
        self.read = _read(path)
        self.attributes: dict[str, Attribute] = {}
        self.values: dict[tuple[str, str], int] = {}
        for name, item in self.read.attributes.items():
            vendor = self.read.vendors.GetForward(item.vendor) if item.vendor else 0
            if item.is_sub_attribute:
                continue
            self.attributes[name.lower()] = Attribute(name, item.code, vendor, item.type)
            if item.type in ("integer", "date"):
                for value, data in item.values.forward.items():
                    self.values[name.lower(), value.lower()] = int.from_bytes(data, "big")


def _read(path: Path) -> Any:
    from pyrad.dictionary import Dictionary as PyradDictionary
    from pyrad.dictionary import ParseError

    # what pyrad skips (types that no SIP server sends) is no concern of the operator
    logging.getLogger("pyrad").addHandler(logging.NullHandler())
    try:
        return PyradDictionary(str(path))
    except OSError as error:
        name = error.filename or path
        raise OperatorError(f"the RADIUS dictionary {name} cannot be read: {error.strerror}") from None
    except ParseError as error:
        # pyrad names the file that is wrong without its folder
        file = str(path) if error.file in ("", path.name) else error.file
        place = SourceLocation(file, max(error.line, 0), 1)
        raise OperatorError(f"RADIUS dictionary: {error.msg}", place) from None
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise OperatorError(f"the RADIUS dictionary {path} is not understood: {error}") from None
