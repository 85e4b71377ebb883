"""Free ports."""

import pytest

from tests.support.ports import Ports


@pytest.fixture
def free_tcp_port() -> int:
    return Ports().take()
