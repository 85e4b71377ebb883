"""Conversions of script values."""

import pytest

from siprouter.core.values import str_to_int, to_int, to_text, wrap_int


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("+7", 7),
        ("0x1f", 31),
        ("", None),
        ("-", None),
        (" 1", None),
        ("1a", None),
        ("0x", None),
        ("0x1_f", None),
        ("٣", None),
        ("1" * 30, None),
    ],
)
def test_str_to_int(text: str, expected: int | None) -> None:
    assert str_to_int(text) == expected


def test_integers_are_32_bit() -> None:
    assert wrap_int(2**31) == -(2**31)
    assert wrap_int(2**32 + 5) == 5
    assert str_to_int("4294967295") == -1


def test_null_and_words_count_as_nothing() -> None:
    assert to_int(None) == 0
    assert to_int("abc") == 0
    assert to_text(None) == ""
    assert to_text(3) == "3"
