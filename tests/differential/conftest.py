"""The two routers, started once for all cases, with the same script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import need
from tests.support.routers import ROUTERS, Kamailio, Router

CONFIG = Path(__file__).parent / "configs" / "proxy.cfg"


@pytest.fixture(scope="session")
def kamailio(tmp_path_factory: pytest.TempPathFactory, ports: Ports) -> Iterator[Router]:
    need("kamailio")
    with Kamailio(CONFIG.read_text(), tmp_path_factory.mktemp("kamailio"), ports) as router:
        yield router


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, ports: Ports) -> Iterator[Router]:
    """The router under test: siprouter, or what ``--router`` names."""
    kind = ROUTERS[pytestconfig.getoption("router")]
    with kind(CONFIG.read_text(), tmp_path_factory.mktemp("subject"), ports) as router:
        yield router
