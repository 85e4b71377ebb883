"""What the tests of the RADIUS client share."""

from __future__ import annotations

import pytest

from siprouter.util.log import L_DBG, Log, Record


@pytest.fixture
def records() -> list[Record]:
    return []


@pytest.fixture
def log(records: list[Record]) -> Log:
    return Log(records.append, L_DBG)
