"""What the tests of several modules need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sqlite import Sqlite


@pytest.fixture
def sqlite(tmp_path: Path) -> Sqlite:
    """A SQLite database with all tables."""
    return Sqlite(tmp_path / "sip.db")
