"""Values as octets, and back: what the shared backend keeps of a value.

Python's marshal in its second format: exact for all plain values (text with any octet in it included), the same octets
for equal values, and no package needed. Objects of a record class are kept as their rows: one object as its row, a
tuple of them as a list of rows.
"""

from __future__ import annotations

import marshal
from typing import Any

from siprouter.state.local import is_plain

FORMAT = 2
_dumps = marshal.dumps
_loads = marshal.loads


def encode(name: str, value: Any, record: type | None) -> bytes:
    """`value` for table `name`. Raises TypeError for what such a table cannot hold."""
    if record is None:
        if not is_plain(value):
            raise TypeError(f"table {name} cannot hold {type(value).__name__}")
        return _dumps(value, FORMAT)
    if not isinstance(value, tuple):
        _check(name, value, record)
        return _dumps(value.to_row(), FORMAT)
    rows = []
    for item in value:
        _check(name, item, record)
        rows.append(item.to_row())
    return _dumps(rows, FORMAT)


def _check(name: str, item: Any, record: type) -> None:
    if not isinstance(item, record):
        raise TypeError(f"table {name} holds {record.__name__}, not {type(item).__name__}")


def decode(data: Any, record: type | None) -> Any:
    """The value that `encode` made octets of. Raises TypeError where the rows are those of another class."""
    value = _loads(data)
    if record is None:
        return value
    if isinstance(value, list):
        return tuple([record(*row) for row in value])
    return record(*value)
