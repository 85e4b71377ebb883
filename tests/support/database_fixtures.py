"""Fixtures of database servers: imported by the conftest files of folders that want them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import MariaDb, Postgres, mariadb, postgres
from tests.support.ports import Ports


@pytest.fixture(scope="session")
def postgres_server(ports: Ports) -> Iterator[Postgres]:
    with postgres(ports) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server(ports: Ports) -> Iterator[MariaDb]:
    with mariadb(ports) as server:
        yield server
