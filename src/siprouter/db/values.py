"""Values on their way to a database and back: text that every database takes, and times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from siprouter.util.text import to_bytes

Value = None | int | float | str | bytes | datetime
"""a value of a row: times are `datetime`s without a zone, in local time as 3.1 stores them"""

Row = tuple[Any, ...]

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def clean(value: Value) -> Value:
    """`value` as every database can store it.

    Octets that are no UTF-8 (lone surrogates) and NUL, which no text column takes, become U+FFFD.
    """
    if isinstance(value, str):
        if "\0" in value:
            value = value.replace("\0", REPLACEMENT)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                return to_bytes(value).decode("utf-8", "replace")
    return value


def from_epoch(seconds: float) -> datetime:
    """Seconds since 1970 as what time columns hold: local time, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).astimezone().replace(tzinfo=None)


def to_epoch(value: object) -> int:
    """The time in a column, whatever the database gives for it, as seconds since 1970; 0 for none.

    Raises ValueError for what is no time.
    """
    if value is None:
        return 0
    if isinstance(value, (int, float)):
        return int(value)
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError(f"no time: {value!r}")
    return int(value.timestamp())


def to_text(value: object) -> str:
    """A column as text; "" for null, times as `2010-10-11 12:13:14`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, datetime):
        return value.strftime(TIME_FORMAT)
    return str(value)


def cut(values: dict[str, Value], widths: dict[str, int]) -> dict[str, Value]:
    """`values` by column, texts that are longer than their column takes cut off; the same object where all fit."""
    if any(isinstance(value, str) and len(value) > widths.get(name, len(value)) for name, value in values.items()):
        return {
            name: value[: widths.get(name, len(value))] if isinstance(value, str) else value
            for name, value in values.items()
        }
    return values
