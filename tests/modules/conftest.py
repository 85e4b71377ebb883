"""What the tests of several modules need; those of modules that keep state run once for each backend of state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siprouter.state.factory import KINDS
from siprouter.testing import Node
from tests.support.sqlite import Sqlite
from tests.support.states import backend

KEEPERS = {
    "cfgutils",
    "counters",
    "htable",
    "nathelper",
    "nathelper_s",
    "pv",
    "registrar",
    "registrar_s",
    "siputils",
    "statistics",
    "test_location.py",
    "test_location_s.py",
    "usrloc",
    "usrloc_s",
}
"""folders and files with tests of modules that keep state"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.definition.path
    if path.name in KEEPERS or path.parent.name in KEEPERS:
        metafunc.fixturenames.append("state_kind")
        metafunc.parametrize("state_kind", KINDS, indirect=True)


@pytest.fixture
def state_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The backend that workers and nodes of this test have."""
    monkeypatch.setattr(Node, "usual_state", request.param)
    with backend(request.param):
        yield request.param


@pytest.fixture
def sqlite(tmp_path: Path) -> Sqlite:
    """A SQLite database with all tables."""
    return Sqlite(tmp_path / "sip.db")
