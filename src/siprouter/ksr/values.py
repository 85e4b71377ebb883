"""Values of a host language as script values, and the error for what cannot be called."""

from __future__ import annotations

from siprouter.core.values import Value, wrap_int
from siprouter.util.errors import OperatorError
from siprouter.util.text import to_str

HostValue = str | int | float | bytes | None


class CallError(OperatorError):
    """A call that a script got wrong: no such function or variable, or arguments it cannot take."""


def to_value(value: object) -> Value:
    """`value` as the script has it: bytes as text, truth values and whole floats as integers of 32 bits."""
    kind = value.__class__
    if kind is str or value is None:
        return value  # type: ignore[return-value]
    if isinstance(value, int):
        return wrap_int(int(value))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return to_str(bytes(value))
    if isinstance(value, float) and value.is_integer():
        return wrap_int(int(value))
    raise CallError(f"str, int, bytes or None is needed, not {kind.__name__}")
