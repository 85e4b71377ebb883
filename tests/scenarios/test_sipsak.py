"""sipsak's requests against the default configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import Process, need
from tests.support.routers import Router

pytestmark = pytest.mark.scenario


def sipsak(folder: Path, *arguments: str) -> int:
    need("sipsak")
    with Process(["sipsak", "-vv", *arguments], folder) as process:
        return process.wait(20)


def test_register(router: Router, tmp_path: Path, ports: Ports) -> None:
    contact = f"sip:carol@127.0.0.1:{ports.take()}"
    assert sipsak(tmp_path, "-U", "-C", contact, "-s", f"sip:carol@127.0.0.1:{router.port}", "-x", "60") == 0


def test_unknown_user(router: Router, tmp_path: Path) -> None:
    """sipsak ends with 1 on a negative reply."""
    assert sipsak(tmp_path, "-s", f"sip:nobody@127.0.0.1:{router.port}") == 1
