"""Every test ends with an empty table and no timer."""

import pytest

from tests.transaction.kit import World


@pytest.fixture
def world():
    made = World()
    yield made
    made.finish()
