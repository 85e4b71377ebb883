"""Script values: `str`, `int`, and `None` for null; conversions as SIP Router 3.1 does them."""

from __future__ import annotations

Value = str | int | None

INT_MIN = -(2**31)
INT_MAX = 2**31 - 1
_UINT_RANGE = 2**32


def wrap_int(number: int) -> int:
    """`number` folded into a signed 32-bit integer, the script's integer type."""
    if INT_MIN <= number <= INT_MAX:
        return number
    return (number + 2**31) % _UINT_RANGE - 2**31


def str_to_int(text: str) -> int | None:
    """The decimal or 0x… integer that `text` spells out entirely, or None. Surrounding blanks are not allowed."""
    digits = text[1:] if text[:1] in "+-" and text else text
    if not digits or len(digits) > 20:
        return None
    if digits.isascii() and digits.isdigit():
        number = int(digits)
    elif digits[:2] in ("0x", "0X"):
        try:
            number = int(digits[2:], 16)
        except ValueError:
            return None
        if "_" in digits:
            return None
    else:
        return None
    return wrap_int(-number if text[0] == "-" else number)


def to_int(value: Value) -> int:
    """Integer value in an expression: null and non-numeric strings count as 0."""
    if value.__class__ is int:
        return value
    if value is None:
        return 0
    number = str_to_int(value) if isinstance(value, str) else int(value)
    return 0 if number is None else number


def to_text(value: Value) -> str:
    """String value in an expression: null is the empty string."""
    if value.__class__ is str:
        return value
    return "" if value is None else str(value)


def is_null(value: Value) -> bool:
    """Whether `value` is null."""
    return value is None
