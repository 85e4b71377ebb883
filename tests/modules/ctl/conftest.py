"""Free ports."""

import pytest

from tests.support.ports import Ports


@pytest.fixture
def free_tcp_port(ports: Ports) -> int:
    return ports.take()
