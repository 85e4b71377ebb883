"""Nonces: what they say, and that nobody else can make or change one."""

from __future__ import annotations

import base64

import pytest

from siprouter.modules.auth.nonce import FORGED, LENGTH, MOVED, NUMBERED, STALE, TEXT_LENGTHS, VALID, Nonces

NONCES = Nonces(b"secret", 1000.5, 3)


@pytest.mark.parametrize(
    ("when", "state"),
    [(2000, VALID), (2299.9, VALID), (2300, VALID), (2300.5, STALE), (9999, STALE), (1997, VALID), (1996.5, STALE)],
)
def test_life(when: float, state: int) -> None:
    nonce = NONCES.make(2000.7, 300, None)
    assert NONCES.read(nonce, when, None).state == state


@pytest.mark.parametrize(("made", "state"), [(1000.6, VALID), (1001, VALID), (999.9, STALE)])
def test_nonces_of_an_earlier_run_are_stale(made: float, state: int) -> None:
    assert NONCES.read(NONCES.make(made, 300, None), 1001.0, None).state == state


def test_number_and_pool_come_back() -> None:
    found = NONCES.read(NONCES.make(2000, 300, None, 0xFFFFFFFF, 7), 2000, None)
    assert (found.state, found.number, found.pool, found.numbered) == (VALID, 0xFFFFFFFF, 7, True)
    assert not NONCES.read(NONCES.make(2000, 300, None), 2000, None).numbered


def test_extra_checks() -> None:
    nonce = NONCES.make(2000, 300, b"call 1")
    assert NONCES.read(nonce, 2000, b"call 1").state == VALID
    assert NONCES.read(nonce, 2000, b"call 2").state == MOVED
    assert NONCES.read(nonce, 9000, b"call 2").state == STALE
    # one that was made for a kind of request without checks has none to compare
    assert NONCES.read(NONCES.make(2000, 300, None), 2000, b"call 1").state == MOVED
    assert NONCES.read(nonce, 2000, None).state == VALID


def test_the_second_seal_belongs_to_its_nonce() -> None:
    first = base64.b64decode(NONCES.make(2000, 300, b"call 1", 1))
    second = base64.b64decode(NONCES.make(2000, 300, b"call 2", 2))
    mixed = base64.b64encode(first[:LENGTH] + second[LENGTH:]).decode()
    assert NONCES.read(mixed, 2000, b"call 2").state == MOVED


@pytest.mark.parametrize("checked", [None, b"x"])
def test_each_octet_counts(checked: bytes | None) -> None:
    data = base64.b64decode(NONCES.make(2000, 300, checked, 5))
    for at in range(len(data)):
        for bit in (1, 128):
            changed = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            assert NONCES.read(base64.b64encode(changed).decode(), 2000, checked).state in (FORGED, MOVED)


@pytest.mark.parametrize(
    "nonce",
    ["", "x", "A" * 24, "A" * 40, "A" * TEXT_LENGTHS[0], "A" * TEXT_LENGTHS[1], "é" * TEXT_LENGTHS[0], "A" * 10_000,
     "=" * TEXT_LENGTHS[0], " " * TEXT_LENGTHS[0]],
    ids=lambda nonce: f"{nonce[:1]}{len(nonce)}",
)  # fmt: skip
def test_forged(nonce: str) -> None:
    assert NONCES.read(nonce, 2000, None).state == FORGED


def test_another_secret() -> None:
    other = Nonces(b"Secret", 1000.5, 3)
    assert other.read(NONCES.make(2000, 300, None), 2000, None).state == FORGED
    assert Nonces(b"secret", 0, 3).read(NONCES.make(2000, 300, None), 2000, None).state == VALID


def test_lengths_are_those_that_are_made() -> None:
    assert len(NONCES.make(2000, 300, None)) == TEXT_LENGTHS[0]
    assert len(NONCES.make(2000, 300, b"", 1, NUMBERED - 1)) == TEXT_LENGTHS[1]
