"""What the tests of the debug adapter share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siprouter.testing import Node
from tests.debug.client import CONFIG


@pytest.fixture
def node() -> Iterator[Node]:
    with Node(CONFIG) as running:
        yield running
