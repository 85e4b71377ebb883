"""Masking of octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siprouter.modules.topoh.mask import MAX_MASKED, PLAIN, Mask, shuffle

MASK = Mask(b"secret")


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40))
def test_there_and_back(data: bytes, key: bytes) -> None:
    mask = Mask(key)
    masked = mask.mask(data)
    assert (mask.unmask(masked) if data else masked) == data


@given(st.binary(max_size=60))
def test_whatever_is_no_masked_value_is_refused(data: bytes) -> None:
    try:
        clear = MASK.unmask(data)
    except ValueError:
        return
    assert MASK.mask(clear) == data


@pytest.mark.parametrize(
    "data",
    [b"", b"*", b"****", b"A", b"AB", b"ABC", b"A***", b"AB*C", b"AAAA*", b"AA\r\n", b"AA=="],
)
def test_bad_values(data: bytes) -> None:
    with pytest.raises(ValueError, match="not masked"):
        MASK.unmask(data)


def test_bounds() -> None:
    assert MASK.unmask(b"A" * MAX_MASKED)
    with pytest.raises(ValueError, match="not masked"):
        MASK.unmask(b"A" * (MAX_MASKED + 4))
    with pytest.raises(ValueError, match="empty"):
        Mask(b"")


def test_alphabets() -> None:
    assert sorted(shuffle(b"secret")) == sorted(PLAIN)
    assert shuffle(b"secret") != shuffle(b"Secret")


def test_another_key_reads_something_else() -> None:
    masked = MASK.mask(b"sip:alice@10.0.0.1:5060")
    try:
        assert Mask(b"other").unmask(masked) != b"sip:alice@10.0.0.1:5060"
    except ValueError:
        pass
