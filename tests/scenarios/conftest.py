"""The router under test with siprouter's own default configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.database_fixtures import mariadb_server, postgres_server
from tests.support.ports import Ports
from tests.support.routers import ROUTERS, Router

__all__ = ["mariadb_server", "postgres_server"]

CONFIG = Path(__file__).resolve().parents[2] / "etc" / "siprouter.cfg"


def listening(text: str) -> str:
    """The configuration with its addresses limited to 127.0.0.1, and its control socket in the test's folder."""
    lines = ["log_stderror=yes", "listen=udp:127.0.0.1:@PORT@", "listen=tcp:127.0.0.1:@PORT@"]
    text = text.replace("log_stderror=no", "\n".join(lines))
    return text.replace("#!KAMAILIO\n", '#!KAMAILIO\n#!define CTL_SOCKET "unixs:@DIR@/ctl"\n', 1)


@pytest.fixture
def router(pytestconfig: pytest.Config, tmp_path: Path, ports: Ports) -> Iterator[Router]:
    kind = ROUTERS[pytestconfig.getoption("router")]
    with kind(listening(CONFIG.read_text()), tmp_path, ports) as router:
        yield router
