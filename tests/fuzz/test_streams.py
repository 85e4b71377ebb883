"""Mutated HTTP requests, WebSocket frames, and what comes before TLS: a bounded number."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.mutate import mutate
from tests.fuzz.secure_checks import SECURE_CHECKS
from tests.fuzz.stream_checks import CHECKS

pytestmark = pytest.mark.fuzz
RUNS = 20_000
ALL = {**CHECKS, **SECURE_CHECKS}


@pytest.mark.parametrize("what", sorted(ALL))
def test_mutated_streams(what: str) -> None:
    make_seeds, check = ALL[what]
    pool = make_seeds()
    rng = random.Random(31)
    for _ in range(RUNS):
        data = mutate(rng.choice(pool), pool, rng)
        try:
            check(data, rng.randint(1, 40))
        except Exception as error:
            error.add_note(repr(data))
            raise
